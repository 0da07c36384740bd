import type { ClientLink, Crowd, LoadClient } from "../load-client.ts";
import { LineJudge } from "./line-judge.ts";
import { readText, writeText } from "./numbered-text.ts";

/** One sender, as one member hears it: from the first message on that this member gets. */
interface Heard {
  readonly line: LineJudge;
  /** Number of its last message; `undefined` until that has come. */
  last: number | undefined;
}

/** Each frame goes to all members: each hears every other one's line from its own joining on, and its own from the beginning. */
class FanClient implements LoadClient {
  readonly #link: ClientLink;
  readonly #senders = new Map<string, Heard>();
  #said = 0;
  #hasSaidLast = false;

  constructor(link: ClientLink) {
    this.#link = link;
    this.#senders.set(link.name, { line: new LineJudge(link, 1), last: undefined });
  }

  speak(nowMs: number): void {
    this.#say(nowMs, false);
  }

  heard(data: string | ArrayBuffer, nowMs: number): void {
    const text = typeof data === "string" ? readText(data) : undefined;
    if (text === undefined) {
      this.#link.broken("nobody in this room says such a thing");
      return;
    }
    let heard = this.#senders.get(text.sender);
    if (heard === undefined) {
      heard = { line: new LineJudge(this.#link), last: undefined };
      this.#senders.set(text.sender, heard);
    }
    heard.line.note(text.number, nowMs);
    if (text.isLast) heard.last = text.number;
    // Fractions of others' times are of this clock too, but one sample for each message is enough.
    if (text.sender === this.#link.name) this.#link.answered(text.sentMs);
  }

  isSettled(nowMs: number): boolean {
    if (!this.#hasSaidLast) {
      this.#hasSaidLast = true;
      this.#say(nowMs, true);
    }
    for (const { line, last } of this.#senders.values()) {
      if (last === undefined || !line.isComplete(last)) return false;
    }
    return true;
  }

  finish(nowMs: number): void {
    this.#senders.get(this.#link.name)?.line.finish(this.#said, nowMs);
    for (const [sender, { line, last }] of this.#senders) {
      if (sender !== this.#link.name) line.finish(last ?? line.last + 1, nowMs);
    }
  }

  #say(nowMs: number, isLast: boolean): void {
    this.#said += 1;
    this.#link.send(writeText({ sender: this.#link.name, number: this.#said, sentMs: nowMs, isLast }));
  }
}

export const fanCrowd: Crowd = {
  app: "fan",
  durability: "memory",
  membersPerRoom: 10,
  perSecond: 2,
  create: (link) => new FanClient(link),
};
