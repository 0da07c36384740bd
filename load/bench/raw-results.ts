import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "./machine.ts";

/** One measurement of one contender. Names of values end in their unit. */
export interface Sample {
  /** What was asked of it, as the table says it: `64 B, 1 in flight, 100 clients`. */
  readonly case: string;
  readonly contender: string;
  readonly round: number;
  /** Which of the work's {@link Run}s it is of. */
  readonly run: string;
  readonly values: Readonly<Record<string, number>>;
}

/** One call of the benchmark. Figures of different runs may be of different machines, days and commits. */
export interface Run {
  readonly id: string;
  readonly takenAt: string;
  readonly commit: string;
  readonly machine: Machine;
  /** Versions by contender, as they say themselves. */
  readonly versions: Readonly<Record<string, string>>;
  readonly loadAverageBefore: number;
  /** Contenders that could not run, and why. */
  readonly missing: Readonly<Record<string, string>>;
}

/** All that is known of one work: `results/<work>.json`. */
export interface RawResults {
  readonly work: string;
  readonly runs: readonly Run[];
  readonly samples: readonly Sample[];
}

/** The newest samples of each case and contender; runs of which nothing is left go too. */
export function mergeResults(older: RawResults | undefined, newer: RawResults): RawResults {
  if (older === undefined) return newer;
  const keyOf = (sample: Sample): string => `${sample.case}\n${sample.contender}`;
  const measured = new Set(newer.samples.map(keyOf));
  const samples = [...older.samples.filter((sample) => !measured.has(keyOf(sample))), ...newer.samples];
  const used = new Set(samples.map(({ run }) => run));
  const runs = [...older.runs, ...newer.runs].filter(({ id }) => used.has(id));
  return { work: newer.work, runs, samples };
}

/** By name of the work. */
export function readResults(folder: string): Map<string, RawResults> {
  const all = new Map<string, RawResults>();
  if (!existsSync(folder)) return all;
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
    const results = JSON.parse(readFileSync(join(folder, file), "utf8")) as RawResults;
    all.set(results.work, results);
  }
  return all;
}

/** One sample a line, so that a new run is a readable difference. */
export function writeResults(folder: string, results: RawResults): void {
  mkdirSync(folder, { recursive: true });
  const lines = (items: readonly unknown[]): string => items.map((item) => `    ${JSON.stringify(item)}`).join(",\n");
  const text = `{
  "work": ${JSON.stringify(results.work)},
  "runs": [
${lines(results.runs)}
  ],
  "samples": [
${lines(results.samples.map(rounded))}
  ]
}
`;
  writeFileSync(join(folder, `${results.work}.json`), text);
}

/** Six digits are more than any of these measurements has. */
function rounded(sample: Sample): Sample {
  const values = Object.entries(sample.values).map(([name, value]) => [name, Number(value.toPrecision(6))]);
  return { ...sample, values: Object.fromEntries(values) };
}
