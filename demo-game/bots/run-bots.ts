import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";
import { encodeUp } from "../server/rules/messages.ts";
import { Bot } from "./bot.ts";

export interface BotsOptions {
  /** As `ws://host:8080`. */
  readonly url: string;
  readonly room: string;
  readonly count: number;
  /** Names begin with this; default `Bot`. */
  readonly name?: string;
}

/** What the bots of one run have lived through together. */
export interface BotsReport {
  readonly connected: number;
  /** Sockets that ended by another side. */
  readonly closes: number;
  readonly states: number;
  readonly bytesDown: number;
  /** Reliable events that never came, and those that came again. */
  readonly eventsMissed: number;
  readonly eventsRepeated: number;
  /** Scores that were lower than before. */
  readonly scoresLost: number;
  /** Times at which what is on the ground, in hands and used up was not all that ever was. */
  readonly itemsAstray: number;
  /** Longest time between two states of a connection, in ms. */
  readonly longestSilenceMs: number;
  readonly corrections: number;
  readonly errorPxMax: number;
}

export interface RunningBots {
  report(): BotsReport;
  stop(): void;
}

const frameMs = 33;
const retryMs = { min: 200, spread: 1_300 };
const checkEveryFrames = 15;

/** Lets `count` bots play in a room until they are stopped. They come one after the other, and come back where they lose their connection. */
export function runBots({ url, room, count, name = "Bot" }: BotsOptions): RunningBots {
  const players = Array.from({ length: count }, (_, index) => {
    const query = new URLSearchParams({ name: `${name} ${index + 1}`, token: randomBytes(16).toString("hex") });
    return new BotPlayer(`${url}/rooms/game/${room}?${query}`, index * 20);
  });
  const timer = setInterval(() => {
    for (const player of players) player.elapse(performance.now());
  }, frameMs);
  return {
    report: () => players.map((player) => player.report).reduce(added),
    stop() {
      clearInterval(timer);
      for (const player of players) player.leave();
    },
  };
}

/** The longest and the worst count as one's own, everything else adds up. */
function added(one: BotsReport, other: BotsReport): BotsReport {
  return {
    connected: one.connected + other.connected,
    closes: one.closes + other.closes,
    states: one.states + other.states,
    bytesDown: one.bytesDown + other.bytesDown,
    eventsMissed: one.eventsMissed + other.eventsMissed,
    eventsRepeated: one.eventsRepeated + other.eventsRepeated,
    scoresLost: one.scoresLost + other.scoresLost,
    itemsAstray: one.itemsAstray + other.itemsAstray,
    longestSilenceMs: Math.max(one.longestSilenceMs, other.longestSilenceMs),
    corrections: one.corrections + other.corrections,
    errorPxMax: Math.max(one.errorPxMax, other.errorPxMax),
  };
}

/** One bot, its sockets one after the other, and what it has seen of them. */
class BotPlayer {
  readonly #url: string;
  #socket: WebSocket | undefined;
  #bot = this.#newBot();
  #timer: NodeJS.Timeout;
  #isLeft = false;
  #frames = 0;
  readonly #scores = new Map<string, number>();
  readonly #counts = { closes: 0, states: 0, bytesDown: 0, scoresLost: 0, itemsAstray: 0, longestSilenceMs: 0 };
  #past = { eventsMissed: 0, eventsRepeated: 0, corrections: 0, errorPxMax: 0 };

  constructor(url: string, delayMs: number) {
    this.#url = url;
    this.#timer = setTimeout(() => this.#connect(), delayMs);
  }

  get report(): BotsReport {
    const connected = this.#socket?.readyState === WebSocket.OPEN && this.#bot.match.isWelcome ? 1 : 0;
    return { connected, ...this.#counts, ...this.#soFar() };
  }

  elapse(nowMs: number): void {
    this.#bot.elapse(nowMs);
    this.#frames += 1;
    if (this.#frames % checkEveryFrames === 0) this.#check();
  }

  leave(): void {
    this.#isLeft = true;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  #newBot(): Bot {
    return new Bot(Math.random, (message) => {
      if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(encodeUp(message));
    });
  }

  #soFar() {
    const { line, prediction } = this.#bot.match;
    return {
      eventsMissed: this.#past.eventsMissed + line.missed,
      eventsRepeated: this.#past.eventsRepeated + line.repeated,
      corrections: this.#past.corrections + prediction.corrections,
      errorPxMax: Math.max(this.#past.errorPxMax, prediction.errorPxMax),
    };
  }

  #connect(): void {
    this.#past = this.#soFar();
    this.#bot = this.#newBot();
    const socket = new WebSocket(this.#url, { perMessageDeflate: false });
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.#receive(data));
    socket.on("error", () => {});
    socket.on("close", () => {
      if (this.#isLeft) return;
      this.#counts.closes += 1;
      this.#timer = setTimeout(() => this.#connect(), retryMs.min + Math.random() * retryMs.spread);
    });
  }

  #receive(data: Buffer): void {
    const nowMs = performance.now();
    const before = this.#bot.match.lastStateMs;
    this.#counts.bytesDown += data.length;
    if (this.#bot.receive(data, nowMs) !== "state") return;
    this.#counts.states += 1;
    this.#counts.longestSilenceMs = Math.max(this.#counts.longestSilenceMs, nowMs - (before ?? nowMs));
  }

  #check(): void {
    const { ledger } = this.#bot.match;
    if (ledger.items.size + ledger.itemsUsed !== ledger.itemsSpawned) this.#counts.itemsAstray += 1;
    for (const { id, number, score } of ledger.players.values()) {
      const who = `${id} ${number}`;
      if (score < (this.#scores.get(who) ?? 0)) this.#counts.scoresLost += 1;
      this.#scores.set(who, score);
    }
  }
}
