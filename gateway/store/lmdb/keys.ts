import type { RoomKey, ServerId } from "../../wire/ids.ts";
import type { Position } from "../port.ts";

/**
 * Keys are bytes that LMDB compares from the left. Room keys and server ids have no zero byte, so a zero byte ends them, and
 * everything of one room is one range. Numbers are big-endian, so that their order is the keys' order.
 */

/** Positions take 6 bytes: at 100 000 records a second they last 89 years. */
export const positionMax = 2 ** 48 - 1;

export function roomKeyBytes(room: RoomKey): Buffer {
  return Buffer.from(room, "latin1");
}

/** `room 0 position`. */
export function journalKey(room: RoomKey, position: Position): Buffer {
  const key = Buffer.allocUnsafe(room.length + 7);
  key.write(room, 0, "latin1");
  key[room.length] = 0;
  key.writeUIntBE(position, room.length + 1, 6);
  return key;
}

export function positionOfJournalKey(key: Uint8Array): Position {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(key.length - 6, 6);
}

/** `room 0 generation`: one stored form of a room's snapshot; `generation` is 8 random bytes. */
export function generationKey(room: RoomKey, generation: Uint8Array): Buffer {
  return Buffer.concat([roomKeyBytes(room), Buffer.of(0), generation]);
}

/** `room 0 generation index`. */
export function chunkKey(room: RoomKey, generation: Uint8Array, index: number): Buffer {
  const number = Buffer.allocUnsafe(4);
  number.writeUInt32BE(index);
  return Buffer.concat([generationKey(room, generation), number]);
}

/** `owner 0 room`: the indexes of heads. Rooms that nobody owns have an empty owner, and come first. */
export function ownerKey(owner: ServerId | null, room: RoomKey): Buffer {
  return Buffer.from(`${owner ?? ""}\0${room}`, "latin1");
}

/** All keys that begin with `prefix` are at or behind `start` and before `end`. `prefix` must not end in the byte 255. */
export function prefixRange(prefix: string): { readonly start: Buffer; readonly end: Buffer } {
  const start = Buffer.from(prefix, "latin1");
  const end = Buffer.from(start);
  const last = end.length - 1;
  end[last] = (end[last] ?? 0) + 1;
  return { start, end };
}

/** The part of a key behind its first zero byte, and the part before. */
export function splitKey(key: Uint8Array): { readonly before: string; readonly behind: Buffer } {
  const zero = key.indexOf(0);
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  return { before: bytes.toString("latin1", 0, zero), behind: bytes.subarray(zero + 1) };
}
