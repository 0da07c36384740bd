import type { TrunkLink } from "../wire/link.ts";

export const chunkBytes = 256 * 1024;
const chunksUnderWayMax = 4;

/**
 * Ships one body in chunks, a few under way at a time: the trunk stays open for the other rooms, and the loop is not blocked. `done` follows
 * on a copy ahead of the freeze when the target has it all, and on the final body, for which the room stands still, when it has left: what
 * is sent behind it comes behind it (MOVE-23).
 */
export class BodySender {
  readonly #link: TrunkLink;
  readonly #transfer: number;
  readonly #segments: readonly Uint8Array[];
  readonly #bytes: number;
  readonly #part: "precopy" | "final";
  readonly #done: () => void;
  #segment = 0;
  #offsetInSegment = 0;
  #sent = 0;
  #got = 0;
  #isDone = false;

  constructor(
    link: TrunkLink,
    transfer: number,
    part: "precopy" | "final",
    segments: readonly Uint8Array[],
    done: () => void,
  ) {
    this.#link = link;
    this.#transfer = transfer;
    this.#segments = segments;
    this.#bytes = segments.reduce((sum, segment) => sum + segment.length, 0);
    this.#part = part;
    this.#done = done;
    link.control({ t: "moveBody", transfer, part, bytes: this.#bytes });
    this.#pump();
  }

  /** The target has this many bytes. */
  got(bytes: number): void {
    this.#got = Math.max(this.#got, Math.min(bytes, this.#sent));
    this.#pump();
  }

  #pump(): void {
    while (this.#sent < this.#bytes && this.#sent - this.#got < chunkBytes * chunksUnderWayMax) this.#sendChunk();
    const through = this.#part === "final" ? this.#sent : this.#got;
    if (this.#isDone || through < this.#bytes) return;
    this.#isDone = true;
    this.#done();
  }

  #sendChunk(): void {
    const segment = this.#segments[this.#segment];
    if (!segment) return;
    const end = Math.min(this.#offsetInSegment + chunkBytes, segment.length);
    const piece = segment.subarray(this.#offsetInSegment, end);
    this.#offsetInSegment = end;
    if (end === segment.length) {
      this.#segment += 1;
      this.#offsetInSegment = 0;
    }
    if (piece.length === 0) return;
    this.#link.chunk(this.#transfer, this.#sent, piece);
    this.#sent += piece.length;
  }
}

/** Puts one body together. Chunks come in order, each exactly where the one before ended. */
export class BodyReceiver {
  readonly part: "precopy" | "final";
  readonly #bytes: Uint8Array;
  #got = 0;

  constructor(part: "precopy" | "final", bytes: number) {
    this.part = part;
    this.#bytes = new Uint8Array(bytes);
  }

  get got(): number {
    return this.#got;
  }

  /** The body, once it is whole. */
  get whole(): Uint8Array | undefined {
    return this.#got === this.#bytes.length ? this.#bytes : undefined;
  }

  /** Whether the chunk fitted. */
  accept(offset: number, chunk: Uint8Array): boolean {
    if (offset !== this.#got || offset + chunk.length > this.#bytes.length) return false;
    this.#bytes.set(chunk, offset);
    this.#got += chunk.length;
    return true;
  }
}
