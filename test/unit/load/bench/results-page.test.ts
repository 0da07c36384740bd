import { describe, expect, it } from "vitest";
import { Figures } from "../../../../load/bench/figures.ts";
import { spreadCell, targetsTable, writeResultsPage } from "../../../../load/bench/results-page.ts";
import { resultsOf, runOf, samplesOf } from "./fixtures.ts";

const titles = new Map([
  ["roomgate", "Roomgate"],
  ["haproxy", "HAProxy"],
  ["nginx", "nginx"],
]);
const missing = { nginx: "install nginx" };

function pageOf(generatorCores: number, foreignCores = 0): string {
  const samples = [
    ...samplesOf("one", "64 B", "haproxy", "relayMicros", [3]),
    ...samplesOf("one", "64 B", "roomgate", "relayMicros", [1, 2, 4]),
    ...samplesOf("one", "64 B", "roomgate", "generatorCores", [generatorCores]),
    ...samplesOf("one", "64 B", "roomgate", "foreignCores", [foreignCores]),
  ];
  const results = new Map([["relay", resultsOf("relay", [runOf("one", { missing })], samples)]]);
  return writeResultsPage(results, titles, new Map([["haproxy", "one thread"]]));
}

describe("the page of results", () => {
  it("shows the median with the least and the most, contenders always in the same order", () => {
    const rows = pageOf(0.3).split("\n");
    const [ours, theirs] = ["| 64 B | Roomgate | 2.00 (1.00–4.00) |", "|  | HAProxy | 3.00 |"].map((start) =>
      rows.findIndex((row) => row.startsWith(start)),
    );
    expect(ours).toBeGreaterThan(0);
    expect(theirs).toBe((ours ?? 0) + 1);
  });

  it("marks a row whose load generator was at its end", () => {
    expect(pageOf(0.79)).not.toContain("¹");
    expect(pageOf(0.81)).toContain("| Roomgate ¹ |");
    expect(pageOf(0.81)).toContain("¹ The load generator was busy for more than 80 % of a core");
  });

  it("marks a row that was measured while others used the machine", () => {
    expect(pageOf(0.3, 0.25)).not.toContain("²");
    expect(pageOf(0.3, 0.26)).toContain("| Roomgate ² |");
    expect(pageOf(0.9, 0.26)).toContain("| Roomgate ¹ ² |");
    expect(pageOf(0.3, 0.26)).toContain("² Others used more than 0.25 of the machine's cores");
  });

  it("names contenders that could not run, and works that have not", () => {
    expect(pageOf(0.3)).toContain("| nginx | not run: install nginx |");
    expect(pageOf(0.3)).toContain("Has not run yet.");
  });

  it("says of each run when, of what and where it was", () => {
    expect(pageOf(0.3)).toContain(
      "| relay | 2026-01-02 03:04 | abc1234 | 2 × Some CPU, 24 GiB, Linux 6.1, Node v20.20.0 | 0.3 |",
    );
    expect(pageOf(0.3)).toContain("| HAProxy | 2.6 | one thread |");
  });

  it("writes every target beside its figure", () => {
    const read = (value: number) => () => ({ value, isOneRun: value < 1, foreignCores: value, detail: "d" });
    const one = { title: "t", work: "relay", max: 1, unit: "×", digits: 2 };
    const all = [
      { ...one, read: read(0.2) },
      { ...one, read: read(2) },
      { ...one, read: () => undefined },
    ];
    expect(targetsTable(new Figures(new Map()), all).slice(2)).toEqual([
      "| t | ≤ 1 × | 0.20 × | met | d |",
      "| t | ≤ 1 × | 2.00 × | **not met** | d; not of one run; others used 2.0 cores |",
      "| t | ≤ 1 × |  | **not run** |  |",
    ]);
  });

  it("puts thousands apart, and leaves out what nobody measured", () => {
    expect(spreadCell({ median: 1234567, min: 999, max: 1e4, count: 2 }, 0)).toBe(
      "1\u202f234\u202f567 (999–10\u202f000)",
    );
    expect(spreadCell({ median: 2048.5, min: 0, max: 0, count: 1 }, 2, 1 / 2)).toBe("1\u202f024.25");
    expect(spreadCell(undefined, 2)).toBe("");
  });
});
