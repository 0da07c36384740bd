import { describe, expect, it } from "vitest";
import { fillsBytesOnly, widened } from "../../../load/k6/random-values.ts";

/** As k6 does it. */
const narrow = {
  getRandomValues: <T>(values: T): T => {
    const numbers = values as number[];
    for (let at = 0; at < numbers.length; at += 1) numbers[at] = Math.floor(Math.random() * 256);
    return values;
  },
};

describe("random values for k6", () => {
  it("are filled to their whole width", () => {
    expect(fillsBytesOnly(narrow)).toBe(true);
    expect(fillsBytesOnly(widened(narrow))).toBe(false);
    expect(fillsBytesOnly(globalThis.crypto)).toBe(false);
  });

  it("touch nothing beside the view that is to be filled", () => {
    const buffer = new ArrayBuffer(64);
    const view = new Uint32Array(buffer, 16, 8);
    expect(widened(narrow).getRandomValues(view)).toBe(view);
    const bytes = new Uint8Array(buffer);
    expect([...bytes.subarray(0, 16), ...bytes.subarray(48)].every((byte) => byte === 0)).toBe(true);
    expect(bytes.subarray(16, 48).some((byte) => byte > 0)).toBe(true);
  });
});
