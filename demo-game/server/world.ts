import { arena, chooseSpawn } from "./rules/arena.ts";
import { type FigureState, type PlayerCard, playersMax } from "./rules/messages.ts";
import { type Body, moveBody } from "./rules/motion.ts";
import { sanitizeName } from "./rules/names.ts";
import { tickHz } from "./rules/timing.ts";
import { type SavedStepQueue, StepQueue } from "./step-queue.ts";

/** One player in the arena. The session is whose it is; others know it by its number. */
export interface Player {
  readonly session: string;
  readonly card: PlayerCard;
  readonly body: Body;
  readonly queue: StepQueue;
  /** Tick from which on it may change its name (again). */
  readonly renamableAtTick: number;
}

export interface SavedPlayer extends Omit<Player, "queue"> {
  readonly queue: SavedStepQueue;
}

export interface SavedWorld {
  readonly tick: number;
  readonly lastNumber: number;
  readonly players: readonly SavedPlayer[];
}

const numberMax = 0xffff;
const tickMax = 0xffff_ffff;
/** Every change of a name goes to everybody, so it has its price. */
const ticksBetweenRenames = tickHz;
/** Neighbouring numbers get colours far apart on the wheel: the golden angle. */
const hueStep = 137.508;

/**
 * The simulation, without a network, a clock or chance: the same calls give the same world on every machine. What shoots, lies
 * around or is carried will be a part of its own beside the players, advanced in the same tick.
 */
export class World {
  #tick: number;
  #lastNumber: number;
  readonly #players = new Map<string, Player>();

  constructor(saved: SavedWorld = { tick: 0, lastNumber: 0, players: [] }) {
    this.#tick = saved.tick;
    this.#lastNumber = saved.lastNumber;
    for (const player of saved.players) {
      this.#players.set(player.session, { ...player, queue: new StepQueue(player.queue) });
    }
  }

  get tick(): number {
    return this.#tick;
  }

  /** By session. */
  get players(): ReadonlyMap<string, Player> {
    return this.#players;
  }

  /** Puts a new figure into the arena. `undefined` if it is full. A session that is in already must leave first. */
  enter(session: string, wanted: { readonly name: string; readonly hue: number | undefined }): Player | undefined {
    if (this.#players.size >= playersMax || this.#players.has(session)) return undefined;
    const number = this.#freeNumber();
    const bodies = [...this.#players.values()].map((player) => player.body);
    const { x, y } = chooseSpawn(arena.spawns, bodies, number);
    const hue = wanted.hue ?? Math.trunc((number * hueStep) % 360);
    const player: Player = {
      session,
      card: { number, hue, name: sanitizeName(wanted.name) },
      body: { x, y, vx: 0, vy: 0 },
      queue: new StepQueue(),
      renamableAtTick: 0,
    };
    this.#players.set(session, player);
    return player;
  }

  /** The player that has left, if it was in. */
  leave(session: string): Player | undefined {
    const player = this.#players.get(session);
    this.#players.delete(session);
    return player;
  }

  /** The player with its new name; `undefined` if nothing changed: the same name, or too soon after the last change. */
  rename(session: string, name: string): Player | undefined {
    const player = this.#players.get(session);
    const clean = sanitizeName(name);
    if (player === undefined || player.card.name === clean || this.#tick < player.renamableAtTick) return undefined;
    const renamableAtTick = this.#tick + ticksBetweenRenames;
    const renamed = { ...player, card: { ...player.card, name: clean }, renamableAtTick };
    this.#players.set(session, renamed);
    return renamed;
  }

  /** One tick: every player's figure does the steps that have arrived for it. */
  advance(): void {
    this.#tick = Math.min(this.#tick + 1, tickMax);
    for (const player of this.#players.values()) {
      let body = player.body;
      for (const direction of player.queue.take()) body = moveBody(body, direction, arena);
      if (body !== player.body) this.#players.set(player.session, { ...player, body });
    }
  }

  figures(): FigureState[] {
    const figures: FigureState[] = [];
    for (const { card, body, queue } of this.#players.values()) {
      figures.push({ number: card.number, body, lastStep: queue.lastDone });
    }
    return figures;
  }

  save(): SavedWorld {
    const players = [...this.#players.values()].map((player) => ({ ...player, queue: player.queue.save() }));
    return { tick: this.#tick, lastNumber: this.#lastNumber, players };
  }

  /** Numbers go round, so that one is not used again soon: a late state must not move a stranger. */
  #freeNumber(): number {
    const used = new Set([...this.#players.values()].map((player) => player.card.number));
    do {
      this.#lastNumber = this.#lastNumber >= numberMax ? 1 : this.#lastNumber + 1;
    } while (used.has(this.#lastNumber));
    return this.#lastNumber;
  }
}
