import type { ServerId } from "../../wire/ids.ts";
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
      if (head !== undefined && head.owner !== null) rows.push({ table: "owners", key: ownerKey(head.owner, room) });
      rows.push({ table: "owners", key: ownerKey(owner, room), value: indexed });
      return {
        kind: "write",
        head: { epoch, tail, owner, trimmed: head?.trimmed ?? 0, generation: head?.generation ?? noGeneration },
        rows,
        answer: { kind: "taken", head: { epoch, tail, owner } },
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
      return {
        kind: "write",
        head: { ...head, owner: null },
        rows: [{ table: "owners", key: ownerKey(owner, room) }],
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
      if (records.length === 0) return { kind: "answer", answer: { kind: "appended", tail } };
      const rows = records.map((bytes, index): RowWrite => {
        const key = journalKey(room, head.tail + 1 + index);
        return { table: "journal", key, value: encodeRecord(key, head.epoch, "data", bytes) };
      });
      return { kind: "write", head: { ...head, tail }, rows, answer: { kind: "appended", tail } };
    },
  };
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
