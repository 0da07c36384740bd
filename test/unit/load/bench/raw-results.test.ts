import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mergeResults, readResults, writeResults } from "../../../../load/bench/raw-results.ts";
import { resultsOf, runOf, samplesOf } from "./fixtures.ts";

const one = resultsOf(
  "relay",
  [runOf("one")],
  [...samplesOf("one", "a", "roomgate", "x", [1, 2]), ...samplesOf("one", "b", "roomgate", "x", [3])],
);

describe("raw results", () => {
  it("replaces what was measured again, all its rounds, and keeps the rest with the run that it is of", () => {
    const two = resultsOf("relay", [runOf("two")], samplesOf("two", "a", "roomgate", "x", [9]));
    const merged = mergeResults(one, two);
    expect(merged.samples.map((sample) => [sample.case, sample.run, sample.values["x"]])).toEqual([
      ["b", "one", 3],
      ["a", "two", 9],
    ]);
    expect(merged.runs.map(({ id }) => id)).toEqual(["one", "two"]);
  });

  it("forgets a run of which nothing is left", () => {
    const all = ["a", "b"].flatMap((name) => samplesOf("two", name, "roomgate", "x", [9]));
    expect(mergeResults(one, resultsOf("relay", [runOf("two")], all)).runs.map(({ id }) => id)).toEqual(["two"]);
  });

  it("keeps another contender's figures of the same case", () => {
    const other = resultsOf("relay", [runOf("two")], samplesOf("two", "a", "haproxy", "x", [5]));
    expect(mergeResults(one, other).samples).toHaveLength(4);
  });

  it("comes back from its file as it was, with six digits", () => {
    const folder = mkdtempSync(join(tmpdir(), "roomgate-results-"));
    try {
      expect(readResults(join(folder, "none")).size).toBe(0);
      writeResults(folder, resultsOf("relay", [runOf("one")], samplesOf("one", "a", "roomgate", "x", [1 / 3])));
      expect(readResults(folder).get("relay")?.samples[0]?.values).toEqual({ x: 0.333333 });
      const lines = readFileSync(join(folder, "relay.json"), "utf8").split("\n");
      expect(lines.filter((line) => line.includes('"contender"'))).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
