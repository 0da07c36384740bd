/** Numbers that are missing at a time; above it they are only counted, so that a wild number costs no memory. */
const missingMax = 10_000;

/** How a number came: the next one; ahead of others; behind later ones; not for the first time. */
export type Arrival = "next" | "ahead" | "late" | "again";

/**
 * Accounts for one line of numbers that must arrive each once and in order. Whoever begins to listen in the middle of it takes the
 * first number that comes for the first one.
 */
export class NumberedLine {
  #next: number | undefined;
  /** When each of them was noticed to be missing, in ms. */
  readonly #missing = new Map<number, number>();
  #untold = 0;

  /** `first`: the number that must come first; left out where any may. */
  constructor(first?: number) {
    this.#next = first;
  }

  /** The highest number that has come; `undefined` before any. */
  get last(): number | undefined {
    return this.#next === undefined ? undefined : this.#next - 1;
  }

  note(number: number, nowMs: number): Arrival {
    const next = this.#next ?? number;
    if (number < next) return this.#missing.delete(number) ? "late" : "again";
    for (let missing = next; missing < number; missing += 1) {
      if (this.#missing.size >= missingMax) {
        this.#untold += number - missing;
        break;
      }
      this.#missing.set(missing, nowMs);
    }
    this.#next = number + 1;
    return number === next ? "next" : "ahead";
  }

  /** How many of the numbers up to `last` are missing and were noticed to be before `beforeMs`. What comes at the end is noticed now. */
  missing(last: number, beforeMs = Number.POSITIVE_INFINITY, nowMs = 0): number {
    const tail = nowMs < beforeMs ? Math.max(0, last + 1 - (this.#next ?? last + 1)) : 0;
    let count = this.#untold + tail;
    for (const noticedMs of this.#missing.values()) if (noticedMs < beforeMs) count += 1;
    return count;
  }

  /** The first few of the numbers up to `last` that are missing. */
  examples(last: number, atMost = 5): number[] {
    const next = this.#next ?? last + 1;
    const tail = Array.from({ length: Math.max(0, Math.min(atMost, last + 1 - next)) }, (_none, at) => next + at);
    return [...[...this.#missing.keys()].slice(0, atMost), ...tail].slice(0, atMost);
  }
}
