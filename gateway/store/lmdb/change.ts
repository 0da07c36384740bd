import type { RoomKey } from "../../wire/ids.ts";
import type { Environment, TableName } from "./environment.ts";
import { roomKeyBytes } from "./keys.ts";
import { decodeHead, type HeadRow } from "./rows.ts";

/** One row to write, or to remove where `value` is left out. */
export interface RowWrite {
  readonly table: Exclude<TableName, "heads">;
  readonly key: Buffer;
  readonly value?: Buffer;
}

/** What a change makes of a room: an answer alone, or a new head and rows that are written in the same step. */
export type Decision<Answer> =
  | { readonly kind: "answer"; readonly answer: Answer }
  | {
      readonly kind: "write";
      /** The number of the change is counted up by whoever commits it. */
      readonly head: Omit<HeadRow, "change">;
      readonly rows: readonly RowWrite[];
      readonly answer: Answer;
    };

/**
 * A change of one room. `decide` is called with the room as it is when the change's turn comes, and again if another process
 * changed the room in between: it must not have effects of its own.
 */
export interface RoomChange<Answer> {
  readonly room: RoomKey;
  /** About what it writes, for the queue's bound. */
  readonly bytes: number;
  decide(head: HeadRow | undefined): Decision<Answer>;
}

/** Throws `DamagedRow`. The caller has seen to it that the read transaction is a fresh one. */
export function readHeadRow(environment: Environment, room: RoomKey): HeadRow | undefined {
  const { heads } = environment.tables;
  // The fast form reads into one buffer again and again, which is decoded before anything else is read: a fresh buffer for
  // each head made the collector of garbage the largest part of an append.
  const bytes = heads.getBinaryFast(roomKeyBytes(room));
  return bytes === undefined ? undefined : decodeHead(room, bytes.subarray(0, bytes.length), environment.lastVersion());
}
