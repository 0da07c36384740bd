import { describe, expect, it } from "vitest";
import { Figures } from "../../../../load/bench/figures.ts";
import { tables } from "../../../../load/bench/tables.ts";
import { figure, flatness, ratio, type Target, targets, verdictOf } from "../../../../load/bench/targets.ts";
import { works } from "../../../../load/bench/works/all.ts";
import { resultsOf, runOf, samplesOf } from "./fixtures.ts";

const target: Target = { title: "t", work: "relay", max: 0.7, unit: "×", digits: 2, read: () => undefined };
const figuresOf = (...samples: ReturnType<typeof samplesOf>[]): Figures =>
  new Figures(new Map([["relay", resultsOf("relay", [runOf("one"), runOf("two")], samples.flat())]]));

describe("targets of the benchmark", () => {
  it("are met up to their limit and not above it, and not run is neither", () => {
    const reading = (value: number) => ({ value, isOneRun: true, foreignCores: 0, detail: "" });
    expect(verdictOf(target, reading(0.7))).toBe("met");
    expect(verdictOf(target, reading(0.701))).toBe("not met");
    expect(verdictOf(target, undefined)).toBe("not run");
  });

  it("compare medians of one case", () => {
    const read = ratio("relay", "a", { contender: "roomgate", value: "x" }, { contender: "haproxy", value: "y" });
    const ours = samplesOf("one", "a", "roomgate", "x", [1, 2, 30]);
    const theirs = samplesOf("one", "a", "haproxy", "y", [4, 4, 4]);
    expect(read(figuresOf(ours, theirs))).toEqual({
      value: 0.5,
      isOneRun: true,
      foreignCores: 0,
      detail: "2.00 : 4.00 µs",
    });
    expect(read(figuresOf(ours))).toBeUndefined();
    expect(read(figuresOf(ours, samplesOf("one", "b", "haproxy", "y", [4])))).toBeUndefined();
  });

  it("say when what they compare is not of one run", () => {
    const read = ratio("relay", "a", { contender: "roomgate", value: "x" }, { contender: "haproxy", value: "x" });
    const figures = figuresOf(samplesOf("one", "a", "roomgate", "x", [1]), samplesOf("two", "a", "haproxy", "x", [2]));
    expect(read(figures)?.isOneRun).toBe(false);
  });

  it("say what others used of the machine in the worst of what they are read from", () => {
    const read = ratio("relay", "a", { contender: "roomgate", value: "x" }, { contender: "haproxy", value: "x" });
    const of = (contender: string, cores: number) => [
      ...samplesOf("one", "a", contender, "x", [1]),
      ...samplesOf("one", "a", contender, "foreignCores", [cores]),
    ];
    expect(read(figuresOf(of("roomgate", 0.1), of("haproxy", 0.7)))?.foreignCores).toBe(0.7);
  });

  it("take the dearest beside the cheapest only when all cases were measured", () => {
    const read = flatness("relay", ["a", "b"], "roomgate", "x");
    const a = samplesOf("one", "a", "roomgate", "x", [2]);
    expect(read(figuresOf(a))).toBeUndefined();
    expect(read(figuresOf(a, samplesOf("one", "b", "roomgate", "x", [3])))?.value).toBe(1.5);
  });

  it("show a figure of ours in their own unit", () => {
    const read = figure("relay", "a", "roomgate", "x", "KB", 1 / 1024);
    expect(read(figuresOf(samplesOf("one", "a", "roomgate", "x", [1024, 3072])))).toEqual({
      value: 2,
      isOneRun: true,
      foreignCores: 0,
      detail: "1 to 3 KB in 2 rounds",
    });
  });

  it("are read from works that there are, each of which has a table", () => {
    const names = works.map(({ name }) => name);
    expect(targets.map(({ work }) => work).filter((work) => !names.includes(work))).toEqual([]);
    expect(tables.map(({ work }) => work).sort()).toEqual([...names].sort());
  });
});
