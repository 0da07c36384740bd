import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codec } from "../../../load/k6/text-codec.ts";

const encoder = new codec.Utf8Encoder();
const loose = new codec.Utf8Decoder();
const strict = new codec.Utf8Decoder("utf-8", { fatal: true });
const nodes = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

describe("UTF-8 as k6 has it", () => {
  it("writes what Node writes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(encoder.encode(text)).toEqual(new Uint8Array(new TextEncoder().encode(text)));
      }),
    );
  });

  it("writes the replacement for half a pair", () => {
    expect(encoder.encode("a\ud800b")).toEqual(new Uint8Array(new TextEncoder().encode("a\ud800b")));
  });

  it("reads what Node reads, and refuses what Node refuses", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
        const read = (decoder: { decode(bytes: Uint8Array): string }) => {
          try {
            return decoder.decode(bytes);
          } catch {
            return undefined;
          }
        };
        expect(read(strict)).toEqual(read(nodes));
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads back what it has written, from any view", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const bytes = encoder.encode(`..${text}`);
        expect(strict.decode(new Uint8Array(bytes.buffer, bytes.byteOffset + 2, bytes.length - 2))).toBe(text);
      }),
    );
  });

  it("replaces what is no UTF-8 where it may", () => {
    expect(loose.decode(Uint8Array.of(0x61, 0xff, 0x62))).toBe("a\ufffdb");
    expect(() => strict.decode(Uint8Array.of(0xff))).toThrow(TypeError);
  });
});
