import type { Head, HeadVersion, Store } from "../store/port.ts";
import type { RoomKey } from "../wire/ids.ts";
import type { Logger } from "../wire/runtime.ts";
import { stateBytesMaxOf, versionOf } from "./apps.ts";
import type { LiveRoom } from "./live-room.ts";
import type { AppDefinition } from "./sdk.ts";
import type { ServerCounters } from "./server-counters.ts";
import { encodeBody } from "./state-body.ts";

export interface SnapshotHost {
  readonly store: Store;
  readonly log: Logger;
  readonly counters: ServerCounters;
  readonly snapshotAfter: SnapshotAfter;
  /** The head as this server holds it. */
  position(): HeadVersion;
  roomThrew(error: unknown): void;
  fenced(head: Head | undefined): void;
}

/**
 * How far a journal grows behind its last snapshot: as many records, or half of the snapshot's bytes but not less than these.
 * Twice the records are twice the time that a room is away after a crash; half of them cost acks under a high load their tail.
 */
export interface SnapshotAfter {
  readonly journalBytesMin: number;
  readonly journalRecordsMax: number;
}

export const snapshotAfterDefault: SnapshotAfter = Object.freeze({
  journalBytesMin: 256 * 1024,
  journalRecordsMax: 1_024,
});

/**
 * Snapshots of one room, one at a time. A memory room's state goes to the store every so often; a journaled room's whole state
 * whenever the journal behind the last one has grown by half of it, so that what a recovery reads is bounded and what
 * snapshots cost is in proportion to what was appended.
 */
export class SnapshotKeeper {
  readonly #key: RoomKey;
  readonly #version: string;
  readonly #stateBytesMax: number;
  readonly #host: SnapshotHost;
  #turns = 0;
  /** Of a memory room, by this owner. */
  #saves = 0;
  #bytes = 0;
  /** Part of the usual growth after which the next one is due. */
  #share: number;
  #saving: Promise<void> | undefined;
  #stored = 0;

  constructor(key: RoomKey, definition: AppDefinition, host: SnapshotHost) {
    this.#key = key;
    this.#version = versionOf(definition);
    this.#stateBytesMax = stateBytesMaxOf(definition);
    this.#host = host;
    this.#share = firstShareOf(key);
  }

  /** The room has come from elsewhere: the store has an older state of it, or none. */
  markStale(): void {
    this.#turns = -1;
  }

  /** Whether anything can have changed since the last one. */
  isStale(live: LiveRoom): boolean {
    return live.turns.count !== this.#turns;
  }

  /** Whether the journal has grown enough. */
  isDue(live: LiveRoom): boolean {
    const journal = live.journaled?.journal;
    if (!journal || this.#saving) return false;
    const { bytes, records } = journal.sinceSnapshot;
    const { journalBytesMin, journalRecordsMax } = this.#host.snapshotAfter;
    const isGrown = bytes >= this.#share * Math.max(journalBytesMin, this.#bytes / 2);
    return isGrown || records >= this.#share * journalRecordsMax;
  }

  /** Takes one now and stores it, unless one is under way; resolves when that is over, however it went. */
  save(live: LiveRoom): Promise<void> {
    this.#saving ??= (live.journaled ? this.#saveWhole(live) : this.#saveApp(live))
      .catch((error: unknown) => this.#host.roomThrew(error))
      .finally(() => {
        this.#saving = undefined;
      });
    return this.#saving;
  }

  /** Of a room that stands still: behind the one that is under way, and whether the store has everything then. */
  async saveLast(live: LiveRoom): Promise<boolean> {
    await this.#saving;
    if (this.isStale(live)) await this.save(live);
    return !this.isStale(live);
  }

  /** Takes one now, whatever has changed, behind the one that is under way. Whether it is stored. */
  async saveNow(live: LiveRoom): Promise<boolean> {
    await this.#saving;
    const before = this.#stored;
    await this.save(live);
    return this.#stored > before;
  }

  async #saveApp(live: LiveRoom): Promise<void> {
    const { count } = live.turns;
    const bytes = this.#take(() => live.snapshot());
    this.#turns = count;
    if (bytes === undefined || !this.#fits(bytes)) return;
    const { epoch } = this.#host.position();
    // STORE-15: one that lands late must find that it is behind the others.
    this.#saves += 1;
    if (!(await this.#store(epoch, this.#saves, bytes))) this.#turns = -1;
  }

  /** COMMIT-4: a snapshot counts only behind the last record whose turns it holds, and is stored only when that is durable. */
  async #saveWhole(live: LiveRoom): Promise<void> {
    const journal = live.journaled?.journal;
    if (!journal) return;
    const record = journal.seal();
    const { count } = live.turns;
    const state = this.#take(() => live.wholeState());
    if (state === undefined) return;
    // Whatever becomes of it, the next one comes when the journal has grown by as much once more.
    journal.snapshotTaken();
    this.#share = 1;
    if (!this.#fits(state.app)) return;
    const bytes = Buffer.concat(encodeBody(state, undefined));
    await new Promise<void>((resolve) => {
      journal.whenSettled(record, resolve);
    });
    if (journal.head.tail < record) return;
    const { epoch } = journal.head;
    if (!(await this.#store(epoch, record, bytes))) return;
    this.#turns = count;
    this.#bytes = bytes.length;
    const trimmed = await this.#host.store.trimJournal(this.#key, epoch, record);
    if (trimmed.kind !== "trimmed")
      this.#host.log.warn({ room: this.#key, outcome: trimmed.kind }, "journal not trimmed");
  }

  /** ROOM-33: what is over the limit is not stored; the snapshot before it, and the journal behind that, keep what they have. */
  #fits(app: Uint8Array | undefined): boolean {
    const bytes = app?.length ?? 0;
    if (bytes <= this.#stateBytesMax) return true;
    const over = { room: this.#key, bytes, stateBytesMax: this.#stateBytesMax };
    this.#host.log.error(over, "the room's state is over its limit: it is not stored");
    return false;
  }

  #take<State>(take: () => State | undefined): State | undefined {
    try {
      return take();
    } catch (error) {
      this.#host.roomThrew(error);
      return undefined;
    }
  }

  async #store(epoch: number, position: number, bytes: Uint8Array): Promise<boolean> {
    const answer = await this.#host.store.saveSnapshot(this.#key, epoch, { position, version: this.#version, bytes });
    if (answer.kind === "stored") {
      this.#stored += 1;
      this.#host.counters.snapshots += 1;
    } else if (answer.kind === "fenced") this.#host.fenced(answer.head);
    else this.#host.log.warn({ room: this.#key, reason: answer.reason }, "snapshot not stored");
    return answer.kind === "stored";
  }
}

/** Rooms that began together and are equally busy would otherwise all take their snapshots in one turn of the event loop, for ever. */
function firstShareOf(key: RoomKey): number {
  let hash = 0;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x9e3779b1);
  return 0.25 + 0.75 * ((hash >>> 0) / 2 ** 32);
}
