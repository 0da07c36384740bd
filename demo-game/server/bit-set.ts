/** Numbers from 0 to below a bound, a bit each: what of a frame a player has been sent. */
export class BitSet {
  readonly #words: Uint32Array;

  constructor(bound: number) {
    this.#words = new Uint32Array(Math.ceil(bound / 32));
  }

  add(value: number): void {
    const at = value >>> 5;
    this.#words[at] = (this.#words[at] ?? 0) | (1 << (value & 31));
  }

  has(value: number): boolean {
    return ((this.#words[value >>> 5] ?? 0) & (1 << (value & 31))) !== 0;
  }

  clear(): void {
    this.#words.fill(0);
  }

  /** In rising order. */
  forEach(visit: (value: number) => void): void {
    for (let at = 0; at < this.#words.length; at += 1) {
      for (let word = this.#words[at] ?? 0; word !== 0; word &= word - 1) {
        visit(at * 32 + 31 - Math.clz32(word & -word));
      }
    }
  }
}
