import type { AppName, Epoch, GatewayId, RoomKey, ServerId } from "../wire/ids.ts";

/**
 * What Roomgate asks of a store, and what it may rely on. `test/contract/store` holds every engine to it.
 *
 * No call throws or rejects for anything that may go wrong in operation: the answer is a value. Two of them recur:
 *
 * - `unavailable`: nothing was changed and nothing will be. The caller may try again later.
 * - `unknown`: the change may have happened, may not, or may still happen. The caller finds out with `readHead`
 *   (or by the same *conditional* request) and never assumes either.
 *
 * Every change of a room is conditional on its head, so a late or repeated request can do no harm: it is `fenced`.
 *
 * An engine bounds the time of its calls where it can. Callers are bounded in any case, by `bounded-store.ts` (reads 5 s, changes 15 s,
 * heartbeats and looks by the lease): a call that takes too long is answered `unavailable`, or `unknown` where it changes a room, and its real answer is ignored when it comes. The request may still take
 * effect then, at any time; so an engine must bear requests that overtake each other, and a caller requests that land late.
 */
export interface Store {
  /** What *durable* means here: lost with the process, on this machine's disk, or on a quorum of machines. */
  readonly durability: "process" | "disk" | "quorum";

  readonly members: MemberStore;

  /** `head` is `undefined` for a room that was never owned. Linearizable: never older than a change that was answered. */
  readHead(room: RoomKey): Promise<{ kind: "head"; head: Head | undefined } | Unavailable>;

  /**
   * Heads that fit the filter, in the order of their keys, at most `limit`. `next` is there where more may follow, also if fewer than
   * `limit` were found: ask again with `after: next`. Each head is one that its room had during the call. A room that changes its owner
   * meanwhile may be missed, and is found by the next listing; one whose head is damaged is left out. Where `mustRun` is asked for, the
   * cost is in proportion to the rooms that must run, not to all rooms (an engine in memory excepted).
   */
  listHeads(filter: HeadFilter): Promise<HeadPage | Unavailable>;

  /**
   * Takes each room over on its own: if its head is still exactly `expect`, the head becomes
   * `{ epoch: expect.epoch + 1, owner, tail }`. Answers in the order of the requests. Where `journaled`, a fence record
   * is appended to the room's journal and `tail` rises by one (DESIGN rule 1); otherwise `tail` stays. `mustRun` stays in any case.
   * `fenced` carries the head that was found instead. Durable when answered `taken`.
   */
  takeover(requests: readonly TakeoverRequest[]): Promise<readonly TakeoverAnswer[]>;

  /** Gives up ownership, if the head is still exactly `expect` and owned by `owner`: owner becomes `null`; everything else stays. */
  release(
    room: RoomKey,
    expect: HeadVersion,
    owner: ServerId,
  ): Promise<{ kind: "released" } | Fenced | Unknown | Unavailable>;

  /**
   * Keeps `snapshot` as the newest of its room, if the head's epoch is still `epoch`. Replaces the one before, atomically:
   * a reader finds the old or the new one, whole. Where one of this epoch at a later position is kept already, that one stays, and the answer is
   * `stored`: a request that takes effect late must not bring back a state whose journal has been trimmed since. So repeating it after
   * `unknown` is safe.
   */
  saveSnapshot(
    room: RoomKey,
    epoch: Epoch,
    snapshot: Snapshot,
  ): Promise<{ kind: "stored" } | Fenced | Unknown | Unavailable>;

  /** The newest snapshot. `corrupt` if its checksum does not fit its bytes: it is never handed out and never skipped silently. */
  loadSnapshot(
    room: RoomKey,
  ): Promise<{ kind: "snapshot"; snapshot: Snapshot } | { kind: "none" } | Corrupt | Unavailable>;

  /**
   * Appends to many journals in one call (one group commit). Each request is on its own: its records follow position
   * `expect.tail` if the head is still exactly `expect`; then the head's tail is `expect.tail + records.length`.
   * Answers in the order of the requests. Durable, in the sense of {@link Store.durability}, when answered `appended`.
   * Several requests for one room in one call are applied in order.
   */
  append(requests: readonly AppendRequest[]): Promise<readonly AppendAnswer[]>;

  /**
   * Records after position `after`, in order, without a hole, until `recordsMax` or `bytesMax` is reached (at least one
   * record, if there is any). `trimmed` if records after `after` were trimmed away: `first` is the first that is left.
   * `corrupt` names the first position whose checksum fails; nothing behind it is handed out.
   */
  readJournal(
    room: RoomKey,
    after: Position,
    limit: { readonly recordsMax: number; readonly bytesMax: number },
  ): Promise<
    | { kind: "records"; records: readonly JournalRecord[] }
    | { kind: "trimmed"; first: Position }
    | Corrupt
    | Unavailable
  >;

