import type { WebSocket } from "uWebSockets.js";
import { PieceReader, pieceFault, sendPieces } from "./message-pieces.ts";
import { closeMsMax, type Pipe, type PipeEnd, type PipeHandler, untrustedBytesMax } from "./pipe.ts";

/** What uWebSockets.js carries for us with each of its sockets. */
export interface UwsPipeData {
  readonly pipe: UwsPipe;
}

/** What `send` of uWebSockets.js answers when all bytes are with the operating system. */
const uwsSent = 1;
const uwsDropped = 2;
/** What it reports where no close frame came. */
const noCloseFrame = 1006;
/** How it words that the peer has hung up, and not broken the protocol. */
const hungUp = "Received TCP FIN before WebSocket close frame";
/** RFC 6455 codes that we send by ourselves. */
const unsupportedData = 1003;
const policyViolation = 1008;

/**
 * A socket of uWebSockets.js as a pipe, on the listening side. The socket throws on every call once it has closed: `#ws` is gone from then on.
 *
 * ```
 * open ──close()──▶ leaving ──pong of a trusted peer──▶ ended     the library hangs up right behind its close frame, and hears nothing
 *   │                  └──────at most closeMsMax──────▶ ended     more: first the peer has to have read what was sent before
 *   └──terminate(), the peer, a fault──────────────────▶ ended
 * ```
 */
export class UwsPipe implements Pipe {
  readonly remoteAddress: string;
  readonly #attach: (pipe: Pipe) => PipeHandler;
  readonly #onTrusted: () => void;
  readonly #pieces = new PieceReader();
  #ws: WebSocket<UwsPipeData> | undefined;
  #handler: PipeHandler | undefined;
  #receivedBytes = 0;
  #isTrusted = false;
  /** Something may be buffered: asking each time would cost a call out of JavaScript per batch. */
  #isBuffering = false;
  #farewell: Farewell | undefined;
  /** Set where the end is ours: what the handler will be told. */
  #end: PipeEnd | undefined;

  /** @param onTrusted called once, when the peer is trusted or the pipe has ended. */
  constructor(remoteAddress: string, attach: (pipe: Pipe) => PipeHandler, onTrusted: () => void) {
    this.remoteAddress = remoteAddress;
    this.#attach = attach;
    this.#onTrusted = onTrusted;
  }

  opened(ws: WebSocket<UwsPipeData>): void {
    this.#ws = ws;
    this.#handler = this.#attach(this);
  }

  get bufferedBytes(): number {
    return this.#isBuffering ? (this.#ws?.getBufferedAmount() ?? 0) : 0;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  send(message: Uint8Array, taken?: () => void): void {
    if (this.#farewell !== undefined) return;
    sendPieces(message, (piece) => {
      const outcome = this.#ws?.send(piece, true, false) ?? uwsSent;
      if (outcome === uwsSent) return;
      this.#isBuffering = true;
      // A gap is worse than an end. Links bound what waits long before.
      if (outcome === uwsDropped) this.#breakOff({ kind: "silent", code: 0, detail: "a message was not taken" });
    });
    // What the operating system did not take was copied.
    taken?.();
  }

  trust(): void {
    if (this.#isTrusted) return;
    this.#isTrusted = true;
    this.#onTrusted();
  }

  close(code: number, reason: string): void {
    const ws = this.#ws;
    if (ws === undefined || this.#farewell !== undefined) return;
    const deadline = setTimeout(() => this.#leave(), closeMsMax);
    this.#farewell = { code, reason, deadline };
    this.#end = { kind: "closed", code, detail: "closed here" };
    // The answer comes when the peer has read everything in front of it. Somebody who has proved nothing is not waited for.
    if (this.#isTrusted) ws.ping();
    else if (this.bufferedBytes === 0) this.#leave();
  }

  terminate(): void {
    this.#breakOff({ kind: "closed", code: 0, detail: "terminated here" });
  }

  received(bytes: ArrayBuffer, isBinary: boolean): void {
    this.#receivedBytes += bytes.byteLength;
    if (!this.#isTrusted && this.#receivedBytes > untrustedBytesMax) {
      const detail = `more than ${untrustedBytesMax} bytes before the handshake was over`;
      this.#breakOff({ kind: "protocol", code: 0, detail });
      return;
    }
    if (!isBinary) {
      this.#refuse(unsupportedData, "a text message");
      return;
    }
    const message = this.#pieces.read(new Uint8Array(bytes));
    if (message === "fault") this.#refuse(policyViolation, pieceFault);
    else if (message !== "unfinished") this.#handler?.onMessage(message);
  }

  /** Some of what was buffered has been sent. */
  drained(): void {
    if (!this.#isBuffering || this.bufferedBytes > 0) return;
    this.#isBuffering = false;
    if (this.#farewell !== undefined && !this.#isTrusted) this.#leave();
    else this.#handler?.onDrained();
  }

  ponged(): void {
    if (this.#farewell !== undefined) this.#leave();
  }

  /** uWebSockets.js has closed the socket: from here on its object must not be touched. */
  closed(code: number, reason: string): void {
    this.#ws = undefined;
    clearTimeout(this.#farewell?.deadline);
    const handler = this.#handler;
    this.#handler = undefined;
    const end = this.#end ?? endOfPeer(code, reason);
    // Our own `end` and `close` report from inside the call, and within a callback the close frame leaves only behind it.
    setImmediate(() => {
      this.trust();
      handler?.onEnd(end);
    });
  }

  /** Where something is still buffered, the close frame could not follow it. */
  #leave(): void {
    const { code, reason } = this.#farewell ?? {};
    if (this.bufferedBytes > 0) this.#ws?.close();
    else this.#ws?.end(code, reason);
  }

  #refuse(code: number, detail: string): void {
    this.#end = { kind: "protocol", code: 0, detail };
    this.#ws?.end(code);
  }

  #breakOff(end: PipeEnd): void {
    this.#end ??= end;
    this.#ws?.close();
  }
}

/** A close that waits for what was written before it. */
interface Farewell {
  readonly code: number;
  readonly reason: string;
  readonly deadline: NodeJS.Timeout;
}

/** WIRE-7. The library says in words why it has hung up by itself; where there are none, the operating system says that the connection is gone. */
function endOfPeer(code: number, reason: string): PipeEnd {
  if (code !== noCloseFrame) return { kind: "closed", code, detail: reason };
  if (reason === "" || reason === hungUp) {
    return { kind: "reset", code: 0, detail: "the connection ended without a close" };
  }
  return { kind: "protocol", code: 0, detail: reason };
}
