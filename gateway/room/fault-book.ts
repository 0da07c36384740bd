import type { RoomKey } from "../wire/ids.ts";

/** QUAR-1: a room that fails so often within so long is given to nobody for a while. Servers that it ended count like faults. */
export const quarantine = Object.freeze({ faultsMax: 3, withinMs: 60_000 });

const roomsMax = 10_000;

/**
 * When rooms have failed at this server, whatever it was: a turn, a recovery, a snapshot, a move, something that was durable and could not be
 * delivered. Bounded: the room that failed longest ago is forgotten first.
 */
export class FaultBook {
  readonly #faults = new Map<RoomKey, number[]>();

  note(room: RoomKey, nowMs: number): void {
    const times = this.#recent(room, nowMs);
    times.push(nowMs);
    this.#faults.delete(room);
    this.#faults.set(room, times.slice(-quarantine.faultsMax));
    if (this.#faults.size <= roomsMax) return;
    for (const oldest of this.#faults.keys()) {
      this.#faults.delete(oldest);
      return;
    }
  }

  /** How often it has failed within the last minute. */
  count(room: RoomKey, nowMs: number): number {
    return this.#recent(room, nowMs).length;
  }

  #recent(room: RoomKey, nowMs: number): number[] {
    return (this.#faults.get(room) ?? []).filter((atMs) => nowMs - atMs <= quarantine.withinMs);
  }
}
