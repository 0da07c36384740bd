import type { ClientLink, Crowd, LoadClient } from "../load-client.ts";
import { LineJudge } from "./line-judge.ts";
import { readText, writeText } from "./numbered-text.ts";

/** Each frame comes back to whoever has sent it. */
class EchoClient implements LoadClient {
  readonly #link: ClientLink;
  readonly #line: LineJudge;
  #said = 0;

  constructor(link: ClientLink) {
    this.#link = link;
    this.#line = new LineJudge(link, 1);
  }

  speak(nowMs: number): void {
    this.#said += 1;
    this.#link.send(writeText({ sender: this.#link.name, number: this.#said, sentMs: nowMs, isLast: false }));
  }

  heard(data: string | ArrayBuffer, nowMs: number): void {
    const text = typeof data === "string" ? readText(data) : undefined;
    if (text?.sender !== this.#link.name) {
      this.#link.broken("this is no echo");
      return;
    }
    this.#line.note(text.number, nowMs);
    this.#link.answered(text.sentMs);
  }

  isSettled(): boolean {
    return this.#line.isComplete(this.#said);
  }

  finish(nowMs: number): void {
    this.#line.finish(this.#said, nowMs);
  }
}

export const echoCrowd: Crowd = {
  app: "echo",
  durability: "memory",
  membersPerRoom: 10,
  perSecond: 10,
  create: (link) => new EchoClient(link),
};

/** They only sit there, and say something now and then so that it shows that they are still heard. */
export const idleCrowd: Crowd = { ...echoCrowd, perSecond: 0.1 };
