import fc from "fast-check";
import { expect, test } from "vitest";
import { decodePlain, encodePlain } from "../../../gateway/wire/control-codec.ts";

/** Plain data. Zero has one sign here: MessagePack's integers do not tell -0 from 0. */
const plain: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom(null, true, false),
    fc.double({ noNaN: true }).map((number) => number + 0),
    fc.maxSafeInteger(),
    fc.string({ unit: "grapheme", maxLength: 80 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(
      fc.string({ unit: "grapheme", maxLength: 12 }).filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 18, noNullPrototype: true },
    ),
  ),
})).value;

test("WIRE-4: plain data comes out as it went in", () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(decodePlain(encodePlain(value))).toEqual({ kind: "value", value });
    }),
    { numRuns: 500 },
  );
});

test("WIRE-4: any bytes are plain data or a fault, never an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      const decoded = decodePlain(bytes);
      if (decoded.kind === "value") expect(decodePlain(encodePlain(decoded.value))).toMatchObject({ kind: "value" });
    }),
    { numRuns: 5_000 },
  );
});

test("WIRE-4: bytes with one change are plain data or a fault, never an exception", () => {
  fc.assert(
    fc.property(plain, fc.nat(), fc.nat({ max: 255 }), (value, where, byte) => {
      const bytes = encodePlain(value);
      bytes[where % bytes.length] = byte;
      const decoded = decodePlain(bytes);
      if (decoded.kind === "value") expect(decodePlain(encodePlain(decoded.value))).toMatchObject({ kind: "value" });
    }),
    { numRuns: 2_000 },
  );
});
