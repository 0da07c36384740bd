import type { Contender } from "../contenders/contender.ts";
import type { Lab } from "../lab.ts";
import type { Sample } from "../raw-results.ts";

export interface WorkOptions {
  /** Rounds in which each contender has its turn. */
  readonly rounds: number;
  /** Length of one measurement. */
  readonly seconds: number;
  /** Smaller numbers, to see whether it works: its figures are not kept. */
  readonly isQuick: boolean;
  /** Whether a case of the work was asked for. */
  isWanted(caseName: string): boolean;
}

export type NewSample = Omit<Sample, "run">;

export interface WorkRun {
  readonly lab: Lab;
  readonly options: WorkOptions;
  /** Those that were asked for, can run here, and share this work with us. */
  readonly contenders: readonly Contender[];
  /** Keeps a sample and prints it. */
  note(sample: NewSample): void;
}

/** One kind of work that contenders are compared in, or that Roomgate alone is measured in. */
export interface Work {
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  /** Of the contenders that it makes sense for. */
  readonly contenders: readonly string[];
  /** Default of {@link WorkOptions}. */
  readonly rounds: number;
  readonly seconds: number;
  /** Done only when it is asked for by name. */
  readonly isLong?: true;
  run(run: WorkRun): Promise<void>;
}
