import { createInterface } from "node:readline";
import { distFile } from "../lab.ts";
import type { Work, WorkRun } from "./work.ts";

/** What `commit-bench --json` prints: latencies, and for rows of messages the rest. */
interface CommitLine {
  readonly what: string;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
  readonly perSecond?: number;
  readonly serverCores?: number;
  readonly ownCores?: number;
}

/** Ledgers on LMDB, without client sockets: the benchmark is the gateway. Its load generator is `load/commit-bench.ts`. */
export const commit: Work = {
  name: "commit",
  about: "committed messages a second of one room server on LMDB, and how long an ack takes",
  contenders: ["roomgate"],
  rounds: 2,
  seconds: 5,
  run: runCommits,
};

async function runCommits(run: WorkRun): Promise<void> {
  for (let round = 1; round <= run.options.rounds; round += 1) {
    const bench = run.lab.start(process.execPath, [distFile("load/commit-bench.js"), "--json"]);
    if (bench.child.stdout === null) throw new Error("no output to read");
    let lines = 0;
    for await (const text of createInterface({ input: bench.child.stdout })) {
      if (!text.startsWith("{")) continue;
      lines += 1;
      const line = JSON.parse(text) as CommitLine;
      run.note({ case: line.what, contender: "roomgate", round, values: valuesOf(line) });
      if (run.options.isQuick) break;
    }
    await bench.stop();
    if (lines === 0) throw new Error(`commit-bench measured nothing:\n${bench.tail()}`);
  }
}

function valuesOf({ p50, p99, worst, perSecond, serverCores, ownCores }: CommitLine): Record<string, number> {
  const latencies = { p50Ms: p50, p99Ms: p99, maxMs: worst };
  if (perSecond === undefined || serverCores === undefined || ownCores === undefined) return latencies;
  return { ...latencies, perSecond, serverMicros: (serverCores * 1e6) / perSecond, generatorCores: ownCores };
}
