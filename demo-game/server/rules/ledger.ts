import type { Place } from "./arena.ts";
import type { ArenaEvent, Drop } from "./events.ts";
import { type Carried, carriedMax, emptyHanded, type ItemKind, pointsForFelling, pointsForGems } from "./items.ts";

export interface LedgerPlayer {
  readonly number: number;
  /** Theirs in all arenas. */
  readonly id: string;
  /** Degrees, 0 to 359. */
  readonly hue: number;
  readonly name: string;
  /** Never goes down. */
  readonly score: number;
  readonly felled: number;
  readonly falls: number;
  /** Has a session in the arena now. */
  readonly isHere: boolean;
  /** How many of each kind they hold: what `items` says, counted. */
  readonly carried: Carried;
}

/** An item is in exactly one place: on the ground, or with one player. One that was used up is not there any more, and counted. */
export interface Item {
  readonly number: number;
  readonly kind: ItemKind;
  readonly holder: number | undefined;
  /** Where it lies; where it lay last, while somebody holds it. */
  readonly at: Place;
}

export interface ChatLine {
  /** Of the event that said it. */
  readonly serial: number;
  readonly number: number;
  /** As it was then: the player may be gone. */
  readonly name: string;
  readonly hue: number;
  readonly text: string;
}

export interface SavedLedger {
  readonly serial: number;
  readonly lastNumber: number;
  readonly itemsSpawned: number;
  readonly itemsUsed: number;
  readonly players: readonly Omit<LedgerPlayer, "carried">[];
  readonly items: readonly Item[];
  readonly chat: readonly ChatLine[];
}

const numberMax = 0xffff;
const chatLinesMax = 20;
/** Players the ledger has room for, away ones too. */
export const playersKnownMax = 250;
export const emptyLedger: SavedLedger = {
  serial: 0,
  lastNumber: 0,
  itemsSpawned: 0,
  itemsUsed: 0,
  players: [],
  items: [],
  chat: [],
};

/**
 * GAME-7: the fold of an arena's events, the same on the server, in its recovery and in every page. Who has what changes here and
 * nowhere else; an event that does not fit what is (a thing that somebody else has just taken) changes nothing, so no order of
 * events, repeated or raced, makes two out of one.
 */
export class Ledger {
  #serial: number;
  #lastNumber: number;
  #itemsSpawned: number;
  #itemsUsed: number;
  readonly #players = new Map<number, LedgerPlayer>();
  readonly #items = new Map<number, Item>();
  #chat: readonly ChatLine[];

  constructor(saved: SavedLedger = emptyLedger) {
    this.#serial = saved.serial;
    this.#lastNumber = saved.lastNumber;
    this.#itemsSpawned = saved.itemsSpawned;
    this.#itemsUsed = saved.itemsUsed;
    this.#chat = saved.chat;
    for (const player of saved.players) this.#players.set(player.number, { ...player, carried: emptyHanded });
    for (const item of saved.items) {
      this.#items.set(item.number, item);
      if (item.holder !== undefined) this.#count(item.holder, item.kind, 1);
    }
  }

  /** Number of the last event that was folded; the first is 1. */
  get serial(): number {
    return this.#serial;
  }

  /** By number. */
  get players(): ReadonlyMap<number, LedgerPlayer> {
    return this.#players;
  }

  /** All that are, by number. */
  get items(): ReadonlyMap<number, Item> {
    return this.#items;
  }

  get itemsSpawned(): number {
    return this.#itemsSpawned;
  }

  get itemsUsed(): number {
    return this.#itemsUsed;
  }

  /** The newest last. */
  get chat(): readonly ChatLine[] {
    return this.#chat;
  }

