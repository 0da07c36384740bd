import type { ClientSocket } from "../../../gateway/edge/listener.ts";

export interface SentToClient {
  readonly text: string;
  readonly isText: boolean;
  /** Which cork it was written under; 0: none. */
  readonly cork: number;
}

/** A client's socket whose reader a test controls. */
export class FakeSocket implements ClientSocket {
  readonly sent: SentToClient[] = [];
  readonly closes: { code: number; reason: string }[] = [];
  /** Takes nothing off the wire while set: bytes stay buffered. */
  isStuck = false;
  /** Above this a frame is dropped. */
  sendBufferBytesMax = Number.POSITIVE_INFINITY;
  bufferedBytes = 0;
  corks = 0;
  #cork = 0;

  get texts(): string[] {
    return this.sent.map(({ text }) => text);
  }

  get closeCode(): number | undefined {
    return this.closes[0]?.code;
  }

  send(frame: Uint8Array, isText: boolean): "sent" | "buffered" | "dropped" {
    if (this.closes.length > 0) return "dropped";
    if (this.bufferedBytes + frame.length > this.sendBufferBytesMax) return "dropped";
    this.sent.push({ text: Buffer.from(frame).toString("utf8"), isText, cork: this.#cork });
    if (!this.isStuck) return "sent";
    this.bufferedBytes += frame.length;
    return "buffered";
  }

  cork(work: () => void): void {
    this.corks += 1;
    this.#cork = this.corks;
    work();
    this.#cork = 0;
  }

  close(code: number, reason: string): void {
    this.closes.push({ code, reason });
  }

  terminate(): void {
    this.closes.push({ code: 1006, reason: "" });
  }
}
