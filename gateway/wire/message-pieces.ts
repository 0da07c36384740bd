import { messageBytesMax } from "./pipe.ts";

/** A longer message travels in pieces of this length, so that what comes in is seen, and bounded, while the rest is still under way. */
export const pieceBytes = 256 * 1024;
/** The announcement in front of the pieces: the whole length, u32. No other message is as short. */
const announcementBytes = 4;

export const pieceFault = "a message that is not in the pieces that it should be in";

/** Calls `send` for each WebSocket message that `message` travels in. */
export function sendPieces(message: Uint8Array, send: (piece: Uint8Array, isLast: boolean) => void): void {
  const length = message.length;
  if (length <= pieceBytes) {
    send(message, true);
    return;
  }
  const announcement = new Uint8Array(announcementBytes);
  new DataView(announcement.buffer).setUint32(0, length, true);
  send(announcement, false);
  for (let at = 0; at < length; at += pieceBytes) {
    send(message.subarray(at, at + pieceBytes), at + pieceBytes >= length);
  }
}

/** Puts messages together again. */
export class PieceReader {
  /** Of the message under way; 0 where there is none. */
  #wholeBytes = 0;
  #whole: Uint8Array | undefined;
  #filledBytes = 0;

  /** Takes a WebSocket message. Answers a whole message that ended with it; no byte of it is kept then. */
  read(piece: Uint8Array): Uint8Array | "unfinished" | "fault" {
    if (this.#wholeBytes > 0) return this.#readPiece(piece);
    if (piece.length !== announcementBytes) return piece;
    const wholeBytes = new DataView(piece.buffer, piece.byteOffset, announcementBytes).getUint32(0, true);
    if (wholeBytes <= pieceBytes || wholeBytes > messageBytesMax) return "fault";
    this.#wholeBytes = wholeBytes;
    return "unfinished";
  }

  #readPiece(piece: Uint8Array): Uint8Array | "unfinished" | "fault" {
    if (piece.length !== Math.min(pieceBytes, this.#wholeBytes - this.#filledBytes)) return "fault";
    this.#whole ??= new Uint8Array(Buffer.allocUnsafeSlow(this.#wholeBytes).buffer);
    this.#whole.set(piece, this.#filledBytes);
    this.#filledBytes += piece.length;
    if (this.#filledBytes < this.#wholeBytes) return "unfinished";
    const whole = this.#whole;
    this.#wholeBytes = 0;
    this.#whole = undefined;
    this.#filledBytes = 0;
    return whole;
  }
}
