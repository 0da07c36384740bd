import { seededRandom } from "../virtual-runtime.ts";

/** All chance of one simulated run: every draw comes from its seed. */
export class Chance {
  readonly #draw: () => number;

  constructor(seed: number) {
    this.#draw = seededRandom(seed);
  }

  /** Uniform in [0, 1). */
  readonly draw = (): number => this.#draw();

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.#draw() * count);
  }

  /** A whole number from `low` to `high`. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  happens(probability: number): boolean {
    return this.#draw() < probability;
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[this.below(list.length)];
    if (picked === undefined) throw new Error("nothing to pick from");
    return picked;
  }

  /** Mostly short, sometimes long: 0 to `usualMs`, and one in `rareOneIn` up to `rareMs`. */
  delayMs(usualMs: number, rareMs: number, rareOneIn: number): number {
    const isRare = this.below(rareOneIn) === 0;
    return this.#draw() * (isRare ? rareMs : usualMs);
  }
}
