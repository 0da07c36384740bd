import type { Epoch, Rseq } from "../wire/ids.ts";

const seenAfterMessages = 256;
const seenAfterBytes = 64 * 1_024;

/**
 * How far this gateway is in a room's line of reliable messages. Kept across changes of owner, so that the next one sends
 * what is missing, and what was received already is not shown again (GATE-7).
 */
export class DownLine {
  #line: Epoch = 0;
  #seen: Rseq = 0;
  #untoldMessages = 0;
  #untoldBytes = 0;

  /** The epoch in which the line began; 0 before the first. */
  get line(): Epoch {
    return this.#line;
  }

  get seen(): Rseq {
    return this.#seen;
  }

  /** An owner says which line it sends, and the last rseq that it will not send again. */
  begin(line: Epoch, rseq: Rseq): void {
    this.#seen = line === this.#line ? Math.max(this.#seen, rseq) : rseq;
    this.#line = line;
    this.#untoldMessages = 0;
    this.#untoldBytes = 0;
  }

  /** `false` for what was received already. Messages outside the line (rseq 0) are always new. */
  accept(rseq: Rseq, bytes: number): boolean {
    if (rseq === 0) return true;
    if (rseq <= this.#seen) return false;
    this.#seen = rseq;
    this.#untoldMessages += 1;
    this.#untoldBytes += bytes;
    return true;
  }

  /** Whether the owner knows less than the truth. */
  get isUntold(): boolean {
    return this.#untoldMessages > 0;
  }

  /** Whether it knows so much less that it should be told at once rather than by and by. */
  get isFarBehind(): boolean {
    return this.#untoldMessages >= seenAfterMessages || this.#untoldBytes >= seenAfterBytes;
  }

  told(): void {
    this.#untoldMessages = 0;
    this.#untoldBytes = 0;
  }
}
