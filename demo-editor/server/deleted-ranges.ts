/** Deletions as an update has them: ranges of each client's clock, in any order. */
export interface Deletions {
  readonly clients: ReadonlyMap<number, readonly { readonly clock: number; readonly len: number }[]>;
}

/** All that was ever deleted in a document, so that a repetition is known as one. Each client's ranges are sorted and do not touch. */
export class DeletedRanges {
  readonly #ends = new Map<number, { from: number; to: number }[]>();

  add({ clients }: Deletions): void {
    for (const [client, ranges] of clients) {
      const known = this.#ends.get(client) ?? [];
      this.#ends.set(client, known);
      for (const { clock, len } of ranges) addRange(known, clock, clock + len);
    }
  }

  covers({ clients }: Deletions): boolean {
    for (const [client, ranges] of clients) {
      const known = this.#ends.get(client) ?? [];
      for (const { clock, len } of ranges) {
        const found = known[firstEndingAtOrBehind(known, clock + len)];
        if (found === undefined || found.from > clock) return false;
      }
    }
    return true;
  }
}

/** Index of the first range whose end is `place` or behind it; the length if there is none. */
function firstEndingAtOrBehind(known: readonly { readonly to: number }[], place: number): number {
  let low = 0;
  let high = known.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((known[middle]?.to ?? 0) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

function addRange(known: { from: number; to: number }[], from: number, to: number): void {
  const first = firstEndingAtOrBehind(known, from);
  let behind = first;
  let merged = { from, to };
  for (let next = known[behind]; next !== undefined && next.from <= to; next = known[behind]) {
    merged = { from: Math.min(merged.from, next.from), to: Math.max(merged.to, next.to) };
    behind += 1;
  }
  known.splice(first, behind - first, merged);
}
