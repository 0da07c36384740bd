import { type Place, unitsPerPixel } from "../../server/rules/arena.ts";
import { type Carried, emptyHanded, reloadTicksWith, speedWith } from "../../server/rules/items.ts";
import type { Ledger, LedgerPlayer } from "../../server/rules/ledger.ts";
import { type Blip, decodeDown, gameVersion, type Received, type UpMessage } from "../../server/rules/messages.ts";
import type { Body, Step } from "../../server/rules/motion.ts";
import { StateReader } from "../../server/rules/state-reader.ts";
import type { FigureState, SeenState } from "../../server/rules/states.ts";
import { stepsPerSecond, stepsPerTick } from "../../server/rules/timing.ts";
import { EventLine } from "./event-line.ts";
import { OwnFigure } from "./own-figure.ts";
import { OwnShots } from "./own-shots.ts";
import { Playback } from "./playback.ts";

const stepMs = 1000 / stepsPerSecond;
/** A page that was not drawn for longer than this (a hidden tab) does not make the steps up. */
const frameMsMax = 250;
/** Without a state for so long the room is being waited for. Above a planned move's pause, which nobody needs to hear of. */
export const silenceMsMax = 600;
/** A page that has nothing else to say tells after so many states what it has seen. */
const statesBetweenSeen = 5;
/** The room gets no further with our steps for so many states, though we wait: what it has not got it will never get. */
const statesStuckMax = 15;

/** A figure as it is to be drawn now. Places in pixels of the arena, velocity in pixels a second. */
export interface ShownFigure {
  readonly player: LedgerPlayer;
  readonly isOwn: boolean;
  readonly x: number;
  readonly y: number;
  readonly vx: number;
  readonly vy: number;
  /** 256 directions, clockwise from the right. */
  readonly aim: number;
  readonly health: number;
  readonly isSafe: boolean;
}

/** Pixels of the arena. */
export interface ShownBolt {
  readonly x: number;
  readonly y: number;
  readonly aim: number;
  readonly by: number;
}

/** How right the prediction of one's own figure was, over the states of this match. */
export interface PredictionRecord {
  readonly states: number;
  readonly corrections: number;
  /** Pixels. */
  readonly errorPxMax: number;
  readonly errorPxSum: number;
}

/** The page's side of one arena: knows no network, no screen and no clock. One for each connection. */
export class Match {
  readonly #send: (message: UpMessage) => void;
  readonly #states = new StateReader();
  #line = new EventLine();
  #isWelcome = false;
  #you = 0;
  #own: OwnFigure | undefined;
  #nextNumber = 1;
  #shots = new OwnShots();
  #playback = new Playback();
  #state: SeenState | undefined;
  #blips: readonly Blip[] = [];
  #server: string | undefined;
  #unsent: { first: number; steps: Step[] } = { first: 0, steps: [] };
  #statesUnsaid = 0;
  #statesStuck = 0;
  #dueMs = 0;
  #shotsFired = 0;
  #lastFrameMs: number | undefined;
  #lastStateMs: number | undefined;
  #prediction: PredictionRecord = { states: 0, corrections: 0, errorPxMax: 0, errorPxSum: 0 };
  #ping: { readonly token: number; readonly sentMs: number } | undefined;
  #pingMs: number | undefined;

  constructor(send: (message: UpMessage) => void) {
    this.#send = send;
  }

  /** Who is here and who has what, as of the last event. */
  get ledger(): Ledger {
    return this.#line.ledger;
  }

  get line(): EventLine {
    return this.#line;
  }

  get isWelcome(): boolean {
    return this.#isWelcome;
  }

