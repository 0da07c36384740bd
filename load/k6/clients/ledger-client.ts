import type { ClientLink, Crowd, LoadClient } from "../load-client.ts";
import { LineJudge } from "./line-judge.ts";
import { readText, writeText } from "./numbered-text.ts";

type FromLedger = { readonly total: number; readonly digest: string } | { readonly n: number; readonly body: string };

/** Whatever comes has a place in the ledger, and is durable: the line of places has no hole, and one's own bodies are each in it once. */
class LedgerClient implements LoadClient {
  readonly #link: ClientLink;
  readonly #own: LineJudge;
  #places: LineJudge | undefined;
  #said = 0;

  constructor(link: ClientLink) {
    this.#link = link;
    this.#own = new LineJudge(link, 1, "own body");
  }

  speak(nowMs: number): void {
    this.#said += 1;
    this.#link.send(writeText({ sender: this.#link.name, number: this.#said, sentMs: nowMs, isLast: false }));
  }

  heard(data: string | ArrayBuffer, nowMs: number): void {
    const message = typeof data === "string" ? (JSON.parse(data) as FromLedger) : undefined;
    if (message === undefined) {
      this.#link.broken("a ledger speaks text");
    } else if ("total" in message) {
      if (this.#places !== undefined) this.#link.broken("welcomed twice");
      this.#places ??= new LineJudge(this.#link, message.total + 1, "place");
    } else if (this.#places === undefined) {
      this.#link.broken("told of a body before the welcome");
    } else {
      this.#places.note(message.n, nowMs);
      const text = readText(message.body);
      if (text === undefined) this.#link.broken("nobody has sent this body");
      if (text?.sender !== this.#link.name) return;
      this.#own.note(text.number, nowMs);
      this.#link.answered(text.sentMs);
    }
  }

  isSettled(): boolean {
    return this.#own.isComplete(this.#said);
  }

  finish(nowMs: number): void {
    this.#own.finish(this.#said, nowMs);
    this.#places?.finish(this.#places.last, nowMs);
  }
}

export const ledgerCrowd: Crowd = {
  app: "ledger",
  durability: "commit",
  membersPerRoom: 5,
  perSecond: 5,
  create: (link) => new LedgerClient(link),
};
