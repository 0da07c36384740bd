import type { Epoch, RoomKey } from "../../wire/ids.ts";
import type { Corrupt, Fenced, JournalRecord, Position, Unavailable } from "../port.ts";
import { type RowWrite, readHeadRow } from "./change.ts";
import type { Environment } from "./environment.ts";
import type { GroupCommit, Uncertain } from "./group-commit.ts";
import { journalKey, positionOfJournalKey } from "./keys.ts";
import { fenced } from "./ownership.ts";
import { decodeRecord, recordHeaderBytes } from "./rows.ts";
import { createSlices } from "./slices.ts";

/** Records that one commit forgets: enough to be quick, few enough not to hold up the commits of others. */
const trimRecordsMax = 256;

export interface ReadLimit {
  readonly recordsMax: number;
  readonly bytesMax: number;
}

export type JournalAnswer =
  | { readonly kind: "records"; readonly records: readonly JournalRecord[] }
  | { readonly kind: "trimmed"; readonly first: Position }
  | Corrupt
  | Unavailable;

/** Throws where a head is damaged. Long reads give the event loop back now and then. */
export async function readJournal(
  environment: Environment,
  room: RoomKey,
  after: Position,
  limit: ReadLimit,
): Promise<JournalAnswer> {
  const { root, tables } = environment;
  const records: JournalRecord[] = [];
  const slices = createSlices();
  let bytes = 0;
  root.resetReadTxn();
  let head = readHeadRow(environment, room);
  if (head !== undefined && after < head.trimmed) return { kind: "trimmed", first: head.trimmed + 1 };
  for (let position = after + 1; head !== undefined && position <= head.tail; position += 1) {
    if (records.length > 0 && records.length >= limit.recordsMax) break;
    const row = tables.journal.get(journalKey(room, position));
    if (!(row instanceof Buffer))
      return { kind: "corrupt", position, reason: `record ${position} of ${room} is missing` };
    bytes += Math.max(0, row.length - recordHeaderBytes);
    if (records.length > 0 && bytes > limit.bytesMax) break;
    try {
      records.push(decodeRecord(room, position, row));
    } catch (error) {
      return { kind: "corrupt", position, reason: (error as Error).message };
    }
    if (await slices.pause()) {
      root.resetReadTxn();
      head = readHeadRow(environment, room);
      // Trimmed away while we paused: what we have has no hole, the next call says the rest.
      if (head !== undefined && head.trimmed > position) break;
    }
  }
  return { kind: "records", records };
}

/**
 * First the head says, in one step, up to where the journal is forgotten; nobody reads those records from then on. Their rows
 * go afterwards, a bounded number with each commit, along with what a crash may have left of an earlier trim.
 */
export async function trimJournal(
  environment: Environment,
  commit: GroupCommit,
  room: RoomKey,
  epoch: Epoch,
  upTo: Position,
): Promise<{ kind: "trimmed" } | Fenced | Uncertain> {
  let from: Position = 0;
  let to: Position = 0;
  const answer = await commit.submit<{ kind: "trimmed" } | Fenced>({
    room,
    bytes: 128,
    decide(head) {
      if (head?.epoch !== epoch) return fenced(head);
      const trimmed = Math.min(upTo, head.tail);
      from = head.trimmed;
      to = Math.max(from, trimmed);
      if (trimmed <= head.trimmed) return { kind: "answer", answer: { kind: "trimmed" } };
      return { kind: "write", head: { ...head, trimmed }, rows: [], answer: { kind: "trimmed" } };
    },
  });
  if (answer.kind !== "trimmed") return answer;
  // What cannot be removed now is invisible, and the next trim finds it.
  for (let first = from + 1; first <= to; first += trimRecordsMax) {
    const rows: RowWrite[] = [];
    const last = Math.min(to, first + trimRecordsMax - 1);
    for (let position = first; position <= last; position += 1) {
      rows.push({ table: "journal", key: journalKey(room, position) });
    }
    if ((await commit.write(rows)).kind !== "stored") return answer;
  }
  for (;;) {
    const rows = rowsLeftBehind(environment, room, from);
    if (rows.length === 0) return answer;
    if ((await commit.write(rows)).kind !== "stored") return answer;
  }
}

/** Of earlier trims, up to `trimmed`. Where none was cut off this is one look, and reads no key. */
function rowsLeftBehind({ root, tables }: Environment, room: RoomKey, trimmed: Position): RowWrite[] {
  root.resetReadTxn();
  const keys = tables.journal.getKeys({
    start: journalKey(room, 0),
    end: journalKey(room, trimmed + 1),
    limit: trimRecordsMax,
  });
  const rows: RowWrite[] = [];
  for (const key of keys) {
    const found = Buffer.from(key);
    if (positionOfJournalKey(found) <= trimmed) rows.push({ table: "journal", key: found });
  }
  return rows;
}
