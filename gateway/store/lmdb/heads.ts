import type { RoomKey, ServerId } from "../../wire/ids.ts";
import type { Head, HeadFilter, HeadPage, RoomHead } from "../port.ts";
import { readHeadRow } from "./change.ts";
import type { Environment, Table } from "./environment.ts";
import { ownerKey, prefixRange, splitKey } from "./keys.ts";
import { DamagedRow, headOf } from "./rows.ts";
import { createSlices, type Slices } from "./slices.ts";

/** Keys that are looked at before the event loop may get its turn. */
const keysPerSlice = 512;

/**
 * Goes through an index: of all rooms, or of those that must run. Both are ordered by owner, then room, so that one owner's rooms are
 * one range; of several owners each gives its first ones, and the first of all those are the page.
 */
export async function listHeads(environment: Environment, filter: HeadFilter): Promise<HeadPage> {
  const { root, tables } = environment;
  const { limit } = filter;
  if (limit <= 0) return { kind: "heads", heads: [] };
  const index = filter.mustRun ? tables.mustRun : tables.owners;
  const slices = createSlices();
  root.resetReadTxn();
  const owners = filter.owner === undefined ? ownersIn(index) : [filter.owner];
  // One more than asked for tells that there are more. A room that moves while the loop has its turn may show up at both of its owners.
  const found = new Set<RoomKey>();
  for (const owner of owners) {
    for (const room of await roomsOf(environment, index, owner, filter, slices)) found.add(room);
  }
  const rooms = owners.length === 1 ? [...found] : [...found].sort();
  const heads: RoomHead[] = [];
  root.resetReadTxn();
  for (const room of rooms.slice(0, limit)) {
    const head = soundHead(environment, room);
    const isMeant = filter.owner === undefined ? head?.owner !== null : head?.owner === filter.owner;
    if (head !== undefined && isMeant && (head.mustRun || !filter.mustRun)) heads.push({ room, head });
    if (await slices.pause()) root.resetReadTxn();
  }
  const next = rooms[limit - 1];
  return { kind: "heads", heads, ...(rooms.length > limit && next !== undefined ? { next } : {}) };
}

/** STORE-8: one damaged head must not hide the others. Whoever reads it by its name is told. */
function soundHead(environment: Environment, room: RoomKey): Head | undefined {
  try {
    return headOf(readHeadRow(environment, room));
  } catch (error) {
    if (error instanceof DamagedRow) return undefined;
    throw error;
  }
}

/** One step for each, however many rooms it has. Without those that nobody owns. */
function ownersIn(index: Table): readonly ServerId[] {
  const owners: ServerId[] = [];
  for (let start = Buffer.of(1); ; ) {
    const [first] = index.getKeys({ start, limit: 1 });
    if (first === undefined) return owners;
    const { before } = splitKey(first);
    owners.push(before as ServerId);
    start = Buffer.from(`${before}\x01`, "latin1");
  }
}

/** At most one more than the filter's limit, in order. */
async function roomsOf(
  { root }: Environment,
  index: Table,
  owner: ServerId | null,
  { app, after, limit }: HeadFilter,
  slices: Slices,
): Promise<readonly RoomKey[]> {
  const rooms: RoomKey[] = [];
  const range = prefixRange(`${owner ?? ""}\0${app === undefined ? "" : `${app}/`}`);
  let { start } = range;
  if (after !== undefined) {
    const behind = Buffer.concat([ownerKey(owner, after), Buffer.of(0)]);
    if (Buffer.compare(behind, start) > 0) start = behind;
  }
  for (;;) {
    const page = Math.min(keysPerSlice, limit + 1 - rooms.length);
    let last: Buffer | undefined;
    let seen = 0;
    if (Buffer.compare(start, range.end) < 0) {
      for (const key of index.getKeys({ start, end: range.end, limit: page })) {
        last = Buffer.from(key);
        seen += 1;
        rooms.push(splitKey(last).behind.toString("latin1") as RoomKey);
      }
    }
    if (last === undefined || seen < page || rooms.length > limit) return rooms;
    start = Buffer.concat([last, Buffer.of(0)]);
    if (await slices.pause()) root.resetReadTxn();
  }
}
