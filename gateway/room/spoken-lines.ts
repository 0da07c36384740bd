import type { RoomKey } from "../wire/ids.ts";

/** One thing said to another room, kept until that room has heard it. */
export interface Told {
  /** Of all that the room says to others, whomever: rises, and is never used again. */
  readonly number: number;
  readonly isText: boolean;
  readonly bytes: Uint8Array;
}

/** Why nothing was said: too much waits for that room, or for all together. */
export type TellRefusal = "line-full" | "all-full";

interface Line {
  readonly items: Told[];
  /** Everything below is durable. */
  durable: number;
}

/** What may wait for one room, and for all rooms together; `itemOverheadBytes` counts for each on top of its bytes. */
export const tellLimits = Object.freeze({
  perRoomMax: 10_000,
  roomsMax: 10_000,
  bytesMax: 12 * 1024 * 1024,
  itemOverheadBytes: 64,
});

/** What a room has said to others and they have not heard. A room with nothing waiting takes no place. */
export class SpokenLines {
  readonly #lines = new Map<RoomKey, Line>();
  /** Rooms for which something was refused, and whose place has not been reported since. */
  readonly #refused = new Set<RoomKey>();
  #next = 1;
  #bytes = 0;

  get next(): number {
    return this.#next;
  }

  get rooms(): IterableIterator<RoomKey> {
    return this.#lines.keys();
  }

  /** Nothing waits to be heard, and the room waits for no place. */
  get isEmpty(): boolean {
    return this.#lines.size === 0 && this.#refused.size === 0;
  }

  countFor(to: RoomKey): number {
    return this.#lines.get(to)?.items.length ?? 0;
  }

  /** Why `bytes` more cannot be said to `to` now. */
  refusalOf(to: RoomKey, bytes: number): TellRefusal | undefined {
    const { perRoomMax, roomsMax, bytesMax, itemOverheadBytes } = tellLimits;
    const line = this.#lines.get(to);
    if (line && line.items.length >= perRoomMax) return "line-full";
    if (!line && this.#lines.size >= roomsMax) return "all-full";
    return this.#bytes + bytes + itemOverheadBytes > bytesMax ? "all-full" : undefined;
  }

  /** Whether that is to be recorded: it is news, and not the 10 001st room that is waited for. */
  refuse(to: RoomKey): boolean {
    if (this.#refused.has(to) || this.#refused.size >= tellLimits.roomsMax) return false;
    this.#refused.add(to);
    return true;
  }

  /** Rooms that were refused something and have place again: half of what may wait. Each is named until it is {@link unrefuse}d. */
  readyAgain(): RoomKey[] {
    if (this.#refused.size === 0 || this.#bytes > tellLimits.bytesMax / 2) return [];
    const hasPlaces = this.#lines.size <= tellLimits.roomsMax / 2;
    return [...this.#refused].filter((to) => {
      const line = this.#lines.get(to);
      return line ? line.items.length <= tellLimits.perRoomMax / 2 : hasPlaces;
    });
  }

  unrefuse(to: RoomKey): void {
    this.#refused.delete(to);
  }

  /** Its number. */
  say(to: RoomKey, isText: boolean, bytes: Uint8Array): number {
    const number = this.#next;
    this.put(to, { number, isText, bytes });
    return number;
  }

  /** As {@link say}, as a journal or another owner says. */
  put(to: RoomKey, item: Told): void {
    let line = this.#lines.get(to);
    if (!line) {
      line = { items: [], durable: 0 };
      this.#lines.set(to, line);
    }
    line.items.push(item);
    this.#bytes += item.bytes.length + tellLimits.itemOverheadBytes;
    this.#next = Math.max(this.#next, item.number + 1);
  }

  /** The numbers that were used already. */
  skipTo(next: number): void {
    this.#next = Math.max(this.#next, next);
  }

  madeDurable(to: RoomKey, number: number): void {
    const line = this.#lines.get(to);
    if (line) line.durable = Math.max(line.durable, number + 1);
  }

  allDurable(): void {
    for (const line of this.#lines.values()) line.durable = this.#next;
  }

  /** What waits for `to` and is durable, oldest first, as far as `bytesMax` reaches; at least one. */
  waitingFor(to: RoomKey, countMax: number, bytesMax: number): readonly Told[] {
    const { items, durable } = this.#lines.get(to) ?? { items: [], durable: 0 };
    let bytes = 0;
    let count = 0;
    for (const item of items) {
      bytes += item.bytes.length;
      if (item.number >= durable || count >= countMax || (count > 0 && bytes > bytesMax)) break;
      count += 1;
    }
    return items.slice(0, count);
  }

  /** `to` has heard everything up to `number`. Whether anything of it was waiting. */
  drop(to: RoomKey, number: number): boolean {
    const line = this.#lines.get(to);
    if (!line) return false;
    const kept = line.items.findIndex((item) => item.number > number);
    const dropped = line.items.splice(0, kept < 0 ? line.items.length : kept);
    for (const { bytes } of dropped) this.#bytes -= bytes.length + tellLimits.itemOverheadBytes;
    if (line.items.length === 0) this.#lines.delete(to);
    return dropped.length > 0;
  }

  /** For a move and a snapshot. */
  state() {
    return {
      next: this.#next,
      out: [...this.#lines].map(
        ([to, { items }]) =>
          [to as string, items.map(({ number, isText, bytes }) => [number, isText, bytes] as const)] as const,
      ),
      refused: [...this.#refused] as readonly string[],
    };
  }
}
