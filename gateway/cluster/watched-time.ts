/**
 * LIVE-15: time as a process has watched it. A process that stood still, or whose clock has jumped, has not seen what the others
 * did meanwhile. So each look adds what has passed since the one before, but no more than the looks are apart.
 *
 * Judges of others' absence go by watched time. What others may think of this process is another question: there every jump
 * counts in full (`renewal.ts`).
 */
export function watchedStepMs(lookedMs: number, nowMs: number, stepMsMax: number): number {
  return Math.min(nowMs - lookedMs, stepMsMax);
}

/** One moment on both clocks of a process. */
export interface Instant {
  readonly nowMs: number;
  readonly watchedMs: number;
}

/** Twice the second in which room servers and gateways sweep. */
const stepMsMaxDefault = 2_000;

/**
 * A clock that shows watched time. Each reading of it is a look, so spans on it are true as long as somebody reads it more often than
 * every `stepMsMax`.
 */
export class WatchedClock {
  readonly #readMs: () => number;
  readonly #stepMsMax: number;
  #lookedMs: number;
  /** What has passed unseen. Taken off, not the rest summed up: where nothing was missed the clock shows exactly what it reads. */
  #missedMs = 0;

  constructor(readMs: () => number, stepMsMax = stepMsMaxDefault) {
    this.#readMs = readMs;
    this.#stepMsMax = stepMsMax;
    this.#lookedMs = readMs();
  }

  nowMs(): number {
    const nowMs = this.#readMs();
    const passedMs = nowMs - this.#lookedMs;
    this.#missedMs += passedMs - watchedStepMs(this.#lookedMs, nowMs, this.#stepMsMax);
    this.#lookedMs = nowMs;
    return nowMs - this.#missedMs;
  }

  instant(): Instant {
    const watchedMs = this.nowMs();
    return { nowMs: this.#lookedMs, watchedMs };
  }
}
