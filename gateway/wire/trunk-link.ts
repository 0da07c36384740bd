import { readBatch } from "./batch-reader.ts";
import { BatchWriter } from "./batch-writer.ts";
import { closeCodes } from "./close-codes.ts";
import type { ControlMessage } from "./control.ts";
import type { DeliveryClass } from "./frames.ts";
import type { Channel, Cseq, Epoch, Rseq, SessionNumber } from "./ids.ts";
import type { LinkEnd, LinkHandler, PeerIdentity, TrunkLink } from "./link.ts";
import type { Pipe, PipeEnd, PipeHandler } from "./pipe.ts";
import type { Runtime, Timer } from "./runtime.ts";

export interface LinkTiming {
  /** A side that has sent nothing for this long sends a ping. */
  readonly pingAfterMs: number;
  /** A side that has heard nothing for this long ends the link. More than twice `pingAfterMs`. */
  readonly silenceMsMax: number;
  /** Above this many bytes that the peer does not take, the link ends: `silent`. */
  readonly bufferedBytesMax: number;
}

export const linkTimingDefault: LinkTiming = {
  pingAfterMs: 1_000,
  silenceMsMax: 3_000,
  bufferedBytesMax: 128 * 1024 * 1024,
};

/** A trunk on a pipe whose handshake is over. Give the pipe's events to it. */
export class PipeTrunkLink implements TrunkLink, PipeHandler {
  readonly peer: PeerIdentity;
  readonly #pipe: Pipe;
  readonly #runtime: Runtime;
  readonly #timing: LinkTiming;
  readonly #writer: BatchWriter;
  readonly #handler: LinkHandler;
  /** Goes forward only. `closing`: our close is under way, frames still come in. */
  #phase: "open" | "closing" | "ended" = "open";
  /** WIRE-9: somebody has seen that bytes wait, and may be waiting for `onDrained`. */
  #owesDrained = false;
  #isFlushDue = false;
  /** Tasks of `whenHeard`, oldest first, by the token of their ping: -1, -2, … */
  readonly #unheard: { readonly token: number; readonly task: () => void }[] = [];
  #nextHeardToken = -1;
  #isAttached = false;
  #lastSentMs: number;
  #lastHeardMs: number;
  #receivedBytes: number;
  #timer: Timer;

