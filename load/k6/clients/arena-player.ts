import "../text-codec.ts";
import { BotMind } from "../../../demo-game/bots/bot-mind.ts";
import { emptyHanded } from "../../../demo-game/server/rules/items.ts";
import {
  decodeDown,
  encodeUp,
  eventsType,
  gameVersion,
  type Received,
  radarType,
  stateType,
  stepsPerMessageMax,
  stepsType,
  type UpMessage,
} from "../../../demo-game/server/rules/messages.ts";
import type { Step } from "../../../demo-game/server/rules/motion.ts";
import { StateReader } from "../../../demo-game/server/rules/state-reader.ts";
import { stepsPerSecond } from "../../../demo-game/server/rules/timing.ts";
import type { ClientLink, Crowd, LoadClient } from "../load-client.ts";
import { ArenaLog } from "./arena-log.ts";
import { LineJudge } from "./line-judge.ts";
import { Sight } from "./sight.ts";

/** As often as a message can hold the steps in between. */
const turnsPerSecond = stepsPerSecond / stepsPerMessageMax;
/**
 * k6 runs JavaScript a hundred times slower than a browser, so players look at few of their thirty states a second. The server remembers what
 * it has sent for just over a second: what comes later cannot be continued.
 */
const lookEveryMs = 700;
const pingEveryMs = 1_000;
/** Above the arena's own bound of one in 0.7 s. */
const sayEveryMs = 5_000;
const standing: Step = { x: 0, y: 0, aim: 0, isFiring: false };
/** Between two states of a player who is out, nothing needs to come for a while; this is no such pause. */
const stateGapMs = 100;
/** Of a message of steps: type, number of the first, newest state seen, count; then the steps. */
const headBytes = 10;
const stepBytes = 4;
const heldBytes = headBytes + stepsPerMessageMax * stepBytes;

/**
 * Plays in an arena: gathers, banks, shoots, and says a numbered word now and then. It sends its sixty steps a second, is sent all
 * that a page is sent, and speaks with the page's own codec. The events that count must come to it each once and in order, its words
 * among them, and be the same that others are told.
 */
class ArenaPlayer implements LoadClient {
  readonly #link: ClientLink;
  readonly #states = new StateReader();
  readonly #sight = new Sight();
  readonly #mind = new BotMind(Math.random);
  readonly #words: LineJudge;
  readonly #log: ArenaLog;
  /** Its own line of the arena's events; from the welcome on. */
  #events: LineJudge | undefined;
  /** Number of the last event that it must have heard before it may leave. */
  #until: number | undefined;
  #you = 0;
  /** When its newest state came; in an arena that it has just entered it has not waited yet. */
  #stateMs = Number.POSITIVE_INFINITY;
  #ownerByte: number | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #step = standing;
  /** Tick of the state that it stepped for. */
  #decidedFor = 0;
  #nextStep = 1;
  #saidWords = 0;
  readonly #saidMs = new Map<number, number>();
  #nextWordMs: number;
  #ping = { token: 0, sentMs: Number.NEGATIVE_INFINITY };

  constructor(link: ClientLink) {
    this.#link = link;
    this.#log = link.shared(() => new ArenaLog());
    this.#words = new LineJudge(link, 1, "word");
    this.#nextWordMs = link.nowMs() + sayEveryMs * Math.random();
  }

