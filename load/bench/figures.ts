import type { RawResults, Run } from "./raw-results.ts";
import { type Spread, spreadOf } from "./statistics.ts";

/** Raw results of all works, asked for by name. */
export class Figures {
  readonly #results: ReadonlyMap<string, RawResults>;

  constructor(results: ReadonlyMap<string, RawResults>) {
    this.#results = results;
  }

  work(work: string): RawResults | undefined {
    return this.#results.get(work);
  }

  /** Cases of a work in the order in which they were measured. */
  cases(work: string): readonly string[] {
    return [...new Set(this.#samples(work).map((sample) => sample.case))];
  }

  contenders(work: string, caseName: string): readonly string[] {
    const those = this.#samples(work).filter((sample) => sample.case === caseName);
    return [...new Set(those.map(({ contender }) => contender))];
  }

  /** `undefined` where nobody has measured it. */
  spread(work: string, caseName: string, contender: string, value: string): Spread | undefined {
    const values = this.#samples(work)
      .filter((sample) => sample.case === caseName && sample.contender === contender)
      .flatMap((sample) => sample.values[value] ?? []);
    return values.length === 0 ? undefined : spreadOf(values);
  }

  median(work: string, caseName: string, contender: string, value: string): number | undefined {
    return this.spread(work, caseName, contender, value)?.median;
  }

  /** Ids of the runs that figures of these contenders come from; more than one, and they are not of one run. */
  runsOf(work: string, caseNames: readonly string[], contenders: readonly string[]): readonly string[] {
    const those = this.#samples(work).filter(
      (sample) => caseNames.includes(sample.case) && contenders.includes(sample.contender),
    );
    return [...new Set(those.map(({ run }) => run))];
  }

  /** What others used of the machine in the worst of these; 0 where nobody looked. */
  foreignCores(work: string, caseNames: readonly string[], contenders: readonly string[]): number {
    const medians = caseNames.flatMap((caseName) =>
      contenders.map((contender) => this.median(work, caseName, contender, "foreignCores") ?? 0),
    );
    return Math.max(0, ...medians);
  }

  run(work: string, id: string): Run | undefined {
    return this.#results.get(work)?.runs.find((run) => run.id === id);
  }

  #samples(work: string) {
    return this.#results.get(work)?.samples ?? [];
  }
}
