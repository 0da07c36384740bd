import { encodeUp } from "../server/rules/messages.ts";
import { type Connection, openConnection } from "./net/connection.ts";
import type { LinkState } from "./net/link-state.ts";
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
}

export type SessionStanding = LinkState | { readonly kind: "waiting" };

/** This visitor in this room, for as long as the page is open: one connection after another, and a match on each. */
export class GameSession {
  readonly #room: string;
  readonly #connection: Connection;
  #profile: Profile;
  #match = this.#newMatch();
  #record: SessionRecord = { closes: 0, lastCloseCode: undefined, states: 0, longestSilenceMs: 0 };
  #lastPingMs = 0;
  #isOutdated = false;

  constructor(room: string, profile: Profile) {
    this.#room = room;
    this.#profile = profile;
    this.#connection = openConnection(() => this.#url(), {
      onOpened: () => {
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
    return this.#record;
  }

  standing(nowMs: number): SessionStanding {
    if (this.#isOutdated) return { kind: "stopped", code: 1000, why: "The game has been updated. Reload this page." };
    const link = this.#connection.state;
    return link.kind === "open" && this.#match.isWaiting(nowMs) ? { kind: "waiting" } : link;
  }

  rename(profile: Profile): void {
    this.#profile = profile;
    this.#match.rename(profile.name);
  }

  retry(): void {
    if (!this.#isOutdated) this.#connection.retry();
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

  /** Name and colour are in the address, so that the room knows them whenever it joins us again. */
  #url(): string {
    const { protocol, host } = window.location;
    const query = new URLSearchParams({ name: this.#profile.name, hue: String(this.#profile.hue) });
    return `${protocol === "https:" ? "wss:" : "ws:"}//${host}/rooms/game/${this.#room}?${query}`;
  }

  #receive(bytes: Uint8Array): void {
    const nowMs = performance.now();
    const before = this.#match.lastStateMs;
    switch (this.#match.receive(bytes, nowMs)) {
      case "other-version":
        this.#isOutdated = true;
        this.#connection.close();
        return;
      case "welcome":
        // Joined again after a crash we come as we first came, which may be before a change of name.
        if (this.#match.own?.name !== this.#profile.name) this.#match.rename(this.#profile.name);
        return;
      case "state": {
        const silenceMs = before === undefined ? 0 : nowMs - before;
        const longestSilenceMs = Math.max(this.#record.longestSilenceMs, silenceMs);
        this.#record = { ...this.#record, states: this.#record.states + 1, longestSilenceMs };
        return;
      }
    }
  }
}
