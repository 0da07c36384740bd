import type { Message, Room, RoomContext, Session } from "roomgate/room";
import { Board, decodeGain, decodeGains, encodeGain, encodeGains } from "./board.ts";
import { sanitizeName } from "./rules/names.ts";

export const boardApp = "board";
/** The only room of that app: all arenas tell it. */
export const boardRoom = `${boardApp}/all-time`;
const showEveryMs = 1_000;
const policy = 1008;

/**
 * The board of all time over all arenas. Arenas `tell` it each gain, exactly once, so it need not know which it has: it adds up. Whoever
 * joins is sent one text frame, `{"top":[{"name","hue","points"}]}`, and another when something has changed, at most one a second.
 */
export class BoardRoom implements Room {
  readonly #room: RoomContext;
  #board = new Board();
  #isDue = false;

  constructor(room: RoomContext) {
    this.#room = room;
  }

  get board(): Board {
    return this.#board;
  }

  onJoin(session: Session): void {
    session.send(this.#frame(), { delivery: { latest: "board" } });
  }

  onMessage(session: Session, _message: Message): void {
    session.close(policy, "the board only shows");
  }

  onTell(from: string, message: Message): void {
    const gain = decodeGain(message.bytes);
    if (gain === undefined || !from.startsWith("game/")) {
      this.#room.log.warn({ from }, "the board was told something that it does not understand");
      return;
    }
    // The bytes that are kept are its own: a later form of what arenas say must not be in its journal.
    this.#room.append(encodeGain({ ...gain, name: sanitizeName(gain.name) }));
    if (this.#isDue) return;
    this.#isDue = true;
    this.#room.setTimer("show", showEveryMs);
  }

  onTimer(): void {
    this.#isDue = false;
    this.#room.broadcast(this.#frame(), { delivery: { latest: "board" } });
  }

  apply(entry: Uint8Array): void {
    const gain = decodeGain(entry);
    if (gain === undefined) throw new Error("the journal of the board is damaged");
    this.#board.apply(gain);
  }

  snapshot(): Uint8Array {
    return encodeGains(this.#board.lines);
  }

  restore(snapshot: Uint8Array): void {
    const lines = decodeGains(snapshot);
    if (lines === undefined) throw new Error("the saved board is damaged");
    this.#board = new Board(lines);
  }

  #frame(): string {
    return JSON.stringify({ top: this.#board.top().map(({ name, hue, points }) => ({ name, hue, points })) });
  }
}
