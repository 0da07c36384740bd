import type { Epoch, RoomKey, ServerId } from "../../wire/ids.ts";
import type { Head, JournalRecord, Position } from "../port.ts";
import { journalKey, roomKeyBytes } from "./keys.ts";
import { isIntact, seal, sealBytes } from "./seal.ts";

/** A row whose bytes are not what was written. Caught where the port has an answer for it. */
export class DamagedRow extends Error {}

/** Everything about a room that changes with its head. */
export interface HeadRow {
  readonly epoch: Epoch;
  readonly tail: Position;
  readonly owner: ServerId | null;
  readonly mustRun: boolean;
  /** Records up to here are forgotten. */
  readonly trimmed: Position;
  /** Which stored form is the room's newest snapshot: 8 bytes, all zero for none. */
  readonly generation: Buffer;
  /**
   * Number of changes of the room, of whatever kind. LMDB compares it inside the write transaction, so it is what makes a
   * check of the row and the writes that follow from it one atomic step, also between processes.
   */
  readonly change: number;
}

export function headOf(row: HeadRow | undefined): Head | undefined {
  return row === undefined ? undefined : { epoch: row.epoch, tail: row.tail, owner: row.owner, mustRun: row.mustRun };
}

export const noGeneration: Buffer = Buffer.alloc(8);

const flagsStart = 34;
const ownerStart = 35;

// crc 4, change 6, epoch 4, tail 6, trimmed 6, generation 8, must run 1, owner (nothing: nobody)
export function encodeHead(room: RoomKey, row: HeadRow): Buffer {
  const owner = row.owner ?? "";
  const bytes = Buffer.allocUnsafe(ownerStart + owner.length);
  bytes.writeUIntBE(row.change, 4, 6);
  bytes.writeUInt32BE(row.epoch, 10);
  bytes.writeUIntBE(row.tail, 14, 6);
  bytes.writeUIntBE(row.trimmed, 20, 6);
  bytes.set(row.generation, 26);
  bytes[flagsStart] = row.mustRun ? 1 : 0;
  bytes.write(owner, ownerStart, "latin1");
  return seal(roomKeyBytes(room), bytes);
}

/** `change` is the version that LMDB keeps beside the row; the row must carry the same. */
export function decodeHead(room: RoomKey, bytes: Buffer, change: number | undefined): HeadRow {
  if (bytes.length < ownerStart || !isIntact(roomKeyBytes(room), bytes)) {
    throw new DamagedRow(`the head of ${room} is damaged: wrong checksum`);
  }
  const row: HeadRow = {
    change: bytes.readUIntBE(4, 6),
    epoch: bytes.readUInt32BE(10),
    tail: bytes.readUIntBE(14, 6),
    trimmed: bytes.readUIntBE(20, 6),
    generation: generationOf(bytes),
    mustRun: bytes[flagsStart] === 1,
    owner: bytes.length === ownerStart ? null : (bytes.toString("latin1", ownerStart) as ServerId),
  };
  if (row.change !== change) throw new DamagedRow(`the head of ${room} is damaged: wrong change number`);
  return row;
}

/** A copy: `bytes` may be read into again. */
function generationOf(bytes: Buffer): Buffer {
  const generation = bytes.subarray(26, flagsStart);
  return generation.equals(noGeneration) ? noGeneration : Buffer.from(generation);
}

const kinds = ["data", "fence"] as const;

export const recordHeaderBytes = sealBytes + 5;

// crc 4, epoch 4, kind 1, bytes
export function encodeRecord(key: Buffer, epoch: Epoch, kind: JournalRecord["kind"], bytes: Uint8Array): Buffer {
  const row = Buffer.allocUnsafe(recordHeaderBytes + bytes.length);
  row.writeUInt32BE(epoch, 4);
  row[8] = kinds.indexOf(kind);
  row.set(bytes, recordHeaderBytes);
  return seal(key, row);
}

export function decodeRecord(room: RoomKey, position: Position, row: Buffer): JournalRecord {
  const kind = kinds[row[8] ?? 255];
  if (kind === undefined || !isIntact(journalKey(room, position), row)) {
    throw new DamagedRow(`record ${position} of ${room} is damaged: wrong checksum`);
  }
  return { position, epoch: row.readUInt32BE(4), kind, bytes: plainView(row, recordHeaderBytes) };
}

/** A plain view: a `Buffer` would give whoever holds it another `slice` than it expects. */
export function plainView(row: Buffer, start: number): Uint8Array {
  return new Uint8Array(row.buffer, row.byteOffset + start, row.length - start);
}
