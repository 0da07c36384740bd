import type { RoomKey } from "../wire/ids.ts";
import type { Known } from "./owner-search.ts";

const roomsMax = 16_384;
const nothing: Known = Object.freeze({ epochSeen: 0, owner: undefined });

/**
 * What is known of rooms that have no session here just now, so that a room's next session is not shown to a zombie of an epoch that
 * this gateway has already seen passed (GATE-6). The rooms that were used longest ago are forgotten first.
 */
export class RoomMemory {
  readonly #known = new Map<RoomKey, Known>();

  recall(room: RoomKey): Known {
    const known = this.#known.get(room);
    this.#known.delete(room);
    return known ?? nothing;
  }

  keep(room: RoomKey, known: Known): void {
    if (known.epochSeen === 0) return;
    this.#known.delete(room);
    this.#known.set(room, known);
    if (this.#known.size <= roomsMax) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}
