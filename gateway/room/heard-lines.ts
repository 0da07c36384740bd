import type { RoomKey } from "../wire/ids.ts";

/** What one room has told this one. */
export interface Hearing {
  /** Names the line; never given twice. */
  readonly line: number;
  /** Everything up to here was heard; 0 for nothing. */
  readonly upTo: number;
}

interface Known extends Hearing {
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
  /** Oldest first. Part of the room's state. */
  readonly #open = new Map<RoomKey, Known>();
  /** Oldest first. Only in memory: a line that is lost here is refused, and asked for anew. */
  readonly #settled = new Map<RoomKey, Hearing>();
  #nextLine = 1;

  get openCount(): number {
    return this.#open.size;
  }

  get(from: RoomKey): Hearing | undefined {
    return this.#open.get(from) ?? this.#settled.get(from);
  }

  /** The line of `from`, a new one where it has none; `undefined` where there are too many. A new one is to be recorded. */
  grant(from: RoomKey, nowMs: number): { readonly hearing: Hearing; readonly isNew: boolean } | undefined {
    const known = this.get(from);
    if (known) return { hearing: known, isNew: false };
    if (this.#open.size >= hearingLimits.openMax) this.#dropUnused(nowMs);
    if (this.#open.size >= hearingLimits.openMax) return undefined;
    const hearing = { line: this.#nextLine, upTo: 0 };
    this.set(from, hearing, nowMs);
    return { hearing, isNew: true };
  }

  /** As a turn, a journal or another owner says. */
  set(from: RoomKey, { line, upTo }: Hearing, nowMs: number): void {
    this.#settled.delete(from);
    this.#open.delete(from);
    this.#open.set(from, { line, upTo, sinceMs: nowMs });
    this.#nextLine = Math.max(this.#nextLine, line + 1);
  }

  skipTo(nextLine: number): void {
    this.#nextLine = Math.max(this.#nextLine, nextLine);
  }

  /** Everything that was heard of `from` is recorded by it. */
  settle(from: RoomKey): void {
    const hearing = this.#open.get(from);
    if (!hearing) return;
    this.#open.delete(from);
    this.#settled.set(from, { line: hearing.line, upTo: hearing.upTo });
    if (this.#settled.size <= hearingLimits.settledMax) return;
    for (const oldest of this.#settled.keys()) {
      this.#settled.delete(oldest);
      return;
    }
  }

  /** The room that has been silent longest of those whose line is used and not settled. */
  oldestUnsettled(): RoomKey | undefined {
    for (const [from, { upTo }] of this.#open) if (upTo > 0) return from;
    return undefined;
  }

  /** For a move and a snapshot. */
  state() {
    return {
      nextLine: this.#nextLine,
      heard: [...this.#open].map(([from, { line, upTo }]) => [from as string, line, upTo] as const),
    };
  }

  #dropUnused(nowMs: number): void {
    for (const [from, { upTo, sinceMs }] of this.#open) {
      if (upTo === 0 && nowMs - sinceMs >= hearingLimits.unusedMs) this.#open.delete(from);
    }
  }
}
