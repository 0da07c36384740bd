import { Chance } from "./chance.ts";
import { createFigure, type Figure, restoreFigure, type SavedFigure, saveFigure } from "./figure.ts";
import { Flight } from "./flight.ts";
import { nextItem, scatter } from "./item-rain.ts";
import { arena, chooseSpawn, figureRadius, type Place, unitsPerPixel } from "./rules/arena.ts";
import type { Bolt } from "./rules/bolts.ts";
import type { ArenaEvent } from "./rules/events.ts";
import { emptyHanded, healthMax, reloadTicksWith, speedWith } from "./rules/items.ts";
import type { Item, Ledger } from "./rules/ledger.ts";
import { playersMax } from "./rules/messages.ts";
import { moveBody } from "./rules/motion.ts";
import type { FigureState } from "./rules/states.ts";
import { ticksIn } from "./rules/timing.ts";

export interface SavedWorld {
  readonly tick: number;
  readonly chance: number;
  readonly nextBoltId: number;
  readonly figures: readonly SavedFigure[];
  readonly bolts: readonly Bolt[];
  /** Where players who are away were. */
  readonly parked: readonly (readonly [number: number, at: Place])[];
}

/** Makes an event count: it is in the ledger when the call returns. */
export type Record = (event: ArenaEvent) => void;

const tickMax = 0xffff_ffff;
const respawnTicks = ticksIn(2.5);
const safeTicks = ticksIn(1.5);
const itemEveryTicks = ticksIn(0.4);
const reachUnits = figureRadius + 14 * unitsPerPixel;
const parkedMax = 500;

/**
 * The simulation, without a network, a clock or chance of its own: the same calls give the same world on every machine. It moves
 * what may be lost; whatever counts it gives to `record`, and reads back from the ledger.
 */
export class World {
  #tick: number;
  readonly #ledger: Ledger;
  readonly #record: Record;
  readonly #chance: Chance;
  readonly #figures = new Map<number, Figure>();
  readonly #flight: Flight;
  readonly #parked = new Map<number, Place>();

  constructor(ledger: Ledger, record: Record, saved?: SavedWorld) {
    this.#ledger = ledger;
    this.#record = record;
    this.#tick = saved?.tick ?? 0;
    this.#chance = new Chance(saved?.chance ?? 1);
    this.#flight = new Flight(saved && { bolts: saved.bolts, nextId: saved.nextBoltId });
    for (const figure of saved?.figures ?? []) this.#figures.set(figure.number, restoreFigure(figure));
    for (const [number, at] of saved?.parked ?? []) this.#parked.set(number, at);
  }

  get tick(): number {
    return this.#tick;
  }

  /** By number of their players. */
  get figures(): ReadonlyMap<number, Figure> {
    return this.#figures;
  }

  get bolts(): readonly Bolt[] {
    return this.#flight.bolts;
  }

