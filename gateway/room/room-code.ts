import type { AppDefinition, Room, RoomContext } from "./sdk.ts";
import { refusePromise, type Turns } from "./turns.ts";

/** Calls of the user's code whose results count. Each throws what that code throws, and a `TypeError` where it gives something else than it must. */

export function createRoom(definition: AppDefinition, context: RoomContext): Room {
  const room: unknown = definition.create(context);
  refusePromise(room);
  if (typeof room === "object" && room !== null && typeof (room as Room).onMessage === "function") return room as Room;
  throw new TypeError("create gives no room: an object with onMessage");
}

export function applyEntry(room: Room, entry: Uint8Array): void {
  refusePromise(room.apply?.(entry));
}

/** The same within a turn. */
export function applyLive(turns: Turns, room: Room, entry: Uint8Array): void {
  turns.isApplying = true;
  try {
    applyEntry(room, entry);
  } finally {
    turns.isApplying = false;
  }
}

/** `undefined` if the room has none to give. */
export function takeSnapshot(room: Room): Uint8Array | undefined {
  const bytes: unknown = room.snapshot?.();
  if (bytes === undefined || bytes instanceof Uint8Array) return bytes;
  refusePromise(bytes);
  throw new TypeError(`snapshot gives a Uint8Array, not ${bytes === null ? "null" : `a ${typeof bytes}`}`);
}

export function restoreSnapshot(room: Room, snapshot: Uint8Array): void {
  refusePromise(room.restore?.(snapshot));
}
