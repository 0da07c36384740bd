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
  /** Of what was said, and of the names of those whom it was for. */
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
  #lostUpTo: Rseq;
  readonly #limits: TailLimits;

  constructor(lostUpTo: Rseq, limits: TailLimits = tailLimits) {
    this.#lostUpTo = lostUpTo;
    this.#limits = limits;
  }

  /** The last message that had to be forgotten before every gateway had it; 0 if none. */
  get lostUpTo(): Rseq {
    return this.#lostUpTo;
  }

  get length(): number {
    return this.#messages.length - this.#head;
  }

  push(message: SentMessage): void {
    this.#messages.push(message);
    this.#bytes += bytesOf(message);
    while (this.length > this.#limits.messagesMax || (this.#bytes > this.#limits.bytesMax && this.length > 1)) {
      this.#lostUpTo = this.#shift();
    }
  }

  /** Everything up to `rseq` is gone for whoever has not had it. */
  lose(rseq: Rseq): void {
    this.trim(rseq);
    this.#lostUpTo = Math.max(this.#lostUpTo, rseq);
  }

  /** Forgets what every gateway has. */
  trim(upTo: Rseq): void {
    for (let first = this.#messages[this.#head]; first && first.rseq <= upTo; first = this.#messages[this.#head])
      this.#shift();
  }

  /** What was sent after `rseq`, oldest first. */
  *after(rseq: Rseq): Iterable<SentMessage> {
    for (let index = this.#head; index < this.#messages.length; index += 1) {
      const message = this.#messages[index];
      if (message && message.rseq > rseq) yield message;
    }
  }

  #shift(): Rseq {
    const first = this.#messages[this.#head];
    if (!first) return 0;
    this.#bytes -= bytesOf(first);
    this.#head += 1;
    if (this.#head >= 1_024 || this.#head * 2 >= this.#messages.length) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
    return first.rseq;
  }
}

/** A member's name in a state takes at most 5 bytes, and a place in its list. */
const targetMemberBytes = 8;

function bytesOf({ payload, target }: SentMessage): number {
  return payload.length + (target.kind === "some" ? target.members.length * targetMemberBytes : 0);
}
