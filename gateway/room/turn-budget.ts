import { payloadBytesMax } from "../wire/frame-layout.ts";

/** What one turn may say, append and tell in all. A record of it, and a batch with it, stay far below what their ways carry. */
export const turnBytesMax = 64 * 1024 * 1024;
/** Counted for each message, entry and thing told, on top of its bytes. */
const itemBytes = 64;
/** Counted for each receiver that is named. */
const receiverBytes = 4;

/** ROOM-37: what leaves a room is bounded where it is said: a clear error, in that turn, to the code that says it. */
export class TurnBudget {
  #spentBytes = 0;

  /** A turn begins. */
  reset(): void {
    this.#spentBytes = 0;
  }

  /** Throws a `RangeError` where this cannot be carried, or is too much for one turn. */
  spend(what: string, bytes: number, receivers = 0): void {
    if (bytes > payloadBytesMax)
      throw new RangeError(`${what} has at most ${payloadBytesMax} bytes, this one has ${bytes}`);
    const spentBytes = this.#spentBytes + bytes + itemBytes + receivers * receiverBytes;
    if (spentBytes > turnBytesMax) {
      throw new RangeError(
        `one turn says, appends and tells at most ${turnBytesMax} bytes; with ${what} these are ${spentBytes}`,
      );
    }
    this.#spentBytes = spentBytes;
  }
}
