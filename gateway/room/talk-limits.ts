import { closeCodes } from "../wire/close-codes.ts";
import type { Runtime } from "../wire/runtime.ts";
import type { Member } from "./member.ts";
import type { AppDefinition } from "./sdk.ts";

export interface TalkRefusal {
  readonly code: number;
  readonly reason: string;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

const tooBig: TalkRefusal = { code: closeCodes.tooBig, reason: "message too big" };
const tooMany: TalkRefusal = { code: closeCodes.tooManyMessages, reason: "too many messages" };

/** ROOM-10: what one client may say to a room: its app's own bounds, below those of the gateway. */
export class TalkLimits {
  readonly #messageBytesMax: number;
  readonly #perSecond: number;
  readonly #runtime: Runtime;
  readonly #buckets = new WeakMap<Member, Bucket>();

  constructor({ messageBytesMax, messagesPerSecondMax }: AppDefinition, runtime: Runtime) {
    this.#runtime = runtime;
    this.#messageBytesMax = messageBytesMax ?? Number.POSITIVE_INFINITY;
    this.#perSecond = messagesPerSecondMax ?? Number.POSITIVE_INFINITY;
  }

  /** Its gateway comes back with what it has held for it, which comes at once. It is as somebody who has just come, for whom something may have been held, too. */
  excuse(member: Member): void {
    this.#buckets.delete(member);
  }

  /** Why the message ends its sender; `undefined` if it does not. */
  refusal(member: Member, bytes: number): TalkRefusal | undefined {
    if (this.#perSecond !== Number.POSITIVE_INFINITY && !this.#take(member, this.#runtime.nowMs())) return tooMany;
    return bytes > this.#messageBytesMax ? tooBig : undefined;
  }

  #take(member: Member, nowMs: number): boolean {
    let bucket = this.#buckets.get(member);
    if (bucket === undefined) {
      bucket = { tokens: this.#perSecond + member.channel.hold.framesMax, filledAtMs: nowMs };
      this.#buckets.set(member, bucket);
    }
    const gained = ((nowMs - bucket.filledAtMs) * this.#perSecond) / 1_000;
    // What it was excused is used up, not filled up again.
    bucket.tokens = Math.max(bucket.tokens, Math.min(this.#perSecond, bucket.tokens + gained));
    bucket.filledAtMs = nowMs;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
