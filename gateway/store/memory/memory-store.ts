import { appOf, type RoomKey } from "../../wire/ids.ts";
import type {
  AppendAnswer,
  AppendRequest,
  Head,
  HeadFilter,
  HeadPage,
  HeadVersion,
  JournalRecord,
  MemberStore,
  RoomHead,
  Snapshot,
  Store,
  TakeoverAnswer,
  TakeoverRequest,
  Unavailable,
} from "../port.ts";
import type { MemoryBacking, MemoryRoom } from "./backing.ts";

const epochMax = 2 ** 32 - 1;

/**
 * A store that lives as long as its backing object. A call takes effect before it returns its promise, and there are no timers:
 * the order of calls is the order of changes, so that a simulation can wrap it with delays and faults of its own.
 */
export function createMemoryStore(backing: MemoryBacking): Store {
  let closed = false;

  /** Every call goes through here: the answer of a closed store is always the same. */
  async function guarded<Answer>(work: () => Answer): Promise<Answer | Unavailable> {
    return closed ? unavailable("the store is closed") : work();
  }

  const members: MemberStore = {
    put: (member) =>
      guarded(() => {
        backing.members.set(member.id, structuredClone(member));
        return { kind: "stored" };
      }),
    list: () =>
      guarded(() => ({ kind: "members", members: [...backing.members.values()].map((m) => structuredClone(m)) })),
    remove: (id, instance) =>
      guarded(() => {
        if (backing.members.get(id)?.instance === instance) backing.members.delete(id);
        return { kind: "removed" };
      }),
  };

  return {
    durability: "process",
    members,
    readHead: (room) => guarded(() => ({ kind: "head", head: headOf(backing.rooms.get(room)) })),
    listHeads: (filter) => guarded(() => listHeads(backing, filter)),
    takeover: async (requests) => requests.map((request) => (closed ? closedAnswer() : takeover(backing, request))),
    release: (room, expect, owner) =>
      guarded(() => {
        const state = backing.rooms.get(room);
        if (state === undefined || !isAt(state, expect) || state.owner !== owner) return fenced(state);
        state.owner = null;
        return { kind: "released" };
      }),
    saveSnapshot: (room, epoch, snapshot) =>
      guarded(() => {
        const state = backing.rooms.get(room);
        if (state?.epoch !== epoch) return fenced(state);
        // STORE-15
        const kept = state.snapshot;
        if (kept?.epoch === epoch && kept.position > snapshot.position) return { kind: "stored" };
        const grownBytes = snapshot.bytes.length - (kept?.bytes.length ?? 0);
        if (!reserve(backing, grownBytes)) return full();
        state.snapshot = { epoch, ...copySnapshot(snapshot) };
        return { kind: "stored" };
      }),
    loadSnapshot: (room) =>
      guarded(() => {
        const snapshot = backing.rooms.get(room)?.snapshot;
        return snapshot === undefined ? { kind: "none" } : { kind: "snapshot", snapshot: copySnapshot(snapshot) };
      }),
    append: async (requests) => requests.map((request) => (closed ? closedAnswer() : append(backing, request))),
    readJournal: (room, after, limit) =>
      guarded(() => {
        const state = backing.rooms.get(room);
        if (state === undefined) return { kind: "records", records: [] };
        if (after < state.trimmed) return { kind: "trimmed", first: state.trimmed + 1 };
        return { kind: "records", records: readRecords(state, after, limit) };
      }),
    trimJournal: (room, epoch, upTo) =>
      guarded(() => {
        const state = backing.rooms.get(room);
        if (state?.epoch !== epoch) return fenced(state);
        const last = Math.min(upTo, state.tail);
        if (last <= state.trimmed) return { kind: "trimmed" };
        for (const record of state.records.splice(0, last - state.trimmed)) backing.usedBytes -= record.bytes.length;
        state.trimmed = last;
        return { kind: "trimmed" };
      }),
    close: async () => {
      closed = true;
    },
  };
}

