/** Chance that is a part of a world's state, so that the same world goes on in the same way: xorshift of 32 bits. */
export class Chance {
  #state: number;

  /** `seed` of 0 counts as 1: from 0 it would never move. */
  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  get state(): number {
    return this.#state;
  }

  /** Uniform from 0 to below `count`. */
  below(count: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return Math.floor((this.#state / 2 ** 32) * count);
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }
}
