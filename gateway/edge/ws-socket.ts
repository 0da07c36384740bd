import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { closeCodes, isSendableCloseCode } from "../wire/close-codes.ts";
import { closeReason } from "./close-reason.ts";
import type { KeepAlive, KeptSocket } from "./keep-alive.ts";
import type { ClientSocket, SocketHandler } from "./listener.ts";

export interface WsSocketShared {
  readonly sendBufferBytesMax: number;
  readonly keepAlive: KeepAlive;
}

/** What a waiting frame costs beside its bytes: Node keeps two write requests and a header for each. */
const frameOverheadBytes = 512;
/** A cork lets go of this much at a time, so that a healthy client's buffer is not full of what was never offered to it. */
const corkBytesMax = 64 * 1024;
const corkFramesMax = 64;
const textFrame = { binary: false, compress: false } as const;
const binaryFrame = { binary: true, compress: false } as const;
/** Close codes with which `ws` answers a fault of the client. */
const faultCodes: ReadonlyMap<string, number> = new Map([
  ["WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", 1009],
  ["WS_ERR_INVALID_UTF8", 1007],
]);

/** One client on `ws`. */
export class WsSocket implements ClientSocket, KeptSocket {
  heardTick = 0;
  keepAliveBucket = -1;
  keepAliveSlot = -1;
  readonly #ws: WebSocket;
  readonly #stream: Duplex;
  readonly #shared: WsSocketShared;
  readonly #written: () => void;
  #handler: SocketHandler | undefined;
  /** Set from our own `close` or `terminate` on, or by a fault of the client: what the handler will be told. */
  #endCode: number | undefined;
  #framesSent = 0;
  /** Of those, how many the operating system has; Node tells so a little late, so an empty buffer counts too. */
  #framesWritten = 0;
  #framesFlushed = 0;
  /** What `send` last called buffered; 0 once the handler has heard that all of it is gone. */
  #backlogBytes = 0;
  #corkDepth = 0;

  /** `stream` is the connection under `ws`. */
  constructor(ws: WebSocket, stream: Duplex, shared: WsSocketShared) {
    this.#ws = ws;
    this.#stream = stream;
    this.#shared = shared;
    this.#written = () => this.#frameWritten();
    shared.keepAlive.add(this);
  }

  attach(attach: (socket: ClientSocket) => SocketHandler): void {
    const ws = this.#ws;
    ws.on("message", (data, isBinary) => {
      this.#heard();
      // `data` is one Buffer: `binaryType` is left at its default.
      if (this.#endCode === undefined) this.#handler?.message(data as Buffer, !isBinary);
    });
    ws.on("ping", () => this.#heard());
    ws.on("pong", () => this.#heard());
    ws.on("error", (error) => {
      this.#endCode ??= "code" in error ? faultCodes.get(String(error.code)) : undefined;
    });
    ws.on("close", (code) => this.#closed(code));
    this.#handler = attach(this);
  }

  get bufferedBytes(): number {
    return this.#ws.readyState === WebSocket.CLOSED ? 0 : this.#ws.bufferedAmount;
  }

  send(frame: Uint8Array, isText: boolean): "sent" | "buffered" | "dropped" {
    const ws = this.#ws;
    if (this.#endCode !== undefined || ws.readyState !== WebSocket.OPEN) return "dropped";
    const waitingBytes = ws.bufferedAmount;
    // EDGE-4: a client that does not read costs at most this.
    if (waitingBytes > 0 && waitingBytes + this.#overheadBytes() + frame.byteLength > this.#shared.sendBufferBytesMax) {
      return "dropped";
    }
    this.#framesSent += 1;
    // Copied: what the system does not take at once would otherwise be read from the caller's bytes later.
    ws.send(Buffer.from(frame), isText ? textFrame : binaryFrame, this.#written);
    const isCorked = this.#corkDepth > 0;
    if (isCorked && this.#isCorkFull()) this.#flushCork();
    if (ws.bufferedAmount === 0) {
      this.#framesFlushed = this.#framesSent;
      return "sent";
    }
    if (isCorked && this.#backlogBytes === 0) return "sent";
    this.#backlogBytes = ws.bufferedAmount;
    return "buffered";
  }

  cork(work: () => void): void {
    this.#corkDepth += 1;
    this.#stream.cork();
    try {
      work();
    } finally {
      this.#corkDepth -= 1;
      this.#stream.uncork();
      if (this.#corkDepth === 0) this.#noteFlush();
    }
  }

  close(code: number, reason: string): void {
    if (this.#endCode !== undefined || this.#ws.readyState !== WebSocket.OPEN) return;
    this.#endCode = isSendableCloseCode(code) ? code : closeCodes.normal;
    this.#ws.close(this.#endCode, Buffer.from(closeReason(reason)));
  }

  terminate(): void {
    if (this.#ws.readyState === WebSocket.CLOSED) return;
    this.#endCode = 1006;
    this.#ws.terminate();
  }

  ping(): void {
    if (this.#endCode === undefined && this.#ws.readyState === WebSocket.OPEN) this.#ws.ping();
  }

  endSilent(): void {
    this.terminate();
  }

  #heard(): void {
    this.heardTick = this.#shared.keepAlive.tick;
  }

  #overheadBytes(): number {
    return (this.#framesSent - Math.max(this.#framesWritten, this.#framesFlushed)) * frameOverheadBytes;
  }

  #isCorkFull(): boolean {
    return this.#ws.bufferedAmount > corkBytesMax || this.#overheadBytes() > corkFramesMax * frameOverheadBytes;
  }

  #flushCork(): void {
    this.#stream.uncork();
    this.#noteFlush();
    this.#stream.cork();
  }

  #noteFlush(): void {
    this.#backlogBytes = this.bufferedBytes;
    if (this.#backlogBytes === 0) this.#framesFlushed = this.#framesSent;
  }

  /** Node hands over all that waited in one piece, and then calls this for each frame of it: only the first call finds less. */
  #frameWritten(): void {
    this.#framesWritten += 1;
    if (this.#backlogBytes === 0 || this.#endCode !== undefined || this.#handler === undefined) return;
    const leftBytes = this.#ws.bufferedAmount;
    if (leftBytes >= this.#backlogBytes) return;
    this.#backlogBytes = leftBytes;
    this.#handler.drained();
  }

  #closed(code: number): void {
    this.#shared.keepAlive.remove(this);
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.closed(this.#endCode ?? code);
  }
}
