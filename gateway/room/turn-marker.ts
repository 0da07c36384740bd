import type { RoomKey } from "../wire/ids.ts";

/**
 * Knows at each moment which room's turn is running, so that a process that does not come back from one can still say which it
 * was. Called twice a turn: must cost next to nothing.
 */
export interface TurnMarker {
  /** A number for the room, above 0. */
  register(room: RoomKey): number;
  unregister(mark: number): void;
  enter(mark: number): void;
  leave(): void;
}
