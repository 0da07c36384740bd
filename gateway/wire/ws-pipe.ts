import type { Socket } from "node:net";
import WebSocket from "ws";
import { PieceReader, pieceBytes, pieceFault, sendPieces } from "./message-pieces.ts";
import { closeMsMax, type Pipe, type PipeEnd, type PipeHandler, untrustedBytesMax } from "./pipe.ts";

/** For both ends. None of our own messages is in fragments; a few are allowed for what may stand in between. */
export const wsLimits = {
  perMessageDeflate: false,
  maxPayload: pieceBytes,
  maxFragments: 64,
  maxBufferedChunks: 64 * 1024,
  closeTimeout: closeMsMax,
  autoPong: true,
} as const;

/** RFC 6455 codes that we send by ourselves. */
const unsupportedData = 1003;
const policyViolation = 1008;
/** What `ws` reports where no close frame came. */
const noCloseFrame = 1006;

/** The `ws` library's socket as a pipe. Both are open when it is made. */
export class WsPipe implements Pipe {
  readonly remoteAddress: string;
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  readonly #onTrusted: () => void;
  readonly #handler: PipeHandler;
  readonly #pieces = new PieceReader();
  #isTrusted = false;
  #untrustedBytes = 0;
  #wasBuffered = false;
  #endedHere: "closed" | "terminated" | undefined;
  #hasEnded = false;
  #tcpError: NodeJS.ErrnoException | undefined;

  /** @param onTrusted called once, when the peer is trusted or the pipe has ended. */
  constructor(socket: WebSocket, tcp: Socket, attach: (pipe: Pipe) => PipeHandler, onTrusted: () => void) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.#onTrusted = onTrusted;
    this.remoteAddress = `${tcp.remoteAddress ?? "unknown"}:${tcp.remotePort ?? 0}`;
    socket.on("message", (data, isBinary) => this.#onMessage(data as Buffer, isBinary));
    socket.on("error", (error) => this.#onSocketError(error));
    socket.on("close", (code, reason) => this.#onClose(code, reason.toString("utf8")));
    tcp.on("error", (error) => {
      this.#tcpError = error;
    });
    tcp.on("data", this.#countUntrusted);
    this.#handler = attach(this);
  }

  get bufferedBytes(): number {
    return this.#hasEnded ? 0 : this.#socket.bufferedAmount;
  }

  get receivedBytes(): number {
    return this.#tcp.bytesRead;
  }

  send(message: Uint8Array, taken?: () => void): void {
    if (this.#hasEnded || this.#socket.readyState !== WebSocket.OPEN) return;
    sendPieces(message, (piece, isLast) => {
      this.#socket.send(piece, () => {
        if (isLast) taken?.();
        this.#onSent();
      });
    });
    if (this.#socket.bufferedAmount > 0) this.#wasBuffered = true;
  }

  trust(): void {
    if (this.#isTrusted) return;
    this.#isTrusted = true;
    this.#tcp.removeListener("data", this.#countUntrusted);
    this.#onTrusted();
  }

  close(code: number, reason: string): void {
    if (this.#hasEnded || this.#endedHere !== undefined) return;
    this.#endedHere = "closed";
    this.#socket.close(code, reason);
  }

  terminate(): void {
    if (this.#hasEnded) return;
    this.#endedHere = "terminated";
    this.#socket.terminate();
  }

  #onSent(): void {
    if (this.#hasEnded || !this.#wasBuffered || this.#socket.bufferedAmount > 0) return;
    this.#wasBuffered = false;
    this.#handler.onDrained();
  }

  /** WIRE-6. Sees each piece behind the socket's own reader: what that piece completed has been handled. */
  readonly #countUntrusted = (chunk: Buffer): void => {
    this.#untrustedBytes += chunk.length;
    if (this.#untrustedBytes <= untrustedBytesMax) return;
    this.#socket.terminate();
    this.#end({
      kind: "protocol",
      code: 0,
      detail: `more than ${untrustedBytesMax} bytes before the handshake was over`,
    });
  };

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (this.#hasEnded) return;
    if (!isBinary) {
      this.#breakOff(unsupportedData, "a text message");
      return;
    }
    const message = this.#pieces.read(data);
    if (message === "fault") this.#breakOff(policyViolation, pieceFault);
    else if (message !== "unfinished") this.#handler.onMessage(message);
  }

  #breakOff(code: number, detail: string): void {
    this.#socket.close(code);
    this.#end({ kind: "protocol", code: 0, detail });
  }

  /** The library has found bytes that are no WebSocket frames, or too long ones, and closes by itself. */
  #onSocketError(error: NodeJS.ErrnoException): void {
    if (error.code?.startsWith("WS_ERR_") !== true) return;
    this.#end({ kind: "protocol", code: 0, detail: error.message });
  }

  #onClose(code: number, reason: string): void {
    if (this.#endedHere === "terminated") this.#end({ kind: "closed", code: 0, detail: "terminated here" });
    else if (this.#endedHere === "closed") this.#end({ kind: "closed", code, detail: "closed here" });
    else if (code !== noCloseFrame) this.#end({ kind: "closed", code, detail: reason });
    else this.#end(brokenPipeEnd(this.#tcpError));
  }

  #end(end: PipeEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.trust();
    this.#handler.onEnd(end);
  }
}

/** WIRE-7: an open connection that ended without a close frame. */
function brokenPipeEnd(error: NodeJS.ErrnoException | undefined): PipeEnd {
  if (error === undefined) return { kind: "reset", code: 0, detail: "the connection ended without a close" };
  const isReset = error.code === "ECONNRESET" || error.code === "EPIPE";
  return { kind: isReset ? "reset" : "silent", code: 0, detail: error.code ?? error.message };
}
