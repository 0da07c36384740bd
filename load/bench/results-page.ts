import { Figures } from "./figures.ts";
import type { RawResults, Run } from "./raw-results.ts";
import type { Spread } from "./statistics.ts";
import { tables, type WorkTable } from "./tables.ts";
import { type Reading, type Target, targets, verdictOf } from "./targets.ts";

const missing = "not run";
/** Above this share of its core the generator is part of what is measured, and the row says so. */
export const generatorCoresMax = 0.8;
/** Above this others have used the machine while it was measured. */
export const foreignCoresMax = 0.25;

const notes = {
  "¹": `The load generator was busy for more than ${generatorCoresMax * 100} % of a core: the rate is its own.`,
  "²": `Others used more than ${foreignCoresMax} of the machine's cores meanwhile: rates, latencies and CPU are worse than they would be.`,
} as const;

/** `RESULTS.md`, from raw results alone: the same results give the same page. `titles` by contender. */
export function writeResultsPage(
  results: ReadonlyMap<string, RawResults>,
  titles: ReadonlyMap<string, string>,
  settings: ReadonlyMap<string, string>,
): string {
  const figures = new Figures(results);
  return [
    "# Figures",
    "",
    "Written by `npm run bench` from `load/results/*.json`; every figure is of a run of that script on the machine below. Medians of all rounds,",
    "with the least and the most in parentheses. CPU is user and system time of whole processes, from the operating system. Everything runs on one",
    "machine, the clients too: trust ratios more than absolutes. CONTRIBUTING.md says how to run it.",
    "",
    "## Targets",
    "",
    ...targetsTable(figures, targets),
    "",
    ...tables.flatMap((table) => section(figures, table, titles)),
    ...contendersSection(results, titles, settings),
    ...runsSection(results),
  ].join("\n");
}

export function targetsTable(figures: Figures, all: readonly Target[]): string[] {
  const rows = all.map((target) => {
    const reading = target.read(figures);
    const measured = reading === undefined ? "" : `${reading.value.toFixed(target.digits)} ${target.unit}`;
    const caveat = reading === undefined ? "" : caveatOf(reading);
    const verdict = verdictOf(target, reading);
    const shown = verdict === "met" ? "met" : `**${verdict}**`;
    const goal = `≤ ${target.max} ${target.unit}`;
    return `| ${target.title} | ${goal} | ${measured} | ${shown} | ${reading?.detail ?? ""}${caveat} |`;
  });
  return ["| | target | measured | | from |", "|---|---|---|---|---|", ...rows];
}

function caveatOf({ isOneRun, foreignCores }: Reading): string {
  const runs = isOneRun ? "" : "; not of one run";
  return foreignCores > foreignCoresMax ? `${runs}; others used ${foreignCores.toFixed(1)} cores` : runs;
}

function section(figures: Figures, table: WorkTable, titles: ReadonlyMap<string, string>): string[] {
  const lines = [`## ${table.title}`, "", ...table.about, ""];
  if (figures.work(table.work) === undefined) return [...lines, `Has ${missing} yet.`, ""];
  const heads = ["", "", ...table.columns.map(({ title }) => title)];
  lines.push(`| ${heads.join(" | ")} |`, `|---|---|${table.columns.map(() => "---:|").join("")}`);
  for (const caseName of figures.cases(table.work)) {
    const present = figures.contenders(table.work, caseName);
    const order = [...titles.keys()].filter((name) => present.includes(name));
    for (const [index, contender] of order.entries()) {
      const cells = table.columns.map(({ value, digits, scale = 1 }) =>
        spreadCell(figures.spread(table.work, caseName, contender, value), digits, scale),
      );
      const median = (value: string): number => figures.median(table.work, caseName, contender, value) ?? 0;
      const isAtItsEnd = median("generatorCores") > generatorCoresMax;
      const mark = `${isAtItsEnd ? " ¹" : ""}${median("foreignCores") > foreignCoresMax ? " ²" : ""}`;
      lines.push(`| ${index === 0 ? caseName : ""} | ${titles.get(contender)}${mark} | ${cells.join(" | ")} |`);
    }
  }
  const absent = missingIn(figures, table.work);
  for (const [contender, why] of absent) lines.push(`| | ${titles.get(contender) ?? contender} | ${missing}: ${why} |`);
  const used = Object.entries(notes).filter(([mark]) => lines.some((line) => line.includes(` ${mark}`)));
  if (used.length > 0)
    lines.push(
      "",
      ...used
        .map(([mark, note]) => `${mark} ${note}`)
        .join("  \n")
        .split("\n"),
    );
  return [...lines, ""];
}

/** Those that no run has had, and why. */
function missingIn(figures: Figures, work: string): readonly (readonly [contender: string, why: string])[] {
  const present = new Set(figures.cases(work).flatMap((caseName) => figures.contenders(work, caseName)));
  const runs: readonly Run[] = figures.work(work)?.runs ?? [];
  const all = new Map(runs.flatMap((run) => Object.entries(run.missing)));
  return [...all].filter(([contender]) => !present.has(contender));
}

export function spreadCell(spread: Spread | undefined, digits: number, scale = 1): string {
  if (spread === undefined) return "";
  const [median, min, max] = [spread.median, spread.min, spread.max].map((value) => grouped(value * scale, digits));
  return spread.count === 1 ? `${median}` : `${median} (${min}–${max})`;
}

/** Thousands apart by a thin gap that does not break. */
function grouped(value: number, digits: number): string {
  const [whole = "", fraction] = value.toFixed(digits).split(".");
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return fraction === undefined ? apart : `${apart}.${fraction}`;
}

function contendersSection(
  results: ReadonlyMap<string, RawResults>,
  titles: ReadonlyMap<string, string>,
  settings: ReadonlyMap<string, string>,
): string[] {
  const versions = new Map(
    [...results.values()].flatMap(({ runs }) => runs.flatMap((run) => Object.entries(run.versions))),
  );
  const rows = [...titles]
    .filter(([name]) => versions.has(name))
    .map(([name, title]) => `| ${title} | ${versions.get(name)} | ${settings.get(name) ?? ""} |`);
  return ["## Contenders", "", "| | version | settings |", "|---|---|---|", ...rows, ""];
}

function runsSection(results: ReadonlyMap<string, RawResults>): string[] {
  const rows = [...results.values()].flatMap(({ work, runs }) =>
    runs.map(({ takenAt, commit, machine, loadAverageBefore }) => {
      const { cores, cpuModel, memoryGib, kernel, node } = machine;
      const host = `${cores} × ${cpuModel}, ${memoryGib} GiB, Linux ${kernel}, Node ${node}`;
      return `| ${work} | ${takenAt.slice(0, 16).replace("T", " ")} | ${commit} | ${host} | ${loadAverageBefore.toFixed(1)} |`;
    }),
  );
  const head = ["| work | taken (UTC) | commit | machine | load average before |", "|---|---|---|---|---|"];
  return ["## Runs", "", ...head, ...rows, ""];
}
