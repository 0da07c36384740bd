import { type Place, unitsPerPixel } from "../../server/rules/arena.ts";
import {
  type DownMessage,
  decodeDown,
  gameVersion,
  type PlayerCard,
  type UpMessage,
} from "../../server/rules/messages.ts";
import type { Direction } from "../../server/rules/motion.ts";
import { stepsPerSecond, stepsPerTick } from "../../server/rules/timing.ts";
import { OwnFigure } from "./own-figure.ts";
import { Playback } from "./playback.ts";

const stepMs = 1000 / stepsPerSecond;
/** A page that was not drawn for longer than this (a hidden tab) does not make the steps up. */
const frameMsMax = 250;
/** Without a state for so long the room is being waited for. Above a planned move's pause, which nobody needs to hear of. */
export const silenceMsMax = 600;

/** A figure as it is to be drawn now. Places in pixels of the arena, velocity in pixels a second. */
export interface ShownFigure {
  readonly card: PlayerCard;
  readonly isOwn: boolean;
  readonly x: number;
  readonly y: number;
  readonly vx: number;
  readonly vy: number;
}

/** The page's side of one arena: knows no network, no screen and no clock. One for each connection. */
export class Match {
  readonly #send: (message: UpMessage) => void;
  readonly #cards = new Map<number, PlayerCard>();
  #you = 0;
  #own: OwnFigure | undefined;
  #nextNumber = 1;
  #playback = new Playback();
  #unsent: { first: number; directions: Direction[] } = { first: 0, directions: [] };
  #dueMs = 0;
  #lastFrameMs: number | undefined;
  #lastStateMs: number | undefined;
  #ping: { readonly token: number; readonly sentMs: number } | undefined;
  #pingMs: number | undefined;

  constructor(send: (message: UpMessage) => void) {
    this.#send = send;
  }

  get players(): ReadonlyMap<number, PlayerCard> {
    return this.#cards;
  }

  get own(): PlayerCard | undefined {
    return this.#cards.get(this.#you);
  }

  /** Pixels; `undefined` before the first state. */
  get ownPlace(): Place | undefined {
    const body = this.#own?.body;
    return body === undefined ? undefined : { x: body.x / unitsPerPixel, y: body.y / unitsPerPixel };
  }

  get lastStateMs(): number | undefined {
    return this.#lastStateMs;
  }

  /** Smoothed time to the room and back; `undefined` before the first answer. */
  get pingMs(): number | undefined {
    return this.#pingMs;
  }

  isWaiting(nowMs: number): boolean {
    return this.#lastStateMs === undefined || nowMs - this.#lastStateMs > silenceMsMax;
  }

  /** What it was. `other-version`: this page is not the server's any more. `malformed`: not understood, and ignored. */
  receive(bytes: Uint8Array, nowMs: number): DownMessage["kind"] | "malformed" | "other-version" {
    const message = decodeDown(bytes);
    if (message === undefined) return "malformed";
    if (message.kind === "welcome" && message.version !== gameVersion) return "other-version";
    this.#handle(message, nowMs);
    return message.kind;
  }

  ping(nowMs: number): void {
    // One at a time; one that has not come back for long is given up (pongs are not sent again after a move).
    if (this.#ping !== undefined && nowMs - this.#ping.sentMs < 5000) return;
    const token = ((this.#ping?.token ?? 0) + 1) % 0xffff_ffff;
    this.#ping = { token, sentMs: nowMs };
    this.#send({ kind: "ping", token });
  }

  rename(name: string): void {
    this.#send({ kind: "rename", name });
  }

  /** Does the steps that are due, and sends them a server's tick at a time. */
  frame(nowMs: number, direction: Direction): void {
    const elapsedMs = Math.min(Math.max(nowMs - (this.#lastFrameMs ?? nowMs), 0), frameMsMax);
    this.#lastFrameMs = nowMs;
    this.#dueMs += elapsedMs;
    this.#own?.elapse(elapsedMs);
    while (this.#dueMs >= stepMs) {
      this.#dueMs -= stepMs;
      this.#step(direction);
    }
  }

  figures(nowMs: number): ShownFigure[] {
    const figures: ShownFigure[] = [];
    for (const card of this.#cards.values()) {
      const isOwn = card.number === this.#you;
      const body = isOwn ? this.#ownBody() : this.#playback.shownAt(card.number, nowMs);
      if (body !== undefined) figures.push({ card, isOwn, ...inPixels(body) });
    }
    return figures;
  }

  #ownBody() {
    const own = this.#own;
    return own === undefined ? undefined : { ...own.body, ...own.shownAt(this.#dueMs / stepMs) };
  }

  #step(direction: Direction): void {
    const number = this.#own?.step(direction);
    if (number !== undefined) {
      if (this.#unsent.directions.length === 0) this.#unsent = { first: number, directions: [] };
      this.#unsent.directions.push(direction);
    }
    const { first, directions } = this.#unsent;
    const isComplete = directions.length >= stepsPerTick || (number === undefined && directions.length > 0);
    if (!isComplete) return;
    this.#unsent = { first: 0, directions: [] };
    this.#send({ kind: "steps", first, directions });
  }

  #handle(message: DownMessage, nowMs: number): void {
    switch (message.kind) {
      case "welcome":
        this.#begin(message.you, message.players);
        return;
      case "entered":
        this.#cards.set(message.player.number, message.player);
        return;
      case "left":
        this.#cards.delete(message.number);
        return;
      case "state": {
        this.#lastStateMs = nowMs;
        this.#playback.add(message.tick, message.figures, nowMs);
        const own = message.figures.find((figure) => figure.number === this.#you);
        if (own === undefined) return;
        if (this.#own === undefined) this.#own = new OwnFigure(own.body, this.#nextNumber);
        else this.#own.reconcile(own.body, own.lastStep);
        return;
      }
      case "pong": {
        if (message.token !== this.#ping?.token) return;
        const measured = nowMs - this.#ping.sentMs;
        this.#pingMs = this.#pingMs === undefined ? measured : this.#pingMs * 0.7 + measured * 0.3;
        this.#ping = { ...this.#ping, sentMs: Number.NEGATIVE_INFINITY };
        return;
      }
    }
  }

  /** A second welcome in the same connection: the room's server is gone, and we were joined again. */
  #begin(you: number, players: readonly PlayerCard[]): void {
    this.#you = you;
    this.#nextNumber = this.#own?.nextNumber ?? this.#nextNumber;
    this.#own = undefined;
    this.#unsent = { first: 0, directions: [] };
    this.#playback = new Playback();
    this.#cards.clear();
    for (const player of players) this.#cards.set(player.number, player);
  }
}

function inPixels(body: { readonly x: number; readonly y: number; readonly vx: number; readonly vy: number }) {
  const perSecond = stepsPerSecond / unitsPerPixel;
  return {
    x: body.x / unitsPerPixel,
    y: body.y / unitsPerPixel,
    vx: body.vx * perSecond,
    vy: body.vy * perSecond,
  };
}