  get own(): LedgerPlayer | undefined {
    return this.ledger.players.get(this.#you);
  }

  get carried(): Carried {
    return this.own?.carried ?? emptyHanded;
  }

  /** The newest state; what is drawn is older, but for one's own figure. */
  get state(): SeenState | undefined {
    return this.#state;
  }

  get ownBody(): Body | undefined {
    return this.#own?.body;
  }

  /** Pixels; `undefined` before the first state, and while one's figure is out. */
  get ownPlace(): Place | undefined {
    const body = this.#own?.body;
    return body === undefined ? undefined : { x: body.x / unitsPerPixel, y: body.y / unitsPerPixel };
  }

  get blips(): readonly Blip[] {
    return this.#blips;
  }

  /** The room server that has the arena; `undefined` before it has said so. */
  get server(): string | undefined {
    return this.#server;
  }

  get lastStateMs(): number | undefined {
    return this.#lastStateMs;
  }

  get prediction(): PredictionRecord {
    return this.#prediction;
  }

  /** Shots that one's own figure has fired. */
  get shotsFired(): number {
    return this.#shotsFired;
  }

  /** Smoothed time to the room and back; `undefined` before the first answer. */
  get pingMs(): number | undefined {
    return this.#pingMs;
  }

  isWaiting(nowMs: number): boolean {
    return this.#lastStateMs === undefined || nowMs - this.#lastStateMs > silenceMsMax;
  }

  /** What it was. `other-version`: this page is not the server's any more. `malformed`: not understood, and ignored. */
  receive(bytes: Uint8Array, nowMs: number): Received["kind"] | "malformed" | "other-version" {
    const message = decodeDown(bytes, this.#states);
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

  say(text: string): void {
    this.#send({ kind: "say", text });
  }

  heal(): void {
    this.#send({ kind: "heal" });
  }

  /** Does the steps that are due, and sends them a server's tick at a time. */
  frame(nowMs: number, wish: Step): void {
    const elapsedMs = Math.min(Math.max(nowMs - (this.#lastFrameMs ?? nowMs), 0), frameMsMax);
    this.#lastFrameMs = nowMs;
    this.#dueMs += elapsedMs;
    this.#own?.elapse(elapsedMs);
    while (this.#dueMs >= stepMs) {
      this.#dueMs -= stepMs;
      this.#step(wish);
    }
  }

  figures(nowMs: number): ShownFigure[] {
    const figures: ShownFigure[] = [];
    for (const player of this.ledger.players.values()) {
      const isOwn = player.number === this.#you;
      const figure = isOwn ? this.#ownFigure() : this.#playback.shownAt(player.number, nowMs);
      if (figure === undefined || !player.isHere) continue;
      const { aim, health, isSafe } = figure;
      figures.push({ player, isOwn, aim, health, isSafe, ...inPixels(figure.body) });
    }
    return figures;
  }

  bolts(nowMs: number): ShownBolt[] {
    const others: Place[] = [];
    for (const number of this.#state?.figures.keys() ?? []) {
      const body = number === this.#you ? undefined : this.#playback.shownAt(number, nowMs)?.body;
      if (body !== undefined) others.push(body);
    }
    const own = this.#shots.shownAt(this.#dueMs / stepMs, others).map((shot) => ({ ...shot, by: this.#you }));
    const theirs = this.#playback.boltsAt(nowMs).filter(({ bolt }) => bolt.by !== this.#you);
    const all = [...own, ...theirs.map(({ bolt, x, y }) => ({ x, y, aim: bolt.aim, by: bolt.by }))];
    return all.map(({ x, y, aim, by }) => ({ x: x / unitsPerPixel, y: y / unitsPerPixel, aim, by }));
  }

  #ownFigure(): FigureState | undefined {
    const [own, state] = [this.#own, this.#state?.figures.get(this.#you)];
    if (own === undefined || state === undefined) return undefined;
    return { ...state, aim: own.aim, body: { ...own.body, ...own.shownAt(this.#dueMs / stepMs) } };
  }

  #step(wish: Step): void {
    const number = this.#own?.step(wish, speedWith(this.carried));
    const isReady = number !== undefined && wish.isFiring;
    if (this.#shots.elapse(this.#own?.body, wish.aim, isReady, reloadTicksWith(this.carried))) this.#shotsFired += 1;
    if (number !== undefined) {
      if (this.#unsent.steps.length === 0) this.#unsent = { first: number, steps: [] };
      this.#unsent.steps.push(wish);
    }
    const { first, steps } = this.#unsent;
    const isComplete = steps.length >= stepsPerTick || (number === undefined && steps.length > 0);
    if (!isComplete) return;
    this.#unsent = { first: 0, steps: [] };
    this.#statesUnsaid = 0;
    this.#send({ kind: "steps", first, seenTick: this.#state?.tick ?? 0, steps });
  }

  #handle(message: Received, nowMs: number): void {
    switch (message.kind) {
      case "welcome":
        this.#isWelcome = true;
        this.#you = message.you;
        this.#line = new EventLine(message.ledger);
        return;
      case "events":
        this.#line.receive(message.serial, message.events);
        return;
      case "state":
        this.#see(message.state, nowMs);
        return;
      case "radar":
        this.#blips = message.blips;
        return;
      case "home":
        this.#server = message.server;
        return;
      case "pong": {
        if (message.token !== this.#ping?.token) return;
        const measured = nowMs - this.#ping.sentMs;
        this.#pingMs = this.#pingMs === undefined ? measured : this.#pingMs * 0.7 + measured * 0.3;
        this.#ping = { ...this.#ping, sentMs: Number.NEGATIVE_INFINITY };
        return;
      }
      case "full":
      case "quiet":
        return;
    }
  }

  #see(state: SeenState, nowMs: number): void {
    const before = this.#state;
    if (before !== undefined && before.epoch === state.epoch && state.tick <= before.tick) return;
    // GAME-6: a new owner that is behind the old one has not got all of what that one knew.
    if (before !== undefined && state.tick <= before.tick) this.#beginAnew();
    this.#state = state;
    this.#lastStateMs = nowMs;
    this.#playback.add(state, nowMs);
    const isStuck = this.#own?.isWaiting === true && state.lastStep === before?.lastStep;
    this.#statesStuck = isStuck ? this.#statesStuck + 1 : 0;
    if (this.#statesStuck > statesStuckMax) this.#beginAnew();
    this.#reconcile(state);
    this.#statesUnsaid += 1;
    if (this.#statesUnsaid < statesBetweenSeen) return;
    this.#statesUnsaid = 0;
    this.#send({ kind: "seen", tick: state.tick });
  }

  #reconcile(state: SeenState): void {
    const figure = state.figures.get(this.#you);
    if (figure === undefined) {
      this.#giveUpOwn();
      return;
    }
    if (this.#own === undefined) {
      this.#own = new OwnFigure(figure.body, this.#nextNumber);
      return;
    }
    const errorPx = this.#own.reconcile(figure.body, state.lastStep, speedWith(this.carried)) / unitsPerPixel;
    const { states, corrections, errorPxMax, errorPxSum } = this.#prediction;
    this.#prediction = {
      states: states + 1,
      corrections: corrections + (errorPx > 0 ? 1 : 0),
      errorPxMax: Math.max(errorPxMax, errorPx),
      errorPxSum: errorPxSum + errorPx,
    };
  }

  #beginAnew(): void {
    this.#statesStuck = 0;
    this.#playback = new Playback();
    this.#giveUpOwn();
  }

  #giveUpOwn(): void {
    this.#nextNumber = this.#own?.nextNumber ?? this.#nextNumber;
    this.#own = undefined;
    this.#unsent = { first: 0, steps: [] };
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