/** Looks at all rooms: what costs in proportion to them is cheap here. */
function listHeads(backing: MemoryBacking, { owner, mustRun, app, after, limit }: HeadFilter): HeadPage {
  const found: RoomHead[] = [];
  for (const [room, state] of backing.rooms) {
    if (owner === undefined ? state.owner === null : state.owner !== owner) continue;
    if (mustRun && !state.mustRun) continue;
    if (app !== undefined && appOf(room) !== app) continue;
    if (after !== undefined && room <= after) continue;
    found.push({ room, head: toHead(state) });
  }
  found.sort((one, other) => (one.room < other.room ? -1 : 1));
  const heads = found.slice(0, limit);
  const last = heads.at(-1);
  return { kind: "heads", heads, ...(last !== undefined && found.length > limit ? { next: last.room } : {}) };
}

function takeover(backing: MemoryBacking, request: TakeoverRequest): TakeoverAnswer {
  const state = backing.rooms.get(request.room);
  const { expect } = request;
  if (expect === undefined ? state !== undefined : state === undefined || !isAt(state, expect)) return fenced(state);
  const room = state ?? addRoom(backing, request.room);
  if (room.epoch >= epochMax) return unavailable("the room has used up its epochs");
  room.epoch += 1;
  room.owner = request.owner;
  if (request.journaled) {
    room.records.push({ epoch: room.epoch, kind: "fence", bytes: new Uint8Array(0) });
    room.tail += 1;
  }
  return { kind: "taken", head: toHead(room) };
}

function append(backing: MemoryBacking, request: AppendRequest): AppendAnswer {
  const state = backing.rooms.get(request.room);
  if (state === undefined || !isAt(state, request.expect)) return fenced(state);
  const addedBytes = request.records.reduce((sum, record) => sum + record.length, 0);
  if (!reserve(backing, addedBytes)) return full();
  for (const record of request.records) {
    state.records.push({ epoch: state.epoch, kind: "data", bytes: Uint8Array.from(record) });
  }
  state.tail += request.records.length;
  state.mustRun = request.mustRun ?? state.mustRun;
  return { kind: "appended", tail: state.tail };
}

function readRecords(
  state: MemoryRoom,
  after: number,
  limit: { readonly recordsMax: number; readonly bytesMax: number },
): JournalRecord[] {
  const records: JournalRecord[] = [];
  let bytes = 0;
  for (let position = after + 1; position <= state.tail; position += 1) {
    const record = state.records[position - state.trimmed - 1];
    if (record === undefined) throw new Error(`memory store: position ${position} is missing`);
    bytes += record.bytes.length;
    if (records.length > 0 && (records.length >= limit.recordsMax || bytes > limit.bytesMax)) break;
    records.push({ position, epoch: record.epoch, kind: record.kind, bytes: Uint8Array.from(record.bytes) });
  }
  return records;
}

function addRoom(backing: MemoryBacking, key: RoomKey): MemoryRoom {
  const room: MemoryRoom = {
    epoch: 0,
    tail: 0,
    owner: null,
    mustRun: false,
    trimmed: 0,
    records: [],
    snapshot: undefined,
  };
  backing.rooms.set(key, room);
  return room;
}

function isAt(state: MemoryRoom, expect: HeadVersion): boolean {
  return state.epoch === expect.epoch && state.tail === expect.tail;
}

function toHead(state: MemoryRoom): Head {
  return { epoch: state.epoch, tail: state.tail, owner: state.owner, mustRun: state.mustRun };
}

function headOf(state: MemoryRoom | undefined): Head | undefined {
  return state === undefined ? undefined : toHead(state);
}

function fenced(state: MemoryRoom | undefined): { kind: "fenced"; head: Head | undefined } {
  return { kind: "fenced", head: headOf(state) };
}

function copySnapshot(snapshot: Snapshot): Snapshot {
  return { position: snapshot.position, version: snapshot.version, bytes: Uint8Array.from(snapshot.bytes) };
}

/** False, and nothing taken, if the backing would grow over its bound. */
function reserve(backing: MemoryBacking, bytes: number): boolean {
  if (bytes > 0 && backing.usedBytes + bytes > backing.bytesMax) return false;
  backing.usedBytes += bytes;
  return true;
}

function unavailable(reason: string): Unavailable {
  return { kind: "unavailable", reason };
}

function closedAnswer(): Unavailable {
  return unavailable("the store is closed");
}

function full(): Unavailable {
  return unavailable("the memory store is full");
}
