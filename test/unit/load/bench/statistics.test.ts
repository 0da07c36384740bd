import { describe, expect, it } from "vitest";
import { latencySummary, medianOf, quantileOf, spreadOf } from "../../../../load/bench/statistics.ts";

describe("statistics of the benchmark", () => {
  it("takes the middle value, of an even number the mean of the two in the middle, whatever their order", () => {
    expect(medianOf([9, 1, 5])).toBe(5);
    expect(medianOf([10, 2, 4, 8])).toBe(6);
  });

  it("says how far values lie apart", () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, count: 3 });
  });

  it("gives quantiles that were measured, by nearest rank", () => {
    const hundred = Array.from({ length: 100 }, (_none, index) => 100 - index);
    expect(quantileOf(hundred, 0.5)).toBe(50);
    expect(quantileOf(hundred, 0.99)).toBe(99);
    expect(quantileOf(hundred, 1)).toBe(100);
    expect(quantileOf([7], 0.99)).toBe(7);
    expect(latencySummary([4, 2])).toEqual({ p50Ms: 2, p99Ms: 4, maxMs: 4 });
  });

  it("makes no figure of nothing, or of what is no number", () => {
    expect(() => spreadOf([])).toThrow("no values");
    expect(() => quantileOf([], 0.5)).toThrow("no values");
    expect(() => medianOf([1, Number.NaN])).toThrow("not all are numbers");
  });
});
