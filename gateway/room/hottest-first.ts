interface Entry<Item> {
  readonly item: Item;
  /** Breaks ties: who came first. */
  readonly number: number;
  heat: number;
  place: number;
}

/** A heap: takes the hottest, of equally hot ones the oldest, and learns that one has become hotter or cooler. Each costs as many looks as there are digits. */
export class HottestFirst<Item> {
  readonly #entries: Entry<Item>[] = [];
  readonly #byItem = new Map<Item, Entry<Item>>();
  #numbered = 0;
  /** For tests: pairs that were compared. */
  looks = 0;

  get size(): number {
    return this.#entries.length;
  }

  /** Adds the item, or moves it to its present heat. */
  set(item: Item, heat: number): void {
    let entry = this.#byItem.get(item);
    if (entry === undefined) {
      this.#numbered += 1;
      entry = { item, number: this.#numbered, heat, place: this.#entries.length };
      this.#byItem.set(item, entry);
      this.#entries.push(entry);
    }
    entry.heat = heat;
    this.#rise(entry);
    this.#sink(entry);
  }

  take(): Item | undefined {
    const [first] = this.#entries;
    const last = this.#entries.pop();
    if (first === undefined || last === undefined) return undefined;
    this.#byItem.delete(first.item);
    if (last !== first) {
      this.#put(last, 0);
      this.#sink(last);
    }
    return first.item;
  }

  #rise(entry: Entry<Item>): void {
    for (;;) {
      const above = entry.place === 0 ? undefined : this.#entries[(entry.place - 1) >> 1];
      if (above === undefined || !this.#isBefore(entry, above)) return;
      this.#swap(entry, above);
    }
  }

  #sink(entry: Entry<Item>): void {
    for (;;) {
      const [left, right] = [this.#entries[2 * entry.place + 1], this.#entries[2 * entry.place + 2]];
      const below = left !== undefined && right !== undefined && this.#isBefore(right, left) ? right : left;
      if (below === undefined || !this.#isBefore(below, entry)) return;
      this.#swap(entry, below);
    }
  }

  #isBefore(one: Entry<Item>, other: Entry<Item>): boolean {
    this.looks += 1;
    return one.heat !== other.heat ? one.heat > other.heat : one.number < other.number;
  }

  #swap(one: Entry<Item>, other: Entry<Item>): void {
    const { place } = one;
    this.#put(one, other.place);
    this.#put(other, place);
  }

  #put(entry: Entry<Item>, place: number): void {
    this.#entries[place] = entry;
    entry.place = place;
  }
}
