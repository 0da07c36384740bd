import type { Runtime } from "../wire/runtime.ts";
import { CallBound, type NoAnswer } from "./call-bound.ts";
import type { Store, Unavailable, Unknown } from "./port.ts";

/** How long a caller waits for an answer, by what it asks for. */
export interface StoreBounds {
  readonly readMsMax: number;
  /** Of a change of rooms, and of the reading of a whole snapshot. */
  readonly changeMsMax: number;
  /** Of writing or removing a member's row. */
  readonly putMsMax: number;
  /** Of a look at all members. */
  readonly lookMsMax: number;
  /** Calls of one kind that may be outstanding past their bound; then further ones are refused. */
  readonly hungCallsMax: number;
}

const changeMsMaxDefault = 15_000;
/** A snapshot that is written more slowly than this has no answer in time. */
const snapshotBytesPerMsMin = 1_000;

/**
 * The bounds of a member of the cluster.
 *
 * - Reads: a room's clients wait behind each one, and hold for 15 s.
 * - Changes: above what an engine itself gives a commit (10 s with LMDB), whose own answer says more than `unknown`.
 * - Heartbeats: half of what is left of the freeze (of the lease, for a member that does not freeze) beside one pause between beats. A put
 *   that takes longer lets the row go stale anyway, as the next one takes as long; and one that has no answer at all is given up in time
 *   for the next to get through, since 3 × heartbeat is below the freeze.
 * - Looks: a lease. Whoever sees nobody for that long can judge nobody, and must look anew.
 */
export function storeBoundsOf(timing: {
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly selfFreezeMs?: number;
}): StoreBounds {
  const { heartbeatMs, leaseMs, selfFreezeMs = leaseMs } = timing;
  return {
    readMsMax: 5_000,
    changeMsMax: changeMsMaxDefault,
    putMsMax: Math.max(1, Math.floor((selfFreezeMs - heartbeatMs) / 2)),
    lookMsMax: leaseMs,
    hungCallsMax: 64,
  };
}

/**
 * The same store, which always answers, and in time: what takes too long, or fails against the port, is `unknown` where it changes a
 * room and `unavailable` elsewhere. The real answer is ignored when it comes later.
 */
export function boundStore(store: Store, runtime: Runtime, bounds: StoreBounds): Store {
  const { readMsMax, changeMsMax, putMsMax, lookMsMax, hungCallsMax } = bounds;
  const reads = new CallBound(runtime, hungCallsMax);
  const changes = new CallBound(runtime, hungCallsMax);
  const puts = new CallBound(runtime, hungCallsMax);
  const looks = new CallBound(runtime, hungCallsMax);
  const { members } = store;
  let closing: Promise<void> | undefined;

  return {
    durability: store.durability,
    members: {
      put: (member) => puts.call("members.put", putMsMax, () => members.put(member), unavailable),
      remove: (id, instance) => puts.call("members.remove", putMsMax, () => members.remove(id, instance), unavailable),
      list: () => looks.call("members.list", lookMsMax, () => members.list(), unavailable),
    },
    readHead: (room) => reads.call("readHead", readMsMax, () => store.readHead(room), unavailable),
    listHeads: (filter) => reads.call("listHeads", readMsMax, () => store.listHeads(filter), unavailable),
    loadSnapshot: (room) => reads.call("loadSnapshot", changeMsMax, () => store.loadSnapshot(room), unavailable),
    readJournal: (room, after, limit) =>
      reads.call("readJournal", readMsMax, () => store.readJournal(room, after, limit), unavailable),
    takeover: (requests) =>
      changes.call(
        "takeover",
        changeMsMax,
        () => store.takeover(requests),
        (none) => requests.map(() => uncertain(none)),
      ),
    append: (requests) =>
      changes.call(
        "append",
        changeMsMax,
        () => store.append(requests),
        (none) => requests.map(() => uncertain(none)),
      ),
    release: (room, expect, owner) =>
      changes.call("release", changeMsMax, () => store.release(room, expect, owner), uncertain),
    saveSnapshot: (room, epoch, snapshot) =>
      changes.call(
        "saveSnapshot",
        changeMsMax + Math.ceil(snapshot.bytes.length / snapshotBytesPerMsMin),
        () => store.saveSnapshot(room, epoch, snapshot),
        uncertain,
      ),
    trimJournal: (room, epoch, upTo) =>
      changes.call("trimJournal", changeMsMax, () => store.trimJournal(room, epoch, upTo), uncertain),
    close: () => {
      closing ??= closeInTime(store, runtime, changeMsMax);
      return closing;
    },
  };
}

/** Closes a store, or leaves it open where that takes too long or fails: whoever closes it is about to go. */
export function closeInTime(store: Store, runtime: Runtime, msMax: number = changeMsMaxDefault): Promise<void> {
  const leftOpen = ({ reason }: NoAnswer): void => runtime.log.warn({ reason }, "the store is left open");
  return new CallBound(runtime, 1).call("close", msMax, () => store.close(), leftOpen);
}

function unavailable({ reason }: NoAnswer): Unavailable {
  return { kind: "unavailable", reason };
}

function uncertain({ wasMade, reason }: NoAnswer): Unknown | Unavailable {
  return { kind: wasMade ? "unknown" : "unavailable", reason };
}
