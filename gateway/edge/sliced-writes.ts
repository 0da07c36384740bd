import type { Runtime } from "../wire/runtime.ts";
import type { DownItem } from "./down-item.ts";

/** One whose messages of a batch are queued and can be written. */
export interface Writable {
  flush(): void;
}

/** How long one trunk's writes may keep the event loop to themselves; then everybody else has a turn. */
const sliceMsMax = 5;
/** Each write costs a call into the operating system; the clock is looked at after this many. */
const writesPerLook = 32;
/** With more queued than this the rest is written at once: nobody may make a gateway keep what it could send. */
const queuedMessagesMax = 65_536;
const queuedBytesMax = 8 * 1_048_576;

/**
 * GATE-14: writes to clients, first queued first written, in slices of a few milliseconds. A broadcast to ten thousand members is ten
 * thousand writes; done in one piece it would hold up every other room of the gateway for as long as that takes.
 *
 * Whoever is in line keeps its place: what comes for it meanwhile is queued behind what it has, and goes out with it.
 */
export class SlicedWrites {
  readonly #runtime: Runtime;
  #line: Writable[] = [];
  /** Of the present batch. */
  #items: DownItem[] = [];
  #isSliceDue = false;
  #queuedMessages = 0;
  #queuedBytes = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** A message of the present batch, that `receivers` of those in line are to write. */
  add(item: DownItem, receivers: number): void {
    this.#items.push(item);
    this.#queuedMessages += receivers;
    this.#queuedBytes += item.payload.length;
  }

  /** To be called with each once until it is flushed. */
  lineUp(writable: Writable): void {
    this.#line.push(writable);
  }

  /** The batch has ended: writes what is in line, or as much of it as a slice allows. The rest follows by itself. */
  batchEnded(): void {
    if (this.#items.length === 0) return;
    if (!this.#isSliceDue || this.#isAboveBounds) this.#writeSlice();
    // The bytes of a batch are gone when it is over.
    if (this.#line.length > 0) for (const item of this.#items) item.payload = Uint8Array.from(item.payload);
    this.#items = [];
  }

  get #isAboveBounds(): boolean {
    return this.#queuedMessages > queuedMessagesMax || this.#queuedBytes > queuedBytesMax;
  }

  #writeSlice(): void {
    const line = this.#line;
    const written = this.#writeSome(line);
    if (written === line.length) {
      this.#line = [];
      this.#queuedMessages = 0;
      this.#queuedBytes = 0;
      return;
    }
    this.#line = line.slice(written);
    if (this.#isSliceDue) return;
    this.#isSliceDue = true;
    this.#runtime.soon(() => {
      this.#isSliceDue = false;
      this.#writeSlice();
    });
  }

  /** How many of them were written. */
  #writeSome(line: readonly Writable[]): number {
    if (line.length <= writesPerLook || this.#isAboveBounds) {
      for (const writable of line) writable.flush();
      return line.length;
    }
    const deadlineMs = this.#runtime.nowMs() + sliceMsMax;
    let written = 0;
    for (const writable of line) {
      writable.flush();
      written += 1;
      if (written % writesPerLook === 0 && this.#runtime.nowMs() >= deadlineMs) break;
    }
    return written;
  }
}
