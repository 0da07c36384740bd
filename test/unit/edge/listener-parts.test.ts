import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closeReason } from "../../../gateway/edge/close-reason.ts";
import { headerMapOf } from "../../../gateway/edge/header-map.ts";
import { addressOfBytes, addressOfText } from "../../../gateway/edge/remote-address.ts";

describe("the reason of a close", () => {
  it("is always valid UTF-8, the longest beginning of the text that fits", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 200 });
    fc.assert(
      fc.property(text, (reason) => {
        const bytes = closeReason(reason);
        const cut = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
        expect(bytes.length).toBeLessThanOrEqual(123);
        expect(reason.startsWith(cut)).toBe(true);
        const next = [...reason.slice(cut.length)][0];
        if (next !== undefined) expect(bytes.length + Buffer.byteLength(next)).toBeGreaterThan(123);
      }),
    );
  });
});

describe("a header map", () => {
  const headers = headerMapOf(["Cookie", "a=1", "X-One", "1", "cookie", "b=2", "x-one", "2", "Sec-WebSocket-Key", "k"]);

  it("joins what is repeated and knows names in small letters", () => {
    expect(headers.get("cookie")).toBe("a=1; b=2");
    expect(headers.get("x-one")).toBe("1, 2");
    expect(headers.get("sec-websocket-key")).toBe("k");
    expect(headers.get("constructor")).toBe("");
  });
});

describe("a client's address", () => {
  it.each([
    [[127, 0, 0, 1], "127.0.0.1"],
    [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3], "10.1.2.3"],
    [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "::1"],
    [[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd], "2001:db8::abcd"],
    [[], ""],
  ])("of bytes %j is %s", (bytes, text) => {
    expect(addressOfBytes(Uint8Array.from(bytes))).toBe(text);
  });

  it("is the same where Node wrote it down", () => {
    expect(addressOfText("::ffff:10.1.2.3")).toBe("10.1.2.3");
    expect(addressOfText("2001:db8::abcd")).toBe("2001:db8::abcd");
    expect(addressOfText(undefined)).toBe("");
  });
});
