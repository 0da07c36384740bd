import { crc32 } from "node:zlib";

/**
 * Every row begins with a CRC-32 over its key and the rest of the row, so that a row that rotted, was cut, or stands under
 * another key than its own is found when it is read.
 */
export const sealBytes = 4;

/** Writes the checksum into the first 4 bytes of `row`, and gives it back. */
export function seal(key: Uint8Array, row: Buffer): Buffer {
  row.writeUInt32BE(sum(key, row), 0);
  return row;
}

export function isIntact(key: Uint8Array, row: Buffer): boolean {
  return row.length >= sealBytes && row.readUInt32BE(0) === sum(key, row);
}

function sum(key: Uint8Array, row: Buffer): number {
  return crc32(row.subarray(sealBytes), crc32(key));
}
