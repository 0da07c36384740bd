import type { Rseq } from "../wire/ids.ts";
import type { Member } from "./member.ts";

/** One reliable message as it went out, kept until every gateway of the room has it. */
export interface SentMessage {
  readonly rseq: Rseq;
  readonly target: Target;
  /** 0: a message; otherwise the code that a session was closed with, and the payload is its reason. */
  readonly closeCode: number;
  readonly isText: boolean;
  readonly payload: Uint8Array;
}

export type Target =
  | { readonly kind: "all"; readonly except: Member | undefined }
  | { readonly kind: "one"; readonly member: Member }
  | { readonly kind: "some"; readonly members: readonly Member[] };

export interface TailLimits {
  readonly messagesMax: number;
  readonly bytesMax: number;
}

export const tailLimits: TailLimits = { messagesMax: 8_192, bytesMax: 8 * 1024 * 1024 };

/**
 * The end of a room's line of reliable messages. Bounded: above the limits the oldest are forgotten, and a gateway that would
 * have needed them learns of the gap when it binds.
 */
export class SentTail {
  #messages: SentMessage[] = [];
  #head = 0;
  #bytes = 0;
  /** Everything after this is kept. */
  #forgottenUpTo: Rseq;
  readonly #limits: TailLimits;

  constructor(forgottenUpTo: Rseq, limits: TailLimits = tailLimits) {
    this.#forgottenUpTo = forgottenUpTo;
    this.#limits = limits;
  }

  get forgottenUpTo(): Rseq {
    return this.#forgottenUpTo;
  }

  get length(): number {
    return this.#messages.length - this.#head;
  }

  push(message: SentMessage): void {
    this.#messages.push(message);
    this.#bytes += message.payload.length;
    while (this.length > this.#limits.messagesMax || (this.#bytes > this.#limits.bytesMax && this.length > 1))
      this.#shift();
  }

  /** Forgets what every gateway has. */
  trim(upTo: Rseq): void {
    for (let first = this.#messages[this.#head]; first && first.rseq <= upTo; first = this.#messages[this.#head])
      this.#shift();
    if (this.length === 0 && upTo > this.#forgottenUpTo) this.#forgottenUpTo = upTo;
  }

  /** What was sent after `rseq`, oldest first. */
  *after(rseq: Rseq): Iterable<SentMessage> {
    for (let index = this.#head; index < this.#messages.length; index += 1) {
      const message = this.#messages[index];
      if (message && message.rseq > rseq) yield message;
    }
  }

  #shift(): void {
    const first = this.#messages[this.#head];
    if (!first) return;
    this.#forgottenUpTo = first.rseq;
    this.#bytes -= first.payload.length;
    this.#head += 1;
    if (this.#head < 1_024 && this.#head * 2 < this.#messages.length) return;
    this.#messages = this.#messages.slice(this.#head);
    this.#head = 0;
  }
}
