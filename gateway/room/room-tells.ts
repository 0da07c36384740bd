import { parseRoomKey, type RoomKey } from "../wire/ids.ts";
import type { JournaledTurns } from "./journaled-turns.ts";
import { keepData, RoomMessage } from "./room-message.ts";
import type { Data, Message } from "./sdk.ts";
import type { Speaker } from "./tell-desk.ts";
import type { Turns } from "./turns.ts";

/** One thing said to another room, kept until that room has heard it. */
export interface Told {
  readonly number: number;
  readonly isText: boolean;
  readonly bytes: Uint8Array;
}

export interface TellsSetting {
  readonly journaled: JournaledTurns | undefined;
  readonly turns: Turns;
  /** Why a room cannot be told anything; `undefined` if it can. */
  refusal(to: RoomKey): string | undefined;
  /** Something durable waits for `to`. */
  offer(to: RoomKey): void;
  onTell(from: RoomKey, message: Message): void;
}

/** What is the room's of this in a move and in a snapshot. */
export interface TellsState {
  readonly out: readonly (readonly [to: string, next: number, items: readonly (readonly [boolean, Uint8Array])[]])[];
  readonly heard: readonly (readonly [from: string, number: number])[];
}

interface Line {
  /** Number of the next thing said. */
  next: number;
  /** Everything before is durable. */
  durable: number;
  readonly items: Told[];
}

export const waitingMax = 10_000;
export const tellBytesMax = 1024 * 1024;
const roomsMax = 100_000;

/**
 * What rooms say to each other. TELL-1: the one who speaks numbers what it says to each room, with its turn; the one who listens keeps
 * the number that it has heard up to with its own turn. So however often something is delivered, it is heard once, in order.
 */
export class RoomTells implements Speaker {
  readonly key: RoomKey;
  readonly #setting: TellsSetting;
  readonly #out = new Map<RoomKey, Line>();
  readonly #heard = new Map<RoomKey, number>();

  #isGone = false;

  constructor(key: RoomKey, setting: TellsSetting) {
    this.key = key;
    this.#setting = setting;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** The room speaks no more from here. */
  close(): void {
    this.#isGone = true;
  }

  /** Within a turn. Throws where it cannot be said at all, or too much waits. */
  tell(room: string, data: Data): void {
    const { journaled, refusal } = this.#setting;
    const to = parseRoomKey(room);
    if (to === undefined) throw new RangeError(`"${room}" is no room`);
    if (!journaled?.isGated) throw new Error('tell needs an app of durability "commit"');
    const problem = refusal(to);
    if (problem !== undefined) throw new Error(problem);
    const bytes = keepData(data);
    if (bytes.length > tellBytesMax) throw new RangeError(`at most ${tellBytesMax} bytes can be told at once`);
    const line = this.#lineTo(to);
    if (line.items.length >= waitingMax)
      throw new RangeError(`${waitingMax} things wait already for ${to} to hear them`);
    const number = line.next;
    line.next += 1;
    const isText = typeof data === "string";
    line.items.push({ number, isText, bytes });
    journaled.tell(to, number, isText, bytes);
    journaled.hold?.({
      kind: "call",
      task: () => {
        line.durable = Math.max(line.durable, number + 1);
        this.#setting.offer(to);
      },
    });
  }

  /** What waits for `to` and is durable, oldest first. */
  waitingFor(to: RoomKey): readonly Told[] {
    const line = this.#out.get(to);
    return line ? line.items.filter(({ number }) => number < line.durable) : [];
  }

  /** `to` has heard everything up to `number`, durably. */
  told(to: RoomKey, number: number): void {
    if (this.#drop(to, number)) this.#setting.journaled?.told(to, number);
  }

  /** Offers what has waited since before this owner. */
  offerAll(): void {
    for (const [to, line] of this.#out) {
      line.durable = line.next;
      if (line.items.length > 0) this.#setting.offer(to);
    }
  }

  /** TELL-2: hears what is next, once; `answer` is called with the number up to which all is heard durably. */
  hear(from: RoomKey, first: number, items: readonly Omit<Told, "number">[], answer: (upTo: number) => void): void {
    const { journaled, turns, onTell } = this.#setting;
    for (const [index, { isText, bytes }] of items.entries()) {
      const number = first + index;
      if (turns.isHalted) return;
      if (number !== (this.#heard.get(from) ?? 0) + 1) continue;
      if (!this.#heard.has(from) && this.#heard.size >= roomsMax) break;
      this.#heard.set(from, number);
      journaled?.heard(from, number);
      turns.run(() => onTell(from, new RoomMessage(bytes, isText)));
    }
    if (turns.isHalted) return;
    const upTo = this.#heard.get(from) ?? 0;
    // Behind everything in front of it: what was heard before may not be durable yet either.
    turns.run(() => journaled?.hold?.({ kind: "call", task: () => answer(upTo) }));
  }

  state(): TellsState {
    const out = [...this.#out].map(
      ([to, { next, items }]) => [to, next, items.map(({ isText, bytes }) => [isText, bytes] as const)] as const,
    );
    return { out, heard: [...this.#heard] };
  }

  restore({ out, heard }: TellsState): void {
    for (const [to, next, items] of out) {
      const first = next - items.length;
      const told = items.map(([isText, bytes], index) => ({ number: first + index, isText, bytes }));
      this.#out.set(to as RoomKey, { next, durable: next, items: told });
    }
    for (const [from, number] of heard) this.#heard.set(from as RoomKey, number);
  }

  // ---- what a journal says was done ----

  replayTell(to: string, number: number, isText: boolean, bytes: Uint8Array): void {
    const line = this.#lineTo(to as RoomKey);
    line.next = number + 1;
    line.durable = line.next;
    line.items.push({ number, isText, bytes: bytes.slice() });
  }

  replayTold(to: string, number: number): void {
    this.#drop(to as RoomKey, number);
  }

  replayHeard(from: string, number: number): void {
    this.#heard.set(from as RoomKey, number);
  }

  #lineTo(to: RoomKey): Line {
    const known = this.#out.get(to);
    if (known) return known;
    if (this.#out.size >= roomsMax) throw new RangeError(`a room can tell at most ${roomsMax} others`);
    const line: Line = { next: 1, durable: 1, items: [] };
    this.#out.set(to, line);
    return line;
  }

  #drop(to: RoomKey, number: number): boolean {
    const items = this.#out.get(to)?.items ?? [];
    const kept = items.findIndex((item) => item.number > number);
    const dropped = items.splice(0, kept < 0 ? items.length : kept);
    return dropped.length > 0;
  }
}
