import { Match } from "../page/play/match.ts";
import type { Received, UpMessage } from "../server/rules/messages.ts";
import { BotMind, type Chance } from "./bot-mind.ts";

const chatter = ["hello", "nice one", "mine!", "to the bank", "ouch", "well shot", "gems over here", "again?"];
const chatPerThought = 0.002;
const pingEveryMs = 1000;

/** A bot in one connection: a page's own side of the game with a mind in front of it. No network and no clock in it. */
export class Bot {
  readonly match: Match;
  readonly #mind: BotMind;
  readonly #chance: Chance;
  #lastPingMs = Number.NEGATIVE_INFINITY;

  constructor(chance: Chance, send: (message: UpMessage) => void) {
    this.#chance = chance;
    this.#mind = new BotMind(chance);
    this.match = new Match(send);
  }

  receive(bytes: Uint8Array, nowMs: number): Received["kind"] | "malformed" | "other-version" {
    return this.match.receive(bytes, nowMs);
  }

  /** About thirty times a second. */
  elapse(nowMs: number): void {
    const { match } = this;
    if (!match.isWelcome) return;
    if (nowMs - this.#lastPingMs > pingEveryMs) {
      this.#lastPingMs = nowMs;
      match.ping(nowMs);
    }
    const { own, ownBody: body, state, ledger, carried } = match;
    match.line.takeNews();
    if (own === undefined || body === undefined || state === undefined) {
      match.frame(nowMs, { x: 0, y: 0, aim: 0, isFiring: false });
      return;
    }
    const { number } = own;
    match.frame(nowMs, this.#mind.decide({ nowMs, number, body, carried, ledger, figures: state.figures }));
    if (carried.heart > 0 && state.figures.get(number)?.health === 1) match.heal();
    if (this.#chance() < chatPerThought) match.say(chatter[Math.floor(this.#chance() * chatter.length)] ?? "hello");
  }
}
