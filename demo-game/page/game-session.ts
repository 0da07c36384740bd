import { encodeUp } from "../server/rules/messages.ts";
import { type Connection, openConnection } from "./net/connection.ts";
import type { LinkState } from "./net/link-state.ts";
import { socketUrl } from "./net/socket-url.ts";
import { Match } from "./play/match.ts";
import type { Profile } from "./profile.ts";

const pingEveryMs = 1000;

/** What a page has lived through, for people who look for trouble and for tests. Times in ms. */
export interface SessionRecord {
  /** How often the connection was lost. */
  readonly closes: number;
  readonly lastCloseCode: number | undefined;
  readonly states: number;
  /** Longest time between two states of one connection. */
  readonly longestSilenceMs: number;
  /** How often the room has changed its owner under this page. */
  readonly moves: number;
  /** Time between the last state of one owner and the first of the next, the last time that happened. */
  readonly lastMoveMs: number | undefined;
  /** Reliable events that never came, and those that came again. */
  readonly eventsMissed: number;
  readonly eventsRepeated: number;
}

export type SessionStanding =
  | LinkState
  | { readonly kind: "waiting" }
  /** No place left in this arena. */
  | { readonly kind: "full" };

/** This visitor in this room, for as long as the page is open: one connection after another, and a match on each. */
export class GameSession {
  readonly #room: string;
  readonly #token: string;
  readonly #connection: Connection;
  #profile: Profile;
  #match = this.#newMatch();
  #record: SessionRecord = {
    closes: 0,
    lastCloseCode: undefined,
    states: 0,
    longestSilenceMs: 0,
    moves: 0,
    lastMoveMs: undefined,
    eventsMissed: 0,
    eventsRepeated: 0,
  };
  #lastPingMs = 0;
  #stop: "outdated" | "full" | undefined;

  constructor(room: string, profile: Profile, token: string) {
    this.#room = room;
    this.#profile = profile;
    this.#token = token;
    this.#connection = openConnection(() => this.#url(), {
      onOpened: () => {
        const { eventsMissed, eventsRepeated } = this.record;
        this.#record = { ...this.#record, eventsMissed, eventsRepeated };
        this.#match = this.#newMatch();
      },
      onMessage: (bytes) => this.#receive(bytes),
      onClosed: (lastCloseCode) => {
        this.#record = { ...this.#record, closes: this.#record.closes + 1, lastCloseCode };
      },
    });
  }

  get match(): Match {
    return this.#match;
  }

  get record(): SessionRecord {
    const { missed, repeated } = this.#match.line;
    const { eventsMissed, eventsRepeated } = this.#record;
    return { ...this.#record, eventsMissed: eventsMissed + missed, eventsRepeated: eventsRepeated + repeated };
  }

  standing(nowMs: number): SessionStanding {
    if (this.#stop === "full") return { kind: "full" };
    if (this.#stop === "outdated") {
      return { kind: "stopped", code: 1000, why: "The game has been updated. Reload this page." };
    }
    const link = this.#connection.state;
    return link.kind === "open" && this.#match.isWaiting(nowMs) ? { kind: "waiting" } : link;
  }

  rename(profile: Profile): void {
    this.#profile = profile;
    this.#match.rename(profile.name);
  }

  retry(): void {
    if (this.#stop === undefined) this.#connection.retry();
  }

  /** To be called now and then: what is due with time. */
  elapse(nowMs: number): void {
    if (nowMs - this.#lastPingMs < pingEveryMs) return;
    this.#lastPingMs = nowMs;
    this.#match.ping(nowMs);
  }

  close(): void {
    this.#connection.close();
  }

  #newMatch(): Match {
    return new Match((message) => this.#connection.send(encodeUp(message)));
  }

  /** Name, colour and who we are is in the address, so that the room knows them whenever we join. */
  #url(): string {
    const { name, hue } = this.#profile;
    const query = new URLSearchParams({ name, hue: String(hue), token: this.#token });
    return socketUrl(`game/${this.#room}`, String(query));
  }

  #receive(bytes: Uint8Array): void {
    const nowMs = performance.now();
    const { lastStateMs, state: before } = this.#match;
    switch (this.#match.receive(bytes, nowMs)) {
      case "other-version":
        this.#stop = "outdated";
        this.#connection.close();
        return;
      case "full":
        this.#stop = "full";
        this.#connection.close();
        return;
      case "state": {
        const silenceMs = lastStateMs === undefined ? 0 : nowMs - lastStateMs;
        const { state } = this.#match;
        const hasMoved = before !== undefined && state !== undefined && state.epoch !== before.epoch;
        const { states, longestSilenceMs, moves, lastMoveMs } = this.#record;
        this.#record = {
          ...this.#record,
          states: states + 1,
          longestSilenceMs: Math.max(longestSilenceMs, silenceMs),
          moves: moves + (hasMoved ? 1 : 0),
          lastMoveMs: hasMoved ? silenceMs : lastMoveMs,
        };
        return;
      }
    }
  }
}