  constructor(
    pipe: Pipe,
    peer: PeerIdentity,
    runtime: Runtime,
    timing: LinkTiming,
    attach: (link: TrunkLink) => LinkHandler,
  ) {
    this.peer = peer;
    this.#pipe = pipe;
    this.#runtime = runtime;
    this.#timing = timing;
    this.#writer = new BatchWriter(
      () => this.requestFlush(),
      (batch, taken) => this.#sendBatch(batch, taken),
    );
    this.#lastSentMs = runtime.nowMs();
    this.#lastHeardMs = this.#lastSentMs;
    this.#receivedBytes = pipe.receivedBytes;
    this.#timer = runtime.after(timing.pingAfterMs, this.#onTimer);
    this.#handler = attach(this);
    this.#isAttached = true;
  }

  get bufferedBytes(): number {
    if (this.#phase === "ended") return 0;
    const bytes = this.#writer.pendingBytes + this.#pipe.bufferedBytes;
    if (bytes > 0) this.#owesDrained = true;
    return bytes;
  }

  join(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, info: Uint8Array): void {
    if (this.#phase === "open") this.#writer.join(channel, epoch, session, cseq, info);
  }

  up(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, isText: boolean, payload: Uint8Array): void {
    if (this.#phase === "open") this.#writer.up(channel, epoch, session, cseq, isText, payload);
  }

  leave(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, code: number): void {
    if (this.#phase === "open") this.#writer.leave(channel, epoch, session, cseq, code);
  }

  down(
    channel: Channel,
    epoch: Epoch,
    session: SessionNumber,
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void {
    if (this.#phase !== "open") return;
    this.#writer.down(channel, epoch, session, delivery, latestKey, rseq, isText, payload);
  }

  broadcast(
    channel: Channel,
    epoch: Epoch,
    except: SessionNumber,
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void {
    if (this.#phase !== "open") return;
    this.#writer.broadcast(channel, epoch, except, delivery, latestKey, rseq, isText, payload);
  }

  multicast(
    channel: Channel,
    epoch: Epoch,
    sessions: readonly SessionNumber[],
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void {
    if (this.#phase !== "open") return;
    this.#writer.multicast(channel, epoch, sessions, delivery, latestKey, rseq, isText, payload);
  }

  closeSession(channel: Channel, epoch: Epoch, session: SessionNumber, code: number, rseq: Rseq, reason: string): void {
    if (this.#phase === "open") this.#writer.closeSession(channel, epoch, session, code, rseq, reason);
  }

  ack(channel: Channel, epoch: Epoch, pairs: readonly number[]): void {
    if (this.#phase === "open") this.#writer.ack(channel, epoch, pairs);
  }

  seen(channel: Channel, epoch: Epoch, rseq: Rseq): void {
    if (this.#phase === "open") this.#writer.seen(channel, epoch, rseq);
  }

  flow(channel: Channel, epoch: Epoch, windowBytes: number): void {
    if (this.#phase === "open") this.#writer.flow(channel, epoch, windowBytes);
  }

  control(message: ControlMessage): void {
    if (this.#phase === "open") this.#writer.control(message);
  }

  chunk(transfer: number, offset: number, payload: Uint8Array): void {
    if (this.#phase === "open") this.#writer.chunk(transfer, offset, payload);
  }

  requestFlush(): void {
    if (this.#isFlushDue || this.#phase !== "open") return;
    this.#isFlushDue = true;
    this.#runtime.soon(this.#flush);
  }

  whenHeard(task: () => void): void {
    if (this.#phase !== "open") return;
    this.#unheard.push({ token: this.#nextHeardToken, task });
    this.requestFlush();
  }

  close(): void {
    if (this.#phase !== "open") return;
    // Within `attach` there is no handler yet, and nothing that it could add.
    if (this.#isAttached) this.#handler.onBeforeFlush?.();
    this.#writer.flush();
    this.#phase = "closing";
    this.#pipe.close(closeCodes.normal, "");
  }

  onMessage(message: Uint8Array): void {
    if (this.#phase === "ended") return;
    this.#lastHeardMs = this.#runtime.nowMs();
    this.#receivedBytes = this.#pipe.receivedBytes;
    const fault = readBatch(message, this.#handler, this);
    this.#handler.onBatchEnd?.();
    if (fault !== undefined) this.#breakOff({ kind: "protocol", detail: fault.rule });
  }

  onDrained(): void {
    if (this.#phase === "ended") return;
    this.#owesDrained = false;
    this.#handler.onDrained();
  }

  onEnd(end: PipeEnd): void {
    this.#end(this.#phase === "closing" ? { kind: "closed", detail: "closed here" } : linkEndOf(end));
  }

  onPing(token: number): void {
    if (this.#phase === "open") this.#writer.pong(token);
  }

  /** Pings of `whenHeard` have tokens below 0; the others are only for being heard. */
  onPong(token: number): void {
    while (this.#unheard[0] && this.#unheard[0].token >= token) this.#unheard.shift()?.task();
  }

  readonly #flush = (): void => {
    if (this.#phase === "open") this.#handler.onBeforeFlush?.();
    if (this.#phase === "open" && this.#unheard.at(-1)?.token === this.#nextHeardToken) {
      this.#writer.ping(this.#nextHeardToken);
      this.#nextHeardToken -= 1;
    }
    this.#isFlushDue = false;
    if (this.#phase !== "open") return;
    this.#writer.flush();
    const bufferedBytes = this.#pipe.bufferedBytes;
    if (bufferedBytes > this.#timing.bufferedBytesMax) {
      this.#breakOff({ kind: "silent", detail: `the peer does not take what waits for it, ${bufferedBytes} bytes` });
    } else if (bufferedBytes === 0 && this.#owesDrained) {
      // What waited was taken at once, so the pipe has nothing to report.
      this.onDrained();
    }
  };

  #sendBatch(batch: Uint8Array, taken: () => void): void {
    this.#lastSentMs = this.#runtime.nowMs();
    this.#pipe.send(batch, taken);
  }

  /** One timer for both duties: it is set for whichever comes first, and looks again. */
  readonly #onTimer = (): void => {
    const nowMs = this.#runtime.nowMs();
    if (this.#isSilent(nowMs)) {
      // If this process itself stood still, what the peer sent meanwhile lies unread: it is read before `soon`.
      this.#runtime.soon(() => {
        if (this.#phase === "ended") return;
        if (this.#isSilent(this.#runtime.nowMs())) this.#breakOffSilent();
        else this.#setTimer();
      });
      return;
    }
    if (this.#phase === "open" && nowMs >= this.#pingAtMs) {
      this.#writer.ping(nowMs);
      this.#writer.flush();
    }
    this.#setTimer();
  };

  // Compared as they are, nothing subtracted: what a timer was set for is due when it fires, also where a sum was rounded.
  get #pingAtMs(): number {
    return this.#lastSentMs + this.#timing.pingAfterMs;
  }

  get #silentAtMs(): number {
    return this.#lastHeardMs + this.#timing.silenceMsMax;
  }

  #setTimer(): void {
    const nowMs = this.#runtime.nowMs();
    const dueMs = this.#phase === "open" ? Math.min(this.#pingAtMs, this.#silentAtMs) : this.#silentAtMs;
    this.#timer = this.#runtime.after(Math.max(0, dueMs - nowMs), this.#onTimer);
  }

  #isSilent(nowMs: number): boolean {
    if (nowMs < this.#silentAtMs) return false;
    const receivedBytes = this.#pipe.receivedBytes;
    if (receivedBytes === this.#receivedBytes) return true;
    // A part of a long message came since we looked last.
    this.#receivedBytes = receivedBytes;
    this.#lastHeardMs = nowMs;
    return false;
  }

  #breakOffSilent(): void {
    this.#breakOff({ kind: "silent", detail: `nothing was heard for ${this.#timing.silenceMsMax} ms` });
  }

  #breakOff(end: LinkEnd): void {
    const fields = { address: this.#pipe.remoteAddress, peer: this.peer.id, rule: end.detail };
    this.#runtime.log.warn(fields, end.kind === "protocol" ? "trunk peer broke the protocol" : "trunk is silent");
    // WIRE-7. Never without a word: a peer that merely stood still would take a broken connection for our death.
    if (end.kind === "protocol") this.#pipe.close(closeCodes.notUnderstood, "protocol");
    else this.#pipe.close(closeCodes.goingAway, "silent");
    this.#end(end);
  }

  /** WIRE-8: once. */
  #end(end: LinkEnd): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#timer.cancel();
    this.#unheard.length = 0;
    this.#handler.onEnd(end);
  }
}

/** Reason of a close with 4400 that means the version, not a broken rule. */
export const versionReason = "version";

/** What the end of a pipe says about the link on it. */
export function linkEndOf(end: PipeEnd): LinkEnd {
  const { kind, code, detail } = end;
  if (kind !== "closed") return { kind, detail };
  if (code === closeCodes.credentialsMissing) return { kind: "unauthorized", detail: "the peer does not believe us" };
  if (code === closeCodes.notUnderstood && detail === versionReason) {
    return { kind: "version", detail: "the peer has no version in common with us" };
  }
  const isFault = code === closeCodes.notUnderstood || transportFaultCodes.has(code);
  return isFault
    ? { kind: "protocol", detail: `the peer says ${code}` }
    : { kind: "closed", detail: `by the peer, ${code}` };
}

/** Protocol error, type not accepted, bad bytes, too big. */
const transportFaultCodes: ReadonlySet<number> = new Set([1002, 1003, 1007, 1009]);
