import "../text-codec.ts";
import { BotMind } from "../../../demo-game/bots/bot-mind.ts";
import { EventLine } from "../../../demo-game/page/play/event-line.ts";
import { emptyHanded } from "../../../demo-game/server/rules/items.ts";
import {
  decodeDown,
  encodeUp,
  gameVersion,
  type Received,
  stateType,
  stepsPerMessageMax,
  type UpMessage,
} from "../../../demo-game/server/rules/messages.ts";
import type { Step } from "../../../demo-game/server/rules/motion.ts";
import { StateReader } from "../../../demo-game/server/rules/state-reader.ts";
import type { SeenState } from "../../../demo-game/server/rules/states.ts";
import { stepsPerSecond } from "../../../demo-game/server/rules/timing.ts";
import type { ClientLink, Crowd, LoadClient } from "../load-client.ts";
import { LineJudge } from "./line-judge.ts";

/** As often as a message can hold the steps in between. */
const turnsPerSecond = stepsPerSecond / stepsPerMessageMax;
/** k6 runs JavaScript a hundred times slower than a browser: of thirty states a second a player looks at so many. */
const looksPerSecond = 2;
const pingEveryMs = 1_000;
/** Above the arena's own bound of one in 0.7 s. */
const sayEveryMs = 5_000;
const standing: Step = { x: 0, y: 0, aim: 0, isFiring: false };
/** Between two states of a player who is out, nothing needs to come for a while; this is no such pause. */
const stateGapMs = 100;

/**
 * Plays in an arena: gathers, banks, shoots, and says a numbered word now and then. It sends its sixty steps a second, is sent all
 * that a page is sent, and speaks with the page's own codec. The events that count must come to it each once and in order, its words
 * among them.
 */
class ArenaPlayer implements LoadClient {
  readonly #link: ClientLink;
  readonly #states = new StateReader();
  readonly #mind = new BotMind(Math.random);
  readonly #words: LineJudge;
  #line: EventLine | undefined;
  #told = { missed: 0, repeated: 0 };
  #you = 0;
  #state: SeenState | undefined;
  #stateMs: number | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #step = standing;
  #decidedFor: SeenState | undefined;
  #nextStep = 1;
  #saidWords = 0;
  readonly #saidMs = new Map<number, number>();
  #nextWordMs: number;
  #ping = { token: 0, sentMs: Number.NEGATIVE_INFINITY };

  constructor(link: ClientLink) {
    this.#link = link;
    this.#words = new LineJudge(link, 1, "word");
    this.#nextWordMs = link.nowMs() + sayEveryMs * Math.random();
  }

  speak(nowMs: number): void {
    if (this.#line === undefined) return;
    if (this.#decidedFor !== this.#state) this.#step = this.#decide(this.#line, nowMs);
    this.#decidedFor = this.#state;
    const steps = Array.from({ length: stepsPerMessageMax }, () => this.#step);
    this.#send({ kind: "steps", first: this.#nextStep, seenTick: this.#state?.tick ?? 0, steps });
    this.#nextStep += steps.length;
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
    const isState = bytes[0] === stateType;
    if (isState && !this.#looks(bytes, nowMs)) return;
    const message = decodeDown(bytes, this.#states);
    if (message !== undefined) this.#handle(message, nowMs);
    // A state continues an earlier one; pages too let go of what they cannot continue, and soon get a whole one.
    else if (!isState) this.#link.broken(`a message of type ${bytes[0]} that cannot be read`);
  }

  isSettled(): boolean {
    return this.#words.isComplete(this.#saidWords);
  }

  finish(nowMs: number): void {
    this.#words.finish(this.#saidWords, nowMs);
    const { ledger } = this.#line ?? new EventLine();
    if (ledger.items.size + ledger.itemsUsed !== ledger.itemsSpawned) this.#link.broken("items were lost or doubled");
  }

  #looks(bytes: Uint8Array, nowMs: number): boolean {
    if (this.#stateMs !== undefined && nowMs - this.#stateMs > stateGapMs) this.#link.waited(nowMs - this.#stateMs);
    this.#stateMs = nowMs;
    // The first state of a new owner is whole, and those that follow continue it.
    const isOfNewOwner = epochOf(bytes) !== this.#state?.epoch;
    if (!isOfNewOwner && nowMs - this.#lookedMs < 1_000 / looksPerSecond) return false;
    this.#lookedMs = nowMs;
    return true;
  }

  #handle(message: Received, nowMs: number): void {
    switch (message.kind) {
      case "welcome":
        if (this.#line !== undefined) this.#link.broken("welcomed twice");
        if (message.version !== gameVersion) this.#link.broken(`the arena's version is ${message.version}`);
        this.#you = message.you;
        this.#line ??= new EventLine(message.ledger);
        return;
      case "events":
        this.#fold(message, nowMs);
        return;
      case "state":
        this.#state = message.state;
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
      case "radar":
        return;
    }
  }

  /** Arenas count time in ticks, and none pass while one has no owner: the first word after that may be too much, and is said again. */
  #sayAgain(nowMs: number): void {
    if (!this.#saidMs.delete(this.#saidWords)) return;
    this.#saidWords -= 1;
    this.#nextWordMs = nowMs + pingEveryMs;
  }

  #fold({ serial, events }: Extract<Received, { kind: "events" }>, nowMs: number): void {
    const line = this.#line;
    if (line === undefined) {
      this.#link.broken("told of an event before the welcome");
      return;
    }
    line.receive(serial, events);
    line.takeNews();
    this.#link.found("gaps", line.missed - this.#told.missed, nowMs);
    this.#link.found("doubles", line.repeated - this.#told.repeated, nowMs);
    this.#told = { missed: line.missed, repeated: line.repeated };
    for (const event of events) {
      if (event.kind !== "said" || event.number !== this.#you) continue;
      const word = Number(event.text.slice("word ".length));
      this.#words.note(word, nowMs);
      const sentMs = this.#saidMs.get(word);
      this.#saidMs.delete(word);
      // From here on, since words that a pause has held back would come too close to each other.
      if (word === this.#saidWords) this.#nextWordMs = nowMs + sayEveryMs;
      if (sentMs !== undefined) this.#link.answered(sentMs);
    }
  }

  #decide({ ledger }: EventLine, nowMs: number): Step {
    const number = this.#you;
    const figures = this.#state?.figures;
    const body = figures?.get(number)?.body;
    if (figures === undefined || body === undefined) return standing;
    const carried = ledger.players.get(number)?.carried ?? emptyHanded;
    return this.#mind.decide({ nowMs, number, body, carried, ledger, figures: figures.values() });
  }

  #send(message: UpMessage): void {
    this.#link.send(encodeUp(message));
  }
}

/** The varint behind a state's type. Without a reader, since nearly all states are looked at no further. */
function epochOf(bytes: Uint8Array): number {
  let epoch = 0;
  for (let at = 1; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    epoch += (byte & 0x7f) * 128 ** (at - 1);
    if (byte < 0x80) break;
  }
  return epoch;
}

export const arenaCrowd: Crowd = {
  app: "game",
  durability: "commit",
  membersPerRoom: 20,
  perSecond: turnsPerSecond,
  query: (name) => `name=Load%20${name}&token=load-player-${name.padStart(16, "0")}`,
  create: (link) => new ArenaPlayer(link),
};
