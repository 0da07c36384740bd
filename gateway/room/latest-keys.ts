const keysMax = 65_536;

/** Numbers for the keys of latest messages: frames carry 4 bytes instead of a name. Numbers are not used again. */
export class LatestKeys {
  readonly #numbers = new Map<string, number>();
  #next = 1;

  of(key: string): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    // Forgetting costs one message that is not thinned, never a wrong one.
    if (this.#numbers.size >= keysMax) this.#numbers.clear();
    const number = this.#next;
    this.#next = this.#next >= 0xffffffff ? 1 : this.#next + 1;
    this.#numbers.set(key, number);
    return number;
  }
}
