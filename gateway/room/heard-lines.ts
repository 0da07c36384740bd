import type { RoomKey } from "../wire/ids.ts";

/** What one room has told this one. */
export interface Hearing {
  /** Names the line; never given twice. */
  readonly line: number;
  /** Everything up to here was heard; 0 for nothing. */
  readonly upTo: number;
}

interface Unused extends Hearing {
  readonly sinceMs: number;
}

export const hearingLimits = Object.freeze({
  /** Lines on which something may come again. Above it no further room gets one. */
  openMax: 10_000,
  /** Lines that are settled, kept so that who speaks again need not ask for one. */
  settledMax: 1_024,
  /** A line on which nothing was ever heard is taken back after this. */
  unusedMs: 60_000,
});

/**
 * From whom a room has heard what. TELL-4: this does not grow with those who have ever spoken. Who speaks asks for a *line*, whose number is
 * given once and never again. What is heard twice is known by the line and the item's number, and a line that is not known (any more) is
 * refused, whatever comes on it. A line is *settled* once its speaker has recorded that all of it was heard: from then on nothing that is
 * still on its way can be news, so the line may be forgotten.
 */
export class HeardLines {
  /** Lines on which something was heard, those that have been silent longest first. Part of the room's state, as the next. */
  readonly #used = new Map<RoomKey, Hearing>();
  /** Lines on which nothing was heard yet, oldest first. */
  readonly #unused = new Map<RoomKey, Unused>();
  /** Oldest first. Only in memory: a line that is lost here is refused, and asked for anew. */
  readonly #settled = new Map<RoomKey, Hearing>();
  #nextLine = 1;

  get openCount(): number {
    return this.#used.size + this.#unused.size;
  }

  get(from: RoomKey): Hearing | undefined {
    return this.#used.get(from) ?? this.#unused.get(from) ?? this.#settled.get(from);
  }

  /** The line of `from`, a new one where it has none; `undefined` where there are too many. A new one is to be recorded. */
  grant(from: RoomKey, nowMs: number): { readonly hearing: Hearing; readonly isNew: boolean } | undefined {
    const known = this.get(from);
    if (known) return { hearing: known, isNew: false };
    if (this.openCount >= hearingLimits.openMax) return undefined;
    const hearing = { line: this.#nextLine, upTo: 0 };
    this.set(from, hearing, nowMs);
    return { hearing, isNew: true };
  }

  /** As a turn, a journal or another owner says. */
  set(from: RoomKey, { line, upTo }: Hearing, nowMs: number): void {
    this.#settled.delete(from);
    this.#used.delete(from);
    this.#unused.delete(from);
    if (upTo > 0) this.#used.set(from, { line, upTo });
    else this.#unused.set(from, { line, upTo, sinceMs: nowMs });
    this.#nextLine = Math.max(this.#nextLine, line + 1);
  }

  skipTo(nextLine: number): void {
    this.#nextLine = Math.max(this.#nextLine, nextLine);
  }

  /** Everything that was heard of `from` is recorded by it. */
  settle(from: RoomKey): void {
    const hearing = this.#used.get(from) ?? this.#unused.get(from);
    if (!hearing) return;
    this.#used.delete(from);
    this.#unused.delete(from);
    this.#settled.set(from, { line: hearing.line, upTo: hearing.upTo });
    if (this.#settled.size <= hearingLimits.settledMax) return;
    for (const oldest of this.#settled.keys()) {
      this.#settled.delete(oldest);
      return;
    }
  }

  /** Rooms that have left their line unused for a minute: they have asked and are gone, and ask again if they are not. Each is named once. */
  takeForsaken(nowMs: number): RoomKey[] {
    const forsaken: RoomKey[] = [];
    for (const [from, { sinceMs }] of this.#unused) {
      if (nowMs - sinceMs < hearingLimits.unusedMs) break;
      forsaken.push(from);
    }
    for (const from of forsaken) this.#unused.delete(from);
    return forsaken;
  }

  /** Up to so many rooms, silent the longest, whose line is used and not settled; the next call names others. */
  takeUnsettled(countMax: number): RoomKey[] {
    const unsettled = [...first(this.#used, countMax)];
    for (const [from, hearing] of unsettled) {
      this.#used.delete(from);
      this.#used.set(from, hearing);
    }
    return unsettled.map(([from]) => from);
  }

  /** For a move and a snapshot. */
  state() {
    return {
      nextLine: this.#nextLine,
      heard: [...this.#used, ...this.#unused].map(([from, { line, upTo }]) => [from as string, line, upTo] as const),
    };
  }
}

function* first<T>(items: Iterable<T>, countMax: number): Iterable<T> {
  let count = 0;
  for (const item of items) {
    if (count >= countMax) return;
    count += 1;
    yield item;
  }
}
