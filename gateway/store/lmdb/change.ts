import type { RoomKey } from "../../wire/ids.ts";
import type { TableName, Tables } from "./environment.ts";
import { roomKeyBytes } from "./keys.ts";
import { DamagedRow, decodeHead, type HeadRow } from "./rows.ts";

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
export function readHeadRow(tables: Tables, room: RoomKey): HeadRow | undefined {
  const entry = tables.heads.getEntry(roomKeyBytes(room));
  if (entry === undefined) return undefined;
  if (!(entry.value instanceof Buffer)) throw new DamagedRow(`head of ${room}: not bytes`);
  return decodeHead(room, entry.value, entry.version);
}