  get playersHere(): number {
    let count = 0;
    for (const player of this.#players.values()) if (player.isHere) count += 1;
    return count;
  }

  playerOfId(id: string): LedgerPlayer | undefined {
    for (const player of this.#players.values()) if (player.id === id) return player;
    return undefined;
  }

  heldBy(number: number): Item[] {
    return [...this.#items.values()].filter((item) => item.holder === number);
  }

  /** One that the player could pick up: its kind is not all they can carry. */
  canTake(number: number, item: Item): boolean {
    if (item.holder !== undefined) return false;
    const player = this.#players.get(number);
    return player?.isHere === true && player.carried[item.kind] < carriedMax[item.kind];
  }

  /** For the next player. Numbers go round, so that one is not used again soon: a late state must not move a stranger. */
  freeNumber(): number {
    let number = this.#lastNumber;
    do {
      number = number >= numberMax ? 1 : number + 1;
    } while (this.#players.has(number));
    return number;
  }

  /** Folds one event. Whether it had any effect, beside being counted. */
  apply(event: ArenaEvent): boolean {
    this.#serial += 1;
    switch (event.kind) {
      case "entered":
        return this.#enter(event);
      case "away":
        return this.#setHere(event.number, false);
      case "back":
        return this.#setHere(event.number, true);
      case "left":
        return this.#leave(event.number, event.drops);
      case "renamed":
        return this.#change(event.number, () => ({ name: event.name }));
      case "spawned":
        return this.#spawn(event.item, event.itemKind, event.at);
      case "taken":
        return this.#take(event.item, event.number);
      case "banked":
        return this.#bank(event.number);
      case "used":
        return this.#useUp(event.item, event.number);
      case "hit":
        return this.#players.has(event.victim);
      case "felled":
        return this.#fell(event.victim, event.by, event.drops);
      case "said":
        return this.#say(event.number, event.text);
    }
  }

  save(): SavedLedger {
    return {
      serial: this.#serial,
      lastNumber: this.#lastNumber,
      itemsSpawned: this.#itemsSpawned,
      itemsUsed: this.#itemsUsed,
      players: [...this.#players.values()].map(({ carried: _carried, ...player }) => player),
      items: [...this.#items.values()],
      chat: this.#chat,
    };
  }

  #enter({ number, id, hue, name }: Extract<ArenaEvent, { kind: "entered" }>): boolean {
    if (this.#players.has(number) || this.playerOfId(id) !== undefined) return false;
    this.#lastNumber = number;
    const fresh = { score: 0, felled: 0, falls: 0, isHere: true, carried: emptyHanded };
    this.#players.set(number, { number, id, hue, name, ...fresh });
    return true;
  }

  #setHere(number: number, isHere: boolean): boolean {
    if (this.#players.get(number)?.isHere === isHere) return false;
    return this.#change(number, () => ({ isHere }));
  }

  #leave(number: number, drops: readonly Drop[]): boolean {
    if (!this.#players.has(number)) return false;
    this.#putDown(number, drops);
    this.#players.delete(number);
    return true;
  }

  #spawn(number: number, kind: ItemKind, at: Place): boolean {
    // Numbers only go up: one that was used up never comes again.
    if (number !== this.#itemsSpawned + 1) return false;
    this.#itemsSpawned = number;
    this.#items.set(number, { number, kind, holder: undefined, at });
    return true;
  }

  #take(number: number, by: number): boolean {
    const item = this.#items.get(number);
    if (item === undefined || !this.canTake(by, item)) return false;
    this.#items.set(number, { ...item, holder: by });
    this.#count(by, item.kind, 1);
    return true;
  }

  #bank(number: number): boolean {
    const gems = this.heldBy(number).filter((item) => item.kind === "gem");
    if (gems.length === 0) return false;
    for (const gem of gems) this.#useUp(gem.number, number);
    return this.#change(number, ({ score }) => ({ score: score + pointsForGems(gems.length) }));
  }

  #useUp(number: number, by: number): boolean {
    const item = this.#items.get(number);
    if (item?.holder !== by) return false;
    this.#items.delete(number);
    this.#itemsUsed += 1;
    this.#count(by, item.kind, -1);
    return true;
  }

  #fell(victim: number, by: number, drops: readonly Drop[]): boolean {
    const isKnown = this.#change(victim, ({ falls }) => ({ falls: falls + 1 }));
    if (isKnown) this.#putDown(victim, drops);
    this.#change(by, ({ score, felled }) => ({ score: score + pointsForFelling, felled: felled + 1 }));
    return isKnown;
  }

  #say(number: number, text: string): boolean {
    const player = this.#players.get(number);
    if (player === undefined) return false;
    const line = { serial: this.#serial, number, name: player.name, hue: player.hue, text };
    this.#chat = [...this.#chat, line].slice(-chatLinesMax);
    return true;
  }

  /** All that the player holds lies on the ground; what `drops` does not mention lies where it was found. */
  #putDown(number: number, drops: readonly Drop[]): void {
    for (const item of this.heldBy(number)) {
      const at = drops.find((drop) => drop.item === item.number)?.at ?? item.at;
      this.#items.set(item.number, { ...item, holder: undefined, at });
      this.#count(number, item.kind, -1);
    }
  }

  #count(number: number, kind: ItemKind, change: number): void {
    this.#change(number, ({ carried }) => ({ carried: { ...carried, [kind]: carried[kind] + change } }));
  }

  #change(number: number, what: (player: LedgerPlayer) => Partial<LedgerPlayer>): boolean {
    const player = this.#players.get(number);
    if (player === undefined) return false;
    this.#players.set(number, { ...player, ...what(player) });
    return true;
  }
}
