import type { RoomKey, ServerId } from "../../wire/ids.ts";
import type { AppendAnswer, AppendRequest, Fenced, HeadVersion, TakeoverAnswer, TakeoverRequest } from "../port.ts";
import type { Decision, RoomChange, RowWrite } from "./change.ts";
import { journalKey, ownerKey, positionMax } from "./keys.ts";
import { encodeRecord, type HeadRow, headOf, noGeneration } from "./rows.ts";

const epochMax = 2 ** 32 - 1;
const indexed = Buffer.of(1);
const noBytes = new Uint8Array(0);
/** What a head and its index rows take, roughly. */
const headBytes = 256;

export function takeoverChange(request: TakeoverRequest): RoomChange<TakeoverAnswer> {
  const { room, expect, owner, journaled } = request;
  return {
    room,
    bytes: headBytes,
    decide(head): Decision<TakeoverAnswer> {
      if (!isExpected(head, expect)) return fenced(head);
      if ((head?.epoch ?? 0) >= epochMax) return unavailable("the room has used up its epochs");
      const epoch = (head?.epoch ?? 0) + 1;
      const tail = (head?.tail ?? 0) + (journaled ? 1 : 0);
      if (tail > positionMax) return unavailable("the room's journal has used up its positions");
      const rows: RowWrite[] = [];
      if (journaled) {
        const key = journalKey(room, tail);
        rows.push({ table: "journal", key, value: encodeRecord(key, epoch, "fence", noBytes) });
      }
      const mustRun = head?.mustRun ?? false;
      const taken = { epoch, tail, owner, mustRun };
      return {
        kind: "write",
        head: { ...taken, trimmed: head?.trimmed ?? 0, generation: head?.generation ?? noGeneration },
        rows: [...rows, ...indexRows(room, head, taken)],
        answer: { kind: "taken", head: taken },
      };
    },
  };
}

export function releaseChange(
  room: TakeoverRequest["room"],
  expect: HeadVersion,
  owner: ServerId,
): RoomChange<{ kind: "released" } | Fenced> {
  return {
    room,
    bytes: headBytes,
    decide(head) {
      if (head === undefined || !isExpected(head, expect) || head.owner !== owner) return fenced(head);
      const released = { ...head, owner: null };
      return {
        kind: "write",
        head: released,
        rows: indexRows(room, head, released),
        answer: { kind: "released" },
      };
    },
  };
}

export function appendChange(request: AppendRequest): RoomChange<AppendAnswer> {
  const { room, expect, records } = request;
  return {
    room,
    bytes: records.reduce((sum, record) => sum + record.length, headBytes),
    decide(head): Decision<AppendAnswer> {
      if (head === undefined || !isExpected(head, expect)) return fenced(head);
      const tail = head.tail + records.length;
      if (tail > positionMax) return unavailable("the room's journal has used up its positions");
      const { mustRun = head.mustRun } = request;
      if (records.length === 0 && mustRun === head.mustRun)
        return { kind: "answer", answer: { kind: "appended", tail } };
      const rows = records.map((bytes, index): RowWrite => {
        const key = journalKey(room, head.tail + 1 + index);
        return { table: "journal", key, value: encodeRecord(key, head.epoch, "data", bytes) };
      });
      const appended = { ...head, tail, mustRun };
      if (mustRun !== head.mustRun) rows.push(...indexRows(room, head, appended));
      return { kind: "write", head: appended, rows, answer: { kind: "appended", tail } };
    },
  };
}

interface Indexed {
  readonly owner: ServerId | null;
  readonly mustRun: boolean;
}

/** Rows that bring the two indexes from one head to the next. */
function indexRows(room: RoomKey, before: Indexed | undefined, after: Indexed): RowWrite[] {
  const rows: RowWrite[] = [];
  // What is there already is not written again.
  const isMoved = before?.owner !== after.owner;
  if (before !== undefined && isMoved) rows.push({ table: "owners", key: ownerKey(before.owner, room) });
  if (isMoved) rows.push({ table: "owners", key: ownerKey(after.owner, room), value: indexed });
  if (before?.mustRun && (isMoved || !after.mustRun))
    rows.push({ table: "mustRun", key: ownerKey(before.owner, room) });
  if (after.mustRun && (isMoved || !before?.mustRun)) {
    rows.push({ table: "mustRun", key: ownerKey(after.owner, room), value: indexed });
  }
  return rows;
}

function isExpected(head: HeadRow | undefined, expect: HeadVersion | undefined): boolean {
  if (head === undefined || expect === undefined) return head === expect;
  return head.epoch === expect.epoch && head.tail === expect.tail;
}

export function fenced(head: HeadRow | undefined): { readonly kind: "answer"; readonly answer: Fenced } {
  return { kind: "answer", answer: { kind: "fenced", head: headOf(head) } };
}

function unavailable(reason: string): { kind: "answer"; answer: { kind: "unavailable"; reason: string } } {
  return { kind: "answer", answer: { kind: "unavailable", reason } };
}
