import { accessSync, closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * What LMDB must not meet: the library takes the process down when opening fails, and reading a page that is missing from the
 * file does the same. So the file's two root pages are looked at first. Layout: LMDB's data format 2 on 64-bit machines.
 */
const magic = 0xbeefc0de;
const dataVersion = 2;
const metaBytes = 160;
const at = {
  magic: 24,
  version: 28,
  pageBytes: 48,
  freeRoot: 88,
  mainRoot: 136,
  lastPage: 144,
  transaction: 152,
} as const;

/**
 * Pages at the end of the file that a commit gave up again are never written, so a little may be missing in sound files; it
 * is free space, and nobody reads it.
 */
const missingBytesMax = 256 * 1024;

/** Throws an error whose message completes "the store cannot be opened: …". A file that does not exist yet is fine. */
export function checkDataFile(directory: string): void {
  for (const name of ["data.mdb", "lock.mdb"]) {
    const path = join(directory, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) continue;
    if (!found.isFile()) throw new Error(`${name} is not a file`);
    accessSync(path, constants.R_OK | constants.W_OK);
  }
  const path = join(directory, "data.mdb");
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  const handle = openSync(path, "r");
  try {
    checkRoots(handle, fstatSync(handle).size);
  } finally {
    closeSync(handle);
  }
}

function checkRoots(handle: number, foundBytes: number): void {
  const first = readMeta(handle, 0);
  const pageBytes = first.readUInt32LE(at.pageBytes);
  if (pageBytes < 256 || pageBytes > 65_536) throw new Error("data.mdb is not an LMDB file");
  const second = readMeta(handle, pageBytes);
  const newest = [first, second].reduce((a, b) =>
    a.readBigUInt64LE(at.transaction) >= b.readBigUInt64LE(at.transaction) ? a : b,
  );
  const pages = BigInt(Math.floor(foundBytes / pageBytes));
  const neededBytes = Number(newest.readBigUInt64LE(at.lastPage) + 1n) * pageBytes;
  const areRootsThere = [at.freeRoot, at.mainRoot]
    .map((place) => newest.readBigUInt64LE(place))
    .every((root) => root === 2n ** 64n - 1n || root < pages);
  if (!areRootsThere || foundBytes + missingBytesMax < neededBytes) {
    throw new Error(`data.mdb is cut short: ${foundBytes} of ${neededBytes} bytes are there`);
  }
}

function readMeta(handle: number, position: number): Buffer {
  const meta = Buffer.alloc(metaBytes);
  const isWhole = readSync(handle, meta, 0, metaBytes, position) === metaBytes;
  if (!isWhole || meta.readUInt32LE(at.magic) !== magic) throw new Error("data.mdb is not an LMDB file");
  const version = meta.readUInt32LE(at.version) & 0xffff;
  if (version !== dataVersion) throw new Error(`data.mdb has LMDB's data format ${version}, not ${dataVersion}`);
  return meta;
}
