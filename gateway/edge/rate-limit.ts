import type { Runtime } from "../wire/runtime.ts";

const lumpMax = 64;

/**
 * A token bucket with a burst of one second. Tokens are taken out in lumps, so that most messages cost no look at the
 * clock; a lump is at most a quarter of the burst, and counts as used when it is taken.
 */
export class RateLimit {
  readonly #perSecond: number;
  #lump = 0;
  #tokens: number;
  #filledAtMs = 0;

  /** 0: no limit. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
  }

  /** `false`: more than is allowed. */
  take(runtime: Runtime): boolean {
    if (this.#lump > 0) {
      this.#lump -= 1;
      return true;
    }
    return this.#perSecond === 0 || this.#refill(runtime.nowMs());
  }

  #refill(nowMs: number): boolean {
    const gained = ((nowMs - this.#filledAtMs) * this.#perSecond) / 1_000;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + gained);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    const lump = Math.max(1, Math.min(lumpMax, this.#perSecond >> 2, Math.floor(this.#tokens)));
    this.#tokens -= lump;
    this.#lump = lump - 1;
    return true;
  }
}