  /** Puts a player's figure into the arena: where it was, if it comes back. Does nothing where it is in. */
  enter(number: number): void {
    if (this.#figures.has(number)) return;
    const slot = this.#freeSlot();
    if (slot === undefined) return;
    const at = this.#parked.get(number) ?? this.#spawn(number);
    this.#parked.delete(number);
    this.#figures.set(number, createFigure(number, slot, at, this.#tick + safeTicks));
  }

  /** Takes it out. */
  leave(number: number): void {
    const figure = this.#figures.get(number);
    if (figure === undefined) return;
    this.#figures.delete(number);
    if (figure.backAtTick !== undefined) return;
    this.#parked.set(number, { x: figure.body.x, y: figure.body.y });
    const [oldest] = this.#parked.keys();
    if (this.#parked.size > parkedMax && oldest !== undefined) this.#parked.delete(oldest);
  }

  /** The player is gone for good: what it holds lies where it was. */
  dismiss(number: number): void {
    this.leave(number);
    const at = this.#parked.get(number) ?? this.#chance.pick(arena.itemSpots) ?? arena.bank;
    this.#parked.delete(number);
    this.#record({ kind: "left", number, drops: scatter(this.#ledger, number, at, this.#chance) });
  }

  /** Uses up a heart, where there is one and it is of use. */
  heal(number: number): void {
    const figure = this.#figures.get(number);
    if (figure === undefined || figure.backAtTick !== undefined || figure.health >= healthMax) return;
    if (this.#useUp(number, "heart")) figure.health = healthMax;
  }

  /** One tick: everybody's steps that have arrived, then what flies, then what lies around. */
  advance(): void {
    this.#tick = Math.min(this.#tick + 1, tickMax);
    const figures = [...this.#figures.values()];
    for (const figure of figures) this.#act(figure);
    this.#flight.advance(this.#tick, figures, (victim, by) => this.#hit(victim, by));
    this.#pickUp(figures);
    for (const figure of figures) this.#bank(figure);
    if (this.#tick % itemEveryTicks === 0) this.#rain();
  }

  /** What players see of each figure that is in, by slot. */
  states(): (FigureState | undefined)[] {
    const states = new Array<FigureState | undefined>(playersMax);
    for (const { slot, number, body, aim, health, safeUntilTick, backAtTick } of this.#figures.values()) {
      if (backAtTick === undefined) states[slot] = { number, body, aim, health, isSafe: this.#tick < safeUntilTick };
    }
    return states;
  }

  save(): SavedWorld {
    return {
      tick: this.#tick,
      chance: this.#chance.state,
      nextBoltId: this.#flight.nextId,
      figures: [...this.#figures.values()].map(saveFigure),
      bolts: this.#flight.bolts,
      parked: [...this.#parked],
    };
  }

  #act(figure: Figure): void {
    const steps = figure.queue.take();
    if (figure.backAtTick !== undefined) {
      // What it wants while it is out is done with, and does nothing.
      if (this.#tick >= figure.backAtTick) this.#comeBack(figure);
      return;
    }
    const carried = this.#ledger.players.get(figure.number)?.carried ?? emptyHanded;
    const speed = speedWith(carried);
    for (const step of steps) {
      figure.body = moveBody(figure.body, step, arena, speed);
      figure.aim = step.aim;
      // GAME-1: by the arena's time, so that no number of steps shoots faster.
      if (!step.isFiring || this.#tick < figure.readyAtTick) continue;
      figure.readyAtTick = this.#tick + reloadTicksWith(carried);
      figure.safeUntilTick = Math.min(figure.safeUntilTick, this.#tick);
      this.#flight.shoot(figure, this.#tick);
    }
  }

  #comeBack(figure: Figure): void {
    const { x, y } = this.#spawn(figure.number);
    figure.backAtTick = undefined;
    figure.body = { x, y, vx: 0, vy: 0 };
    figure.health = healthMax;
    figure.safeUntilTick = this.#tick + safeTicks;
  }

  #hit(victim: Figure, by: number): void {
    if (this.#tick < victim.safeUntilTick) return;
    if (this.#useUp(victim.number, "shield")) return;
    victim.health -= 1;
    this.#record({ kind: "hit", victim: victim.number, by });
    if (victim.health > 0) return;
    victim.backAtTick = this.#tick + respawnTicks;
    const drops = scatter(this.#ledger, victim.number, victim.body, this.#chance);
    this.#record({ kind: "felled", victim: victim.number, by, drops });
  }

  #pickUp(figures: readonly Figure[]): void {
    for (const item of [...this.#ledger.items.values()]) {
      if (item.holder !== undefined) continue;
      const taker = this.#nearestTaker(figures, item);
      if (taker !== undefined) this.#record({ kind: "taken", item: item.number, number: taker.number });
    }
  }

  /** GAME-1: only within reach. Of several the nearest, so that nobody wins by having come first. */
  #nearestTaker(figures: readonly Figure[], item: Item): Figure | undefined {
    let [taker, least]: [Figure | undefined, number] = [undefined, reachUnits * reachUnits];
    for (const figure of figures) {
      const [dx, dy] = [figure.body.x - item.at.x, figure.body.y - item.at.y];
      if (Math.abs(dx) > reachUnits || Math.abs(dy) > reachUnits || figure.backAtTick !== undefined) continue;
      const distance = dx * dx + dy * dy;
      if (distance <= least && this.#ledger.canTake(figure.number, item)) [taker, least] = [figure, distance];
    }
    return taker;
  }

  #bank({ number, body, backAtTick }: Figure): void {
    const { bank } = arena;
    if (backAtTick !== undefined || Math.hypot(body.x - bank.x, body.y - bank.y) > bank.radius) return;
    if ((this.#ledger.players.get(number)?.carried.gem ?? 0) > 0) this.#record({ kind: "banked", number });
  }

  #rain(): void {
    const next = nextItem(this.#ledger, this.#chance);
    if (next === undefined) return;
    const item = this.#ledger.itemsSpawned + 1;
    this.#record({ kind: "spawned", item, itemKind: next.kind, at: next.at });
  }

  #useUp(number: number, kind: Item["kind"]): boolean {
    if ((this.#ledger.players.get(number)?.carried[kind] ?? 0) === 0) return false;
    const item = this.#ledger.heldBy(number).find((held) => held.kind === kind);
    if (item === undefined) return false;
    this.#record({ kind: "used", item: item.number, number });
    return true;
  }

  #spawn(number: number): Place {
    const bodies = [...this.#figures.values()].filter(({ backAtTick }) => backAtTick === undefined);
    return chooseSpawn(
      arena.spawns,
      bodies.map(({ body }) => body),
      number,
    );
  }

  #freeSlot(): number | undefined {
    const used = new Set([...this.#figures.values()].map((figure) => figure.slot));
    for (let slot = 0; slot < playersMax; slot += 1) if (!used.has(slot)) return slot;
    return undefined;
  }
}