  speak(nowMs: number): void {
    if (this.#events === undefined) return;
    const { tick } = this.#sight;
    if (this.#decidedFor !== tick) this.#step = this.#decide(nowMs);
    this.#decidedFor = tick;
    this.#link.send(encodeHeldStep(this.#nextStep, tick, this.#step));
    this.#nextStep += stepsPerMessageMax;
    if (nowMs - this.#ping.sentMs >= pingEveryMs) {
      this.#ping = { token: this.#ping.token + 1, sentMs: nowMs };
      this.#send({ kind: "ping", token: this.#ping.token });
    }
    if (nowMs < this.#nextWordMs) return;
    this.#nextWordMs = Number.POSITIVE_INFINITY;
    this.#saidWords += 1;
    this.#saidMs.set(this.#saidWords, nowMs);
    this.#send({ kind: "say", text: `word ${this.#saidWords}` });
  }

  heard(data: string | ArrayBuffer, nowMs: number): void {
    if (typeof data === "string") {
      this.#link.broken("the arena speaks in bytes");
      return;
    }
    const bytes = new Uint8Array(data);
    switch (bytes[0]) {
      case stateType:
        if (this.#looks(bytes, nowMs)) this.#look(bytes, nowMs);
        return;
      case eventsType:
        this.#hear(bytes, nowMs);
        return;
      case radarType:
        // For the map of a page.
        return;
    }
    const message = decodeDown(bytes, this.#states);
    if (message === undefined) this.#link.broken(`a message of type ${bytes[0]} that cannot be read`);
    else this.#handle(message, nowMs);
  }

  isSettled(): boolean {
    this.#until ??= this.#log.serial;
    return this.#words.isComplete(this.#saidWords) && this.#events?.isComplete(this.#until) !== false;
  }

  finish(nowMs: number): void {
    this.#words.finish(this.#saidWords, nowMs);
    this.#events?.finish(this.#until ?? this.#log.serial, nowMs);
    const ledger = this.#log.ledger;
    if (ledger === undefined) return;
    if (ledger.items.size + ledger.itemsUsed !== ledger.itemsSpawned) this.#link.broken("items were lost or doubled");
  }

  #looks(bytes: Uint8Array, nowMs: number): boolean {
    const waitedMs = nowMs - this.#stateMs;
    this.#stateMs = nowMs;
    if (waitedMs > stateGapMs) this.#link.waited(waitedMs);
    // The first state of a new owner is whole, and those that follow continue it: the epoch's first byte tells.
    const isOfNewOwner = bytes[1] !== this.#ownerByte;
    if (!isOfNewOwner && nowMs - this.#lookedMs < lookEveryMs) return false;
    this.#ownerByte = bytes[1];
    return true;
  }

  /** A state continues an earlier one; pages too let go of what they cannot continue, and soon get another. */
  #look(bytes: Uint8Array, nowMs: number): void {
    const outcome = this.#sight.read(bytes);
    if (outcome === "seen") this.#lookedMs = nowMs;
    if (outcome === "malformed") this.#link.broken("a state that cannot be read");
  }

  #handle(message: Received, nowMs: number): void {
    switch (message.kind) {
      case "welcome":
        if (this.#events !== undefined) this.#link.broken("welcomed twice");
        if (message.version !== gameVersion) this.#link.broken(`the arena's version is ${message.version}`);
        this.#you = message.you;
        this.#log.begin(message.ledger);
        this.#events ??= new LineJudge(this.#link, message.ledger.serial + 1, "event");
        return;
      case "pong":
        // Pongs are not sent again: one that is lost in a move is not missing.
        if (message.token === this.#ping.token) this.#link.answered(this.#ping.sentMs);
        return;
      case "full":
        this.#link.broken("the arena is full");
        return;
      case "quiet":
        this.#sayAgain(nowMs);
        return;
    }
  }

  /** Arenas count time in ticks, and none pass while one has no owner: the first word after that may be too much, and is said again. */
  #sayAgain(nowMs: number): void {
    if (!this.#saidMs.delete(this.#saidWords)) return;
    this.#saidWords -= 1;
    this.#nextWordMs = nowMs + pingEveryMs;
  }

  #hear(bytes: Uint8Array, nowMs: number): void {
    const told = this.#log.read(bytes);
    if (told === undefined || this.#events === undefined) {
      this.#link.broken(
        told === undefined ? "events that cannot be read, or not as another was told" : "no welcome yet",
      );
      return;
    }
    const { serial, events } = told;
    for (let offset = 0; offset < events.length; offset += 1) {
      this.#events.note(serial + offset, nowMs);
      const event = events[offset];
      if (event?.kind === "said" && event.number === this.#you) this.#hearWord(event.text, nowMs);
    }
  }

  #hearWord(text: string, nowMs: number): void {
    const word = Number(text.slice("word ".length));
    this.#words.note(word, nowMs);
    const sentMs = this.#saidMs.get(word);
    this.#saidMs.delete(word);
    // From here on, since words that a pause has held back would come too close to each other.
    if (word === this.#saidWords) this.#nextWordMs = nowMs + sayEveryMs;
    if (sentMs !== undefined) this.#link.answered(sentMs);
  }

  #decide(nowMs: number): Step {
    const number = this.#you;
    const { ledger } = this.#log;
    const { figures } = this.#sight;
    const body = figures.get(number)?.body;
    if (ledger === undefined || body === undefined) return standing;
    const carried = ledger.players.get(number)?.carried ?? emptyHanded;
    return this.#mind.decide({ nowMs, number, body, carried, ledger, figures });
  }

  #send(message: UpMessage): void {
    this.#link.send(encodeUp(message));
  }
}

/**
 * The message of steps that {@link encodeUp} would write for one step that is held for as long as a message lasts. Most of what a player
 * says, and k6 takes ten times as long for writing each step anew. A `DataView`, since k6 looks for a number in each name that an array
 * of bytes is asked for, be it `length`.
 */
export function encodeHeldStep(first: number, seenTick: number, { x, y, aim, isFiring }: Step): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(heldBytes));
  view.setUint8(0, stepsType);
  view.setUint32(1, first, true);
  view.setUint32(5, seenTick, true);
  view.setUint8(9, stepsPerMessageMax);
  const step = (x & 0xff) | ((y & 0xff) << 8) | (aim << 16) | (isFiring ? 1 << 24 : 0);
  for (let at = headBytes; at < heldBytes; at += stepBytes) view.setInt32(at, step, true);
  return view.buffer;
}

export const arenaCrowd: Crowd = {
  app: "game",
  durability: "commit",
  membersPerRoom: 20,
  perSecond: turnsPerSecond,
  query: (name) => `name=Load%20${name}&token=load-player-${name.padStart(16, "0")}`,
  create: (link) => new ArenaPlayer(link),
};
