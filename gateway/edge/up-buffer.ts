import { copyBytes } from "../wire/copy-bytes.ts";
import type { Cseq } from "../wire/ids.ts";

/** What an item costs of a channel's window on top of its payload (PROTOCOL.md, "Window"). */
export const itemOverheadBytes = 64;
const cseqMax = 0xffff_ffff;
const slotsAtFirst = 4;
/** An emptied ring above this is let go, so that a client that was busy once costs no more than one that never was. */
const slotsKeptMax = 16;

export type UpKind = "join" | "message" | "leave";

/** One item of a session's stream. `code` is a leave's close code; `payload` is empty for all but messages. */
export interface UpItem {
  readonly kind: UpKind;
  readonly isText: boolean;
  readonly code: number;
  readonly payload: Uint8Array;
}

export interface HoldLimits {
  /** Messages that a session may have unacknowledged; default 1 024. */
  readonly holdFramesMax: number;
  /** Their payloads together; default 1 MiB. */
  readonly holdBytesMax: number;
}

const noPayload = new Uint8Array(0);
const joinItem: UpItem = Object.freeze({ kind: "join", isText: false, code: 0, payload: noPayload });

/**
 * What one session has said and its room has not acknowledged, numbered by cseq without a hole (GATE-1). The ring is made with
 * the first item and let go when it has become large and empty.
 *
 * ```
 *   acked │ sent, unacknowledged │ unsent │
 *         └ #head                └ #head + #sent
 * ```
 */
export class UpBuffer {
  #ring: (UpItem | undefined)[] | undefined = undefined;
  #head = 0;
  #count = 0;
  #sent = 0;
  #acked: Cseq = 0;
  #bytes = 0;
  #joinPending = false;

  /** Highest acknowledged cseq; 0 if none. */
  get acked(): Cseq {
    return this.#acked;
  }

  /** Highest cseq given out so far. */
  get last(): Cseq {
    return this.#acked + this.#count;
  }

  get count(): number {
    return this.#count;
  }

  /** Payload bytes of all items. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the room has yet to acknowledge that the session joined: until then it is no member. */
  get joinPending(): boolean {
    return this.#joinPending;
  }

  get hasUnsent(): boolean {
    return this.#sent < this.#count;
  }

  /** The cseq of what {@link takeUnsent} gives next. */
  get nextCseq(): Cseq {
    return this.#acked + this.#sent + 1;
  }

  pushJoin(): void {
    this.#push(joinItem);
    this.#joinPending = true;
  }

  /** Copies `bytes`. `false` and nothing taken where the hold would be exceeded: the caller closes the session with 1013. */
  pushMessage(bytes: Uint8Array, isText: boolean, limits: HoldLimits): boolean {
    if (this.#count >= limits.holdFramesMax || this.#bytes + bytes.length > limits.holdBytesMax) return false;
    // The last number is the leave's.
    if (this.last >= cseqMax - 1) return false;
    this.#push({ kind: "message", isText, code: 0, payload: copyBytes(bytes) });
    this.#bytes += bytes.length;
    return true;
  }

  /** Always taken: without it the room would never learn of the end. */
  pushLeave(code: number): void {
    this.#push({ kind: "leave", isText: false, code, payload: noPayload });
  }

  peekUnsent(): UpItem | undefined {
    return this.#sent < this.#count ? this.#at(this.#sent) : undefined;
  }

  /** Counts the next unsent item as sent. */
  takeUnsent(): void {
    if (this.#sent < this.#count) this.#sent += 1;
  }

  /**
   * Lets go of sent items up to `cseq` and answers what they had taken of the window, in bytes. Lower numbers are repetitions;
   * what was not sent cannot be acknowledged and stays.
   */
  ack(cseq: Cseq): number {
    return this.#drop(Math.min(cseq - this.#acked, this.#sent));
  }

  /**
   * A room says where it stands: what is above `position` is unsent again (GATE-2). Position 0 means that it does not know the session: it
   * is joined again, under the number that was acknowledged last, so that the numbers go on without a hole. `false` where the
   * room claims to have more than was ever said: this stream cannot go on.
   */
  rewindTo(position: Cseq): boolean {
    if (position > this.last) return false;
    this.#sent = this.#count;
    if (position > this.#acked) this.#drop(position - this.#acked);
    this.#sent = 0;
    if (position === 0 && this.#acked > 0) this.#pushFrontJoin();
    return true;
  }

  /** As {@link rewindTo} for a session of which the room said nothing: everything unacknowledged is unsent again. */
  rewind(): void {
    this.#sent = 0;
  }

  /** Whether all that is left to say is that the session came and went. */
  get saysNothing(): boolean {
    for (let index = 0; index < this.#count; index += 1) {
      if (this.#at(index).kind === "message") return false;
    }
    return true;
  }

  /** Forgets all items; answers what the sent ones had taken of the window, in bytes. */
  clear(): number {
    const freed = this.#drop(this.#sent);
    this.#sent = this.#count;
    this.#drop(this.#count);
    return freed;
  }

  #drop(items: number): number {
    const ring = this.#ring;
    if (ring === undefined || items <= 0) return 0;
    let freed = 0;
    for (let left = items; left > 0; left -= 1) {
      const item = this.#at(0);
      if (item.kind === "join") this.#joinPending = false;
      const payloadBytes = item.payload.length;
      freed += payloadBytes + itemOverheadBytes;
      this.#bytes -= payloadBytes;
      ring[this.#head] = undefined;
      this.#head = (this.#head + 1) & (ring.length - 1);
    }
    this.#count -= items;
    this.#sent -= items;
    this.#acked += items;
    if (this.#count === 0 && ring.length > slotsKeptMax) this.#ring = undefined;
    return freed;
  }

  #push(item: UpItem): void {
    const ring = this.#roomForOne();
    ring[(this.#head + this.#count) & (ring.length - 1)] = item;
    this.#count += 1;
  }

  #pushFrontJoin(): void {
    if (this.#joinPending) return;
    const ring = this.#roomForOne();
    this.#head = (this.#head - 1) & (ring.length - 1);
    ring[this.#head] = joinItem;
    this.#count += 1;
    this.#acked -= 1;
    this.#joinPending = true;
  }

  #roomForOne(): (UpItem | undefined)[] {
    const ring = this.#ring;
    if (ring === undefined) {
      this.#head = 0;
      this.#ring = new Array<UpItem | undefined>(slotsAtFirst).fill(undefined);
      return this.#ring;
    }
    if (this.#count < ring.length) return ring;
    const larger = new Array<UpItem | undefined>(ring.length * 2).fill(undefined);
    for (let index = 0; index < this.#count; index += 1) larger[index] = this.#at(index);
    this.#head = 0;
    this.#ring = larger;
    return larger;
  }

  #at(index: number): UpItem {
    const ring = this.#ring;
    const item = ring?.[(this.#head + index) & (ring.length - 1)];
    if (item === undefined) throw new Error("a place behind the end of an up buffer was read");
    return item;
  }
}
