import { playersMax } from "./rules/messages.ts";

/** What somebody who wants to play says. */
export interface PlayRequest {
  /** An arena where friends are: it is the first choice, if it has places. */
  readonly friends?: string;
  /** Arenas that have refused. */
  readonly not?: readonly string[];
}

export interface PlayAnswer {
  readonly arena: string;
  /** As far as the matchmaker knows. */
  readonly players: number;
  /** Why it is not the friends' arena, where one was asked for. */
  readonly note?: string;
}

interface Arena {
  readonly players: number;
  /** When players were last sent there that it has not counted yet, in ms. */
  readonly sentMs: number;
  readonly sent: number;
}

/** Full of company, with air to move: an arena is filled up to here before another one is opened. */
export const comfortableMax = 24;
/** Places that are kept for friends of those who are in. */
const placesForFriends = 4;
/** Whoever was sent somewhere and is not there by then has not gone. */
const underWayMs = 10_000;
export const arenasMax = 10_000;
/** Each request adds one at most, so this many of them keep up. */
const forgottenAtOnceMax = 8;

/** Sends players where others are, and not where it is full. Knows arenas by what they tell of themselves. No clock and no chance in it. */
export class Matchmaker {
  readonly #arenas = new Map<string, Arena>();
  /** Those of them where nobody is, who was sent there first first. */
  readonly #empty = new Set<string>();

  get arenas(): ReadonlyMap<string, Arena> {
    return this.#arenas;
  }

  /** What an arena has told. One that is empty is forgotten. */
  report(name: string, players: number): void {
    this.#empty.delete(name);
    if (players === 0) this.#arenas.delete(name);
    else if (this.#arenas.has(name) || this.#arenas.size < arenasMax) {
      this.#arenas.set(name, { players, sentMs: 0, sent: 0 });
    }
  }

  /** `invent` gives a name that nobody has thought of yet. */
  choose(request: PlayRequest, nowMs: number, invent: () => string): PlayAnswer {
    this.#forgetEmpty(nowMs);
    const refused = new Set(request.not ?? []);
    const { friends } = request;
    if (friends !== undefined && !refused.has(friends)) {
      // One that has not told anything is empty.
      const players = this.#expected(friends, nowMs);
      if (players < playersMax) return this.#send(friends, players, nowMs);
    }
    const note = friends === undefined ? {} : { note: `${friends} is full` };
    let best: { readonly name: string; readonly players: number } | undefined;
    for (const name of this.#arenas.keys()) {
      const players = this.#expected(name, nowMs);
      if (refused.has(name) || players >= comfortableMax - placesForFriends) continue;
      if (best === undefined || players > best.players) best = { name, players };
    }
    return { ...this.#send(best?.name ?? invent(), best?.players ?? 0, nowMs), ...note };
  }

  /** Where somebody was sent who has not come, and nobody else is: a few of them at a time, however many there are. */
  #forgetEmpty(nowMs: number): void {
    let forgotten = 0;
    for (const name of this.#empty) {
      const arena = this.#arenas.get(name);
      if (forgotten >= forgottenAtOnceMax || (arena !== undefined && isUnderWay(arena, nowMs))) return;
      this.#empty.delete(name);
      this.#arenas.delete(name);
      forgotten += 1;
    }
  }

  /** Who is in, and who is on the way. */
  #expected(name: string, nowMs: number): number {
    const arena = this.#arenas.get(name);
    if (arena === undefined) return 0;
    return arena.players + (isUnderWay(arena, nowMs) ? arena.sent : 0);
  }

  #send(name: string, players: number, nowMs: number): PlayAnswer {
    const arena = this.#arenas.get(name);
    if (arena !== undefined || this.#arenas.size < arenasMax) {
      const sent = (arena !== undefined && isUnderWay(arena, nowMs) ? arena.sent : 0) + 1;
      const inside = arena?.players ?? 0;
      this.#arenas.set(name, { players: inside, sentMs: nowMs, sent });
      // To the end of the line.
      this.#empty.delete(name);
      if (inside === 0) this.#empty.add(name);
    }
    return { arena: name, players };
  }
}

/** GAME-12: by a clock that has gone back nobody can tell when they were sent. They count as gone: to be one too many is better than to be alone. */
function isUnderWay({ sentMs }: Arena, nowMs: number): boolean {
  return nowMs >= sentMs && nowMs - sentMs < underWayMs;
}
