import type { Epoch } from "../../wire/ids.ts";
import type { Position } from "../port.ts";
import type { RowWrite } from "./change.ts";
import { type ProcessMark, startBytes } from "./process-start.ts";
import { isIntact, seal, sealBytes } from "./seal.ts";

/** Size of the pieces in which a snapshot is stored; the last one may be shorter. */
export const chunkBytes = 256 * 1024;

/** What a generation of chunks is. The room's head says which generation is its snapshot. */
export interface SnapshotRow {
  readonly position: Position;
  readonly epoch: Epoch;
  readonly version: string;
  readonly bytes: number;
}

export function chunkCount(bytes: number): number {
  return Math.ceil(bytes / chunkBytes);
}

// crc 4, epoch 4, position 6, bytes 6, version
export function encodeSnapshot(key: Buffer, snapshot: SnapshotRow): Buffer {
  const version = Buffer.from(snapshot.version, "utf8");
  const row = Buffer.allocUnsafe(sealBytes + 16 + version.length);
  row.writeUInt32BE(snapshot.epoch, 4);
  row.writeUIntBE(snapshot.position, 8, 6);
  row.writeUIntBE(snapshot.bytes, 14, 6);
  row.set(version, 20);
  return seal(key, row);
}

/** `undefined` if its checksum does not fit. */
export function decodeSnapshot(key: Buffer, row: Buffer): SnapshotRow | undefined {
  if (row.length < 20 || !isIntact(key, row)) return undefined;
  return {
    epoch: row.readUInt32BE(4),
    position: row.readUIntBE(8, 6),
    bytes: row.readUIntBE(14, 6),
    version: row.toString("utf8", 20),
  };
}

// crc 4, bytes
export function encodeChunk(key: Buffer, bytes: Uint8Array): Buffer {
  const row = Buffer.allocUnsafe(sealBytes + bytes.length);
  row.set(bytes, sealBytes);
  return seal(key, row);
}

/**
 * A generation that is not the room's snapshot: `writing` while its process still adds chunks, `dead` once nobody will ever
 * need them. The room's present generation has no such row. So whatever a crash leaves behind can be found.
 */
export interface GenerationRow {
  readonly state: "writing" | "dead";
  readonly by: ProcessMark;
}

const noteBytes = sealBytes + 5 + startBytes;

// crc 4, state 1, pid 4, start of the process 8
function encodeGeneration(key: Buffer, row: GenerationRow): Buffer {
  const bytes = Buffer.allocUnsafe(noteBytes);
  bytes[4] = row.state === "writing" ? 1 : 2;
  bytes.writeUInt32BE(row.by.pid, 5);
  bytes.set(row.by.start, 9);
  return seal(key, bytes);
}

export function generationNote(by: ProcessMark, note: Buffer, state: GenerationRow["state"]): RowWrite {
  return { table: "generations", key: note, value: encodeGeneration(note, { state, by }) };
}

/** `undefined` if it cannot be read: then it stays, which costs space and nothing else. */
export function decodeGeneration(key: Uint8Array, bytes: Buffer): GenerationRow | undefined {
  if (bytes.length !== noteBytes || !isIntact(key, bytes)) return undefined;
  const by = { pid: bytes.readUInt32BE(5), start: bytes.subarray(9) };
  return { state: bytes[4] === 1 ? "writing" : "dead", by };
}
