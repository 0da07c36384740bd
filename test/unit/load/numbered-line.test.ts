import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NumberedLine } from "../../../load/k6/numbered-line.ts";

const arrivalsOf = (line: NumberedLine, numbers: readonly number[]) =>
  numbers.map((number) => line.note(number, number));

describe("a numbered line", () => {
  it("is complete where each number came once and in order", () => {
    const line = new NumberedLine(1);
    expect(arrivalsOf(line, [1, 2, 3])).toEqual(["next", "next", "next"]);
    expect(line.missing(3)).toBe(0);
  });

  it("tells what was skipped, what came late, and what came again", () => {
    const line = new NumberedLine(1);
    expect(arrivalsOf(line, [1, 4, 2, 2, 4, 1])).toEqual(["next", "ahead", "late", "again", "again", "again"]);
    expect(line.missing(4)).toBe(1);
  });

  it("misses the end, and all where nothing came", () => {
    const line = new NumberedLine(1);
    expect(line.missing(5)).toBe(5);
    line.note(1, 0);
    expect(line.missing(5)).toBe(4);
  });

  it("begins with whatever comes where it is listened to from the middle", () => {
    const line = new NumberedLine();
    expect(line.missing(7)).toBe(0);
    expect(arrivalsOf(line, [8, 9, 11])).toEqual(["next", "next", "ahead"]);
    expect(line.missing(11)).toBe(1);
  });

  it("knows what was missing before a time, and takes the end for missing now", () => {
    const line = new NumberedLine(1);
    line.note(3, 100);
    line.note(5, 200);
    expect(line.missing(6, 150, 300)).toBe(2);
    expect(line.missing(6, 250, 300)).toBe(3);
    expect(line.missing(6, 400, 300)).toBe(4);
  });

  it("gives the first few that are missing, also of the end", () => {
    const line = new NumberedLine(1);
    arrivalsOf(line, [1, 4]);
    expect(line.examples(9)).toEqual([2, 3, 5, 6, 7]);
    expect(line.examples(4)).toEqual([2, 3]);
  });

  it("counts, but does not remember, more than it can hold", () => {
    const line = new NumberedLine(1);
    line.note(1_000_001, 0);
    expect(line.missing(1_000_001)).toBe(1_000_000);
  });

  it("accounts for every number of any course", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (numbers) => {
        const line = new NumberedLine(1);
        const arrivals = arrivalsOf(line, numbers);
        const seen = new Set(numbers);
        const highest = Math.max(...numbers);
        expect(line.missing(highest)).toBe(highest - seen.size);
        expect(arrivals.filter((arrival) => arrival === "again")).toHaveLength(numbers.length - seen.size);
        const late = numbers.filter((number, at) => {
          const before = numbers.slice(0, at);
          return !before.includes(number) && before.some((other) => other > number);
        });
        expect(arrivals.filter((arrival) => arrival === "late")).toHaveLength(late.length);
      }),
    );
  });
});
