import type { Logger } from "../../wire/runtime.ts";

/** Settings of the LMDB engine. The defaults suit a machine that runs a whole cluster. */
export interface LmdbStoreOptions {
  /**
   * Address space reserved for the file, not its size: the file grows as it is used. Beyond it LMDB maps anew, which costs a
   * pause. Default 64 GiB; lower it where address space is limited (`ulimit -v`).
   */
  readonly mapBytes?: number;
  /** A commit that takes longer is answered `unknown`, and the store `unavailable` until it is over. Default 10 000. */
  readonly commitMsMax?: number;
  /** Bytes of changes that may wait for a commit; above it they are `unavailable`. Default 256 MiB. */
  readonly queueBytesMax?: number;
  /** Changes that may wait for a commit; above it they are `unavailable`. Default 262 144. */
  readonly queueChangesMax?: number;
  /** Hears of what an operator should know. Default: nobody. */
  readonly log?: Logger;
}

export interface LmdbSettings {
  readonly mapBytes: number;
  readonly commitMsMax: number;
  readonly queueBytesMax: number;
  readonly queueChangesMax: number;
  readonly log: Logger | undefined;
}

export function completeSettings(options: LmdbStoreOptions = {}): LmdbSettings {
  return Object.freeze({
    mapBytes: options.mapBytes ?? 64 * 1024 ** 3,
    commitMsMax: options.commitMsMax ?? 10_000,
    queueBytesMax: options.queueBytesMax ?? 256 * 1024 ** 2,
    queueChangesMax: options.queueChangesMax ?? 262_144,
    log: options.log,
  });
}
