import type { WebSocket } from "uWebSockets.js";
import { closeCodes, isSendableCloseCode } from "../wire/close-codes.ts";
import { closeReason } from "./close-reason.ts";
import type { KeepAlive, KeptSocket } from "./keep-alive.ts";
import type { ClientSocket, SocketHandler } from "./listener.ts";
import { listenerLimits } from "./listener-limits.ts";

/** What uWebSockets.js carries for us with each of its sockets. */
export interface UwsUserData {
  readonly socket: UwsSocket;
}

export interface UwsSocketShared {
  readonly messageBytesMax: number;
  readonly sendBufferBytesMax: number;
  readonly keepAlive: KeepAlive;
}

/** What `send` of uWebSockets.js answers. 0 is buffered: accepted, not yet with the operating system. */
const uwsSent = 1;
const uwsDropped = 2;

/**
 * One client on uWebSockets.js, whose own socket throws on every call once it has closed: `#ws` is gone from then on.
 *
 * ```
 * open ──close()──▶ closing ──drained, at most 3 s──▶ closed      `end` closes at once, so it has to wait for what is
 *   └──terminate(), client──────────────────────────▶ closed      buffered: behind a full buffer it would drop its frame
 * ```
 */
export class UwsSocket implements ClientSocket, KeptSocket {
  heardTick = 0;
  keepAliveBucket = -1;
  keepAliveSlot = -1;
  readonly #shared: UwsSocketShared;
  #ws: WebSocket<UwsUserData> | undefined;
  #attach: ((socket: ClientSocket) => SocketHandler) | undefined;
  #handler: SocketHandler | undefined;
  /** Set from our own `close` or `terminate` on: what the handler will be told. */
  #endCode: number | undefined;
  #farewell: Farewell | undefined;
  /** Something may be buffered: asking each time would cost a call out of JavaScript per frame. */
  #isBuffering = false;
  #corkDepth = 0;

  constructor(shared: UwsSocketShared, attach: (socket: ClientSocket) => SocketHandler) {
    this.#shared = shared;
    this.#attach = attach;
  }

  opened(ws: WebSocket<UwsUserData>): void {
    this.#ws = ws;
    this.#shared.keepAlive.add(this);
    this.#handler = this.#attach?.(this);
    this.#attach = undefined;
  }

  received(bytes: ArrayBuffer, isText: boolean): void {
    this.heard();
    if (this.#endCode !== undefined) return;
    if (bytes.byteLength > this.#shared.messageBytesMax) this.close(closeCodes.tooBig, "message too big");
    else this.#handler?.message(new Uint8Array(bytes), isText);
  }

  heard(): void {
    this.heardTick = this.#shared.keepAlive.tick;
  }

  /** Some of what was buffered has been sent. */
  drained(): void {
    if (this.bufferedBytes === 0) this.#isBuffering = false;
    if (this.#endCode === undefined) this.#handler?.drained();
    else this.#endWhenDrained();
  }

  /** uWebSockets.js has closed the socket: from here on its object must not be touched. */
  nativeClosed(code: number): void {
    this.#ws = undefined;
    this.#shared.keepAlive.remove(this);
    clearTimeout(this.#farewell?.deadline);
    this.#farewell = undefined;
    const handler = this.#handler;
    this.#handler = undefined;
    const endCode = this.#endCode;
    if (endCode === undefined) handler?.closed(code);
    // Our own `end` and `close` report from inside the call: a caller in the middle of its work must not be surprised.
    else queueMicrotask(() => handler?.closed(endCode));
  }

  get bufferedBytes(): number {
    return this.#ws?.getBufferedAmount() ?? 0;
  }

  send(frame: Uint8Array, isText: boolean): "sent" | "buffered" | "dropped" {
    const ws = this.#ws;
    if (ws === undefined || this.#endCode !== undefined) return "dropped";
    if (this.#isBuffering) {
      // EDGE-4: a client that does not read costs at most this.
      const backlogBytes = ws.getBufferedAmount();
      if (backlogBytes > 0 && backlogBytes + frame.byteLength > this.#shared.sendBufferBytesMax) return "dropped";
    }
    const outcome = ws.send(frame, !isText, false);
    if (outcome === uwsSent) return "sent";
    if (outcome === uwsDropped) return "dropped";
    this.#isBuffering = true;
    return "buffered";
  }

  cork(work: () => void): void {
    const ws = this.#ws;
    if (ws === undefined) {
      work();
      return;
    }
    this.#corkDepth += 1;
    try {
      ws.cork(work);
    } finally {
      this.#corkDepth -= 1;
    }
    if (this.#farewell !== undefined) this.#endWhenDrained();
  }

  close(code: number, reason: string): void {
    if (this.#ws === undefined || this.#endCode !== undefined) return;
    this.#endCode = isSendableCloseCode(code) ? code : closeCodes.normal;
    const deadline = setTimeout(() => this.#ws?.close(), listenerLimits.closeMsMax).unref();
    this.#farewell = { reason: closeReason(reason), deadline };
    this.#endWhenDrained();
  }

  terminate(): void {
    if (this.#ws === undefined) return;
    this.#endCode = 1006;
    this.#ws.close();
  }

  ping(): void {
    if (this.#endCode === undefined) this.#ws?.ping();
  }

  endSilent(): void {
    this.terminate();
  }

  /** Not while corked either: uWebSockets.js would not hang up after a close frame that waited for an uncork. */
  #endWhenDrained(): void {
    const ws = this.#ws;
    if (ws === undefined || this.#farewell === undefined || this.#corkDepth > 0 || ws.getBufferedAmount() > 0) return;
    ws.end(this.#endCode, this.#farewell.reason);
  }
}

/** A close that waits for what was written before it. */
interface Farewell {
  readonly reason: Uint8Array;
  readonly deadline: NodeJS.Timeout;
}