  /** Forgets records up to and including `upTo`, if the head's epoch is still `epoch`. Safe to repeat. */
  trimJournal(
    room: RoomKey,
    epoch: Epoch,
    upTo: Position,
  ): Promise<{ kind: "trimmed" } | Fenced | Unknown | Unavailable>;

  /** Waits for what is under way and lets go of files and sockets. Calls after it answer `unavailable`. */
  close(): Promise<void>;
}

/** Place of a record in its room's journal; the first is 1, and 0 is before it. */
export type Position = number;

/** The version of a head that a change is conditional on. */
export interface HeadVersion {
  readonly epoch: Epoch;
  readonly tail: Position;
}

/** Who may run a room. `owner` is `null` while nobody does; the epoch never goes down, also across that. */
export interface Head extends HeadVersion {
  readonly owner: ServerId | null;
  /** Work waits in the room (timers, work, what it has told and nobody has heard): it must run although nobody is connected. */
  readonly mustRun: boolean;
}

export interface RoomHead {
  readonly room: RoomKey;
  readonly head: Head;
}

export interface HeadFilter {
  /** Left out: rooms of all owners. `null`: rooms that have been owned and that nobody owns now. */
  readonly owner?: ServerId | null;
  /** Only rooms that must run. */
  readonly mustRun?: true;
  readonly app?: AppName;
  /** Only rooms whose keys come after this one. */
  readonly after?: RoomKey;
  readonly limit: number;
}

export interface HeadPage {
  readonly kind: "heads";
  readonly heads: readonly RoomHead[];
  readonly next?: RoomKey;
}

export interface TakeoverRequest {
  readonly room: RoomKey;
  /** The head that the caller has read; `undefined` for a room that was never owned (its epoch will be 1). */
  readonly expect: HeadVersion | undefined;
  readonly owner: ServerId;
  readonly journaled: boolean;
}

export type TakeoverAnswer = { kind: "taken"; head: Head } | Fenced | Unknown | Unavailable;

export interface AppendRequest {
  readonly room: RoomKey;
  readonly expect: HeadVersion;
  /** Not to be changed by the caller until the call is answered. */
  readonly records: readonly Uint8Array[];
  /** What becomes of the head's `mustRun`, in one step with the records, of which there may be none. Left out: it stays. */
  readonly mustRun?: boolean;
}

export type AppendAnswer = { kind: "appended"; tail: Position } | Fenced | Unknown | Unavailable;

export interface JournalRecord {
  readonly position: Position;
  readonly epoch: Epoch;
  /** A fence marks the start of an epoch and carries no bytes. */
  readonly kind: "data" | "fence";
  readonly bytes: Uint8Array;
}

export interface Snapshot {
  /** Of the room's journal, whose state it is. For a room that has none, a number that rises with every snapshot of an epoch. */
  readonly position: Position;
  /** The app's own version of the state's form; compared by whoever restores. */
  readonly version: string;
  /** When saving: not to be changed by the caller until the call is answered. */
  readonly bytes: Uint8Array;
}

/** The head is not what the request expected, so nothing was changed. `head` is what was found. */
export interface Fenced {
  readonly kind: "fenced";
  readonly head: Head | undefined;
}

export interface Unknown {
  readonly kind: "unknown";
  readonly reason: string;
}

export interface Unavailable {
  readonly kind: "unavailable";
  readonly reason: string;
}

export interface Corrupt {
  readonly kind: "corrupt";
  readonly position: Position;
  readonly reason: string;
}

/**
 * Who lives. Nothing here is fenced or durable: a member repeats its row with every heartbeat, and observers judge it
 * by whether `counter` moves, on their own monotonic clock. A `put` that was answered `unavailable` may land all the same, behind a newer
 * one or behind the row's removal: the next heartbeat puts it right, and a row that nobody writes any more is lost after a lease.
 */
export interface MemberStore {
  /** Writes the member's whole row, replacing the one before. */
  put(member: MemberRecord): Promise<{ kind: "stored" } | Unavailable>;
  list(): Promise<{ kind: "members"; members: readonly MemberRecord[] } | Unavailable>;
  /** Removes the row, if it is still of this instance. */
  remove(id: ServerId | GatewayId, instance: string): Promise<{ kind: "removed" } | Unavailable>;
}

export interface MemberRecord {
  readonly id: ServerId | GatewayId;
  readonly kind: "server" | "gateway";
  /** Random per process start: tells a restarted process of the same id from the one before. */
  readonly instance: string;
  /** Rises with every heartbeat. */
  readonly counter: number;
  readonly state: "live" | "draining";
  readonly pid: number;
  /** `host:port`: of a server its trunk listener, of a gateway its client listener. */
  readonly address: string;
  /** Capacity relative to the others; 1 is usual. */
  readonly weight: number;
  readonly apps: readonly string[];
  readonly rooms: number;
  readonly sessions: number;
  /** A room whose turn the process did not come back from: written by its watchdog, and gone with its next heartbeat. */
  readonly suspect?: RoomKey;
}
