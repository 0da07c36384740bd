import { describe, expect, it } from "vitest";
import { deriveHashKey, type HashKey, sipHash } from "../../../gateway/cluster/keyed-hash.ts";

/** The key of the paper's appendix: bytes 00 to 0f. */
const paperKey: HashKey = [0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c];

/** Text of the bytes 00, 01, 02, … of this length, as the vectors use it. */
const countingText = (length: number): string => String.fromCharCode(...Array.from({ length }, (_, byte) => byte));

const hexOf = (key: HashKey, text: string): string => {
  const { high, low } = sipHash(key, text);
  return [high, low].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
};

describe("SipHash-2-4", () => {
  it("gives the value of the paper's appendix", () => {
    expect(hexOf(paperKey, countingText(15))).toBe("a129ca6149be45e5");
  });

  it.each([
    [0, "726fdb47dd0e0e31"],
    [1, "74f839c593dc67fd"],
    [2, "0d6c8009d9a94f5a"],
    [3, "85676696d7fb7e2d"],
    [4, "cf2794e0277187b7"],
    [5, "18765564cd99a68d"],
    [6, "cbc9466e58fee3ce"],
    [7, "ab0200f58b01d137"],
    [8, "93f5f5799a932462"],
    [9, "9e0082df0ba9e4b0"],
    [10, "7a5dbbc594ddb9f3"],
    [11, "f4b32f46226bada7"],
    [12, "751e8fbc860ee5fb"],
    [13, "14ea5627c0843d90"],
    [14, "f723ca908e7af2ee"],
  ])("gives the reference implementation's vector of %i bytes", (length, expected) => {
    expect(hexOf(paperKey, countingText(length))).toBe(expected);
  });

  it("refuses text that is not ASCII, wherever it stands", () => {
    for (const text of ["é", "12345678é", "1234567é"]) expect(() => sipHash(paperKey, text)).toThrow(RangeError);
  });
});

describe("deriveHashKey", () => {
  it("is the same for the same secret, and another for another", () => {
    expect(deriveHashKey("secret")).toEqual(deriveHashKey("secret"));
    expect(deriveHashKey("secret")).not.toEqual(deriveHashKey("Secret"));
  });

  it("is frozen: another derivation would move every room", () => {
    expect(deriveHashKey("golden").map((word) => (word >>> 0).toString(16))).toMatchInlineSnapshot(`
      [
        "658805bc",
        "36fa33",
        "1899a524",
        "381994a6",
      ]
    `);
  });
});
