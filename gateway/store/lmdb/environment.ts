import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Database, RootDatabase } from "lmdb";
import { RoomgateError } from "../../wire/errors.ts";
import { checkDataFile } from "./file-check.ts";
import type { LmdbSettings } from "./options.ts";
import { ownMark, type ProcessMark } from "./process-start.ts";

/** The tables of one environment. Keys and values are bytes; `keys.ts` and the row files say which. */
export interface Tables {
  readonly heads: Table;
  readonly journal: Table;
  readonly snapshots: Table;
  readonly chunks: Table;
  readonly generations: Table;
  /** All rooms, by owner. */
  readonly owners: Table;
  /** Those that must run, by owner. */
  readonly mustRun: Table;
}

export type Table = Database<Buffer, Uint8Array>;
export type TableName = keyof Tables;

export interface Environment {
  readonly directory: string;
  /** The one that has it open, which is this one. */
  readonly process: ProcessMark;
  readonly root: RootDatabase<Buffer, Uint8Array>;
  readonly tables: Tables;
  /** Version of the row that was read last. */
  lastVersion(): number;
}

/** What rooms keep is nobody else's business. */
export const fileMode = 0o600;

const formatKey = Buffer.from("format");
const format = "roomgate-store 2";

/**
 * How LMDB is used:
 *
 * - `overlappingSync` off. Then a commit is LMDB's classic one: pages, `fdatasync`, root page written through, all before the
 *   write lock is given up. Nothing is visible to anybody before it is durable, a promise means durable, and a sync that fails
 *   leaves nothing behind that later syncs would miss, because the pages belong to the transaction that is then undone.
 *   With one group commit at a time it was no slower (p50 0.4 ms both ways).
 * - Both thresholds out of reach: the writing thread must not take the write lock, which all processes share, while this
 *   thread is still queueing, or a busy event loop here would stop the writes of everybody else. For the same reason there
 *   are no transaction callbacks: conditions are versions, which the writing thread compares alone.
 * - `eventTurnBatching` off: its own promise would be an unhandled rejection whenever a commit fails.
 */
const engineOptions = {
  overlappingSync: false,
  eventTurnBatching: false,
  txnStartThreshold: 2 ** 30,
  batchStartThreshold: 2 ** 30,
  permissionsMode: fileMode,
};

/** Opens or creates the environment in `directory`. Throws `store-unavailable` with one line that says why it cannot. */
export async function openEnvironment(path: string, settings: LmdbSettings): Promise<Environment> {
  const directory = resolve(path);
  prepareDirectory(directory);
  const { open, getLastVersion } = await import("lmdb").catch((cause: unknown) => {
    throw unavailable(`The lmdb library cannot be loaded here: ${lineOf(cause)}`, cause);
  });
  const isNew = !existsSync(join(directory, "data.mdb"));
  const bytesOnly = { keyEncoding: "binary", encoding: "binary" } as const;
  let root: RootDatabase<Buffer, Uint8Array> | undefined;
  try {
    checkDataFile(directory);
    root = open<Buffer, Uint8Array>({
      ...bytesOnly,
      ...engineOptions,
      path: directory,
      noSubdir: false,
      maxDbs: 12,
      maxReaders: 512,
      mapSize: settings.mapBytes,
    });
    const table = (name: TableName, useVersions = false): Table => {
      const opened = root?.openDB<Buffer, Uint8Array>({ ...bytesOnly, name, useVersions });
      if (opened === undefined) throw new Error(`table ${name} is missing`);
      return opened;
    };
    await checkFormat(root);
    const environment: Environment = {
      directory,
      process: ownMark(),
      root,
      lastVersion: getLastVersion,
      tables: {
        heads: table("heads", true),
        journal: table("journal"),
        snapshots: table("snapshots"),
        chunks: table("chunks"),
        generations: table("generations"),
        owners: table("owners"),
        mustRun: table("mustRun"),
      },
    };
    if (isNew) syncDirectories(directory);
    return environment;
  } catch (cause) {
    await root?.close().catch(() => undefined);
    if (cause instanceof RoomgateError) throw cause;
    throw unavailable(`The store in ${directory} cannot be opened: ${await reasonOf(cause)}`, cause);
  }
}

const probeBytes = 256 * 1024;

function prepareDirectory(directory: string): void {
  const probe = join(directory, `.probe.${process.pid}`);
  try {
    makeDirectory(directory);
    // LMDB does not survive a disk that is full when it makes its files.
    writeFileSync(probe, Buffer.alloc(existsSync(join(directory, "data.mdb")) ? 0 : probeBytes));
    unlinkSync(probe);
    prepareLockFile(directory);
  } catch (cause) {
    throw unavailable(`The store's directory ${directory} cannot be used: ${lineOf(cause)}`, cause);
  }
}

/** Node's own recursive form never returns where a file system answers "no such file" to it, as /proc does. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

const lockFileBytes = 64 * 1024;

/**
 * LMDB makes its lock file as a hole and writes to it through memory: on a full disk that kills the process. So it finds one
 * that has its blocks. It appears complete or not at all, because another process may be opening the store just now.
 *
 * From here on nothing in this process may open that file: see `stopped-holder.ts`.
 */
function prepareLockFile(directory: string): void {
  const lockFile = join(directory, "lock.mdb");
  if (existsSync(lockFile)) return;
  const temporary = join(directory, `.lock.${process.pid}`);
  try {
    writeFileSync(temporary, Buffer.alloc(lockFileBytes), { mode: fileMode });
    linkSync(temporary, lockFile);
  } catch (error) {
    // Somebody was quicker, or the file system has no links: then LMDB makes its own.
    const { code = "" } = error as NodeJS.ErrnoException;
    if (!["EEXIST", "EPERM", "ENOTSUP", "ENOSYS"].includes(code)) throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Before any other table is looked for: what is not found is made, and a store of another form is to stay as it is. */
async function checkFormat(root: RootDatabase<Buffer, Uint8Array>): Promise<void> {
  const meta = root.openDB<Buffer, Uint8Array>({ keyEncoding: "binary", encoding: "binary", name: "meta" });
  if (meta.get(formatKey) === undefined) {
    await meta.ifNoExists(formatKey, () => {
      meta.put(formatKey, Buffer.from(format));
    });
    meta.resetReadTxn();
  }
  const found = meta.get(formatKey)?.toString();
  if (found === format) return;
  throw new Error(`it is of the form "${found}", this version needs "${format}"; it is left as it is`);
}

/** A new file survives a loss of power only if its directory's entry does. */
function syncDirectories(directory: string): void {
  for (const path of [directory, dirname(directory)]) {
    try {
      const handle = openSync(path, "r");
      try {
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
    } catch {
      // Some systems (Windows) cannot sync a directory, or let us open the parent.
    }
  }
}

/** The one line behind an error of lmdb, which keeps the cause of a failed commit in a promise of its own. */
export async function reasonOf(error: unknown): Promise<string> {
  const commitError = (error as { commitError?: Promise<unknown> } | undefined)?.commitError;
  if (commitError === undefined) return lineOf(error);
  return commitError.then(
    () => lineOf(error),
    (cause: unknown) => lineOf(cause),
  );
}

function lineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0] ?? text;
}

function unavailable(message: string, cause: unknown): RoomgateError {
  return new RoomgateError("store-unavailable", message, { retryable: true, cause });
}
