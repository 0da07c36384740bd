import type { RawResults, Run, Sample } from "../../../../load/bench/raw-results.ts";

export function runOf(id: string, others: Partial<Run> = {}): Run {
  return {
    id,
    takenAt: "2026-01-02T03:04:05.000Z",
    commit: "abc1234",
    machine: { cpuModel: "Some CPU", cores: 2, memoryGib: 24, kernel: "6.1", node: "v20.20.0" },
    versions: { roomgate: "0.1.0", haproxy: "2.6" },
    loadAverageBefore: 0.25,
    missing: {},
    ...others,
  };
}

/** One sample per value, in rounds from 1. */
export function samplesOf(
  run: string,
  caseName: string,
  contender: string,
  value: string,
  values: readonly number[],
): Sample[] {
  return values.map((one, index) => ({
    case: caseName,
    contender,
    round: index + 1,
    run,
    values: { [value]: one },
  }));
}

export function resultsOf(work: string, runs: readonly Run[], samples: readonly Sample[]): RawResults {
  return { work, runs, samples };
}
