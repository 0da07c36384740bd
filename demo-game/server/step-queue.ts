import type { Step } from "./rules/motion.ts";
import { stepsPerTick } from "./rules/timing.ts";

/** Waiting steps of one player, a second's worth; above it the oldest are skipped. */
export const queuedStepsMax = 60;
/** So many wait without being hurried: they take up the jitter of the network. */
const queuedStepsUsual = 2 * stepsPerTick;
/** Left waiting when a player has sent more than its allowance. */
const queuedStepsKept = 4 * stepsPerTick;
/** Steps that a player may make up for ticks in which nothing of it had arrived. */
export const allowanceMax = 15 * stepsPerTick;
/** Most steps in one tick, while catching up. */
export const stepsPerTickMax = 4 * stepsPerTick;

export interface SavedStepQueue {
  readonly lastReceived: number;
  readonly steps: readonly Step[];
}

/**
 * GAME-1: the way of a player's steps into its figure, and the reason why nobody is faster than the others. A tick grants each
 * player {@link stepsPerTick} steps; what it does not use it may use later, up to {@link allowanceMax}, so that a pause of the
 * network costs it nothing. Over any number of ticks a player makes at most `ticks × stepsPerTick + allowanceMax` steps, whatever
 * it sends.
 */
export class StepQueue {
  #lastReceived: number;
  #steps: Step[];
  #allowance: number;

  /** A restored queue gets the whole allowance: time that a move of the room took is the players' to make up. */
  constructor(saved: SavedStepQueue = { lastReceived: 0, steps: [] }) {
    this.#lastReceived = saved.lastReceived;
    this.#steps = [...saved.steps];
    this.#allowance = saved.lastReceived === 0 ? 0 : allowanceMax;
  }

  /** Number of the last step that was taken or skipped; 0 before the first. */
  get lastDone(): number {
    return this.#lastReceived - this.#steps.length;
  }

  /** Whoever has joined anew numbers its steps from 1 again. What time has allowed so far is not given twice. */
  beginAnew(): void {
    this.#lastReceived = 0;
    this.#steps = [];
  }

  /** Steps numbered from `first` on. Those that were received before are ignored. */
  receive(first: number, steps: readonly Step[]): void {
    for (let index = Math.max(0, this.#lastReceived + 1 - first); index < steps.length; index += 1) {
      const step = steps[index];
      if (step === undefined) break;
      this.#steps.push(step);
      this.#lastReceived = first + index;
    }
    if (this.#steps.length > queuedStepsMax) this.#keepNewest(queuedStepsMax);
  }

  /** What the figure does in this tick, in order. */
  take(): Step[] {
    const allowance = Math.min(this.#allowance + stepsPerTick, allowanceMax);
    const hurried = this.#steps.length > queuedStepsUsual + stepsPerTick;
    const wanted = hurried ? Math.min(this.#steps.length - queuedStepsUsual, stepsPerTickMax) : stepsPerTick;
    const taken = this.#steps.splice(0, Math.min(wanted, allowance));
    this.#allowance = allowance - taken.length;
    // It has sent more than time allows. Skipping beats a delay that would never go away.
    if (this.#allowance === 0 && this.#steps.length > queuedStepsKept) this.#keepNewest(queuedStepsKept);
    return taken;
  }

  save(): SavedStepQueue {
    return { lastReceived: this.#lastReceived, steps: [...this.#steps] };
  }

  #keepNewest(count: number): void {
    this.#steps.splice(0, this.#steps.length - count);
  }
}
