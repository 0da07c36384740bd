/** A token bucket: so many a second, with a burst of two seconds. */
export class MessageAllowance {
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond * 2;
    this.#atMs = nowMs;
  }

  /** Whether there were so many left. */
  take(count: number, nowMs: number): boolean {
    const gained = (Math.max(0, nowMs - this.#atMs) / 1000) * this.#perSecond;
    this.#atMs = nowMs;
    this.#left = Math.min(this.#perSecond * 2, this.#left + gained);
    if (this.#left < count) return false;
    this.#left -= count;
    return true;
  }
}
