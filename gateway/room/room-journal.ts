import type { Head, HeadVersion, Position } from "../store/port.ts";
import type { RoomKey } from "../wire/ids.ts";
import type { Runtime, Timer } from "../wire/runtime.ts";
import type { CommitClient, Committer } from "./committer.ts";
import { RecordWriter } from "./record-writer.ts";

export interface JournalHooks {
  /** A record has begun. What is written now stands in front of all else in it. */
  opened(): void;
  /** The record that is being written is about to be closed: the last word in it. */
  sealing(writer: RecordWriter): void;
  /** Something must be done in the room though nobody is there, behind everything that was written. */
  mustRun(): boolean;
  /** What became durable could not be acted upon. */
  failed(error: unknown): void;
  /** Everything up to this record is durable. */
  durable(record: Position): void;
  fenced(head: Head | undefined): void;
}

export interface JournalOptions {
  /** Gather for this long before appending: what a crash may cost. 0: append at once. */
  readonly intervalMs: number;
}

/** A room holds no more than this that the store has not taken; above it, turns stand still. */
export const pendingBytesMax = 8 * 1024 * 1024;

/**
 * One room's journal at its owner. Records are numbered by their positions; the one that is being written has the next. All turns
 * since the last append are one record, so that a busy room costs the store one record a commit.
 */
export class RoomJournal implements CommitClient {
  readonly key: RoomKey;
  readonly writer: RecordWriter;
  readonly #committer: Committer;
  readonly #runtime: Runtime;
  readonly #hooks: JournalHooks;
  readonly #intervalMs: number;
  #head: HeadVersion;
  /** What the store last took, or has on its way, of whether the room must run; `undefined` where that is not known. */
  #mustRunSaid: boolean | undefined;
  /** Wait for the store to know, behind all records, whether the room must run. */
  #owedWord: (() => void)[] = [];
  /** Closed and not given to the committer yet. */
  #sealed: Uint8Array[] = [];
  #sealedBytes = 0;
  #underWay = 0;
  #underWayBytes = 0;
  /** Where things leave before they are durable: when the oldest turn was of what is gathered, and of what is under way. */
  #gatheredSinceMs: number | undefined;
  #underWaySinceMs: number | undefined;
  #isStopped = false;
  #timer: Timer | undefined;
  /** In the order of their records. */
  #waiters: { readonly record: Position; readonly task: () => void; readonly isToldOfStop: boolean }[] = [];
  /** Since the last snapshot that counts. */
  #sinceBytes = 0;
  #sinceRecords = 0;

  constructor(
    key: RoomKey,
    head: HeadVersion & { readonly mustRun?: boolean },
    committer: Committer,
    runtime: Runtime,
    options: JournalOptions,
    hooks: JournalHooks,
  ) {
    this.key = key;
    this.#head = { epoch: head.epoch, tail: head.tail };
    this.#mustRunSaid = head.mustRun;
    this.#committer = committer;
    this.#runtime = runtime;
    this.#intervalMs = options.intervalMs;
    this.#hooks = hooks;
    this.writer = new RecordWriter(() => hooks.opened());
  }

  /** The head as far as the store has confirmed it. */
  get head(): HeadVersion {
    return this.#head;
  }

  get pendingBytes(): number {
    return this.writer.length + this.#sealedBytes + this.#underWayBytes;
  }

  /** When the oldest turn was that has left and is not durable; `undefined` if there is none. */
  get unstoredSinceMs(): number | undefined {
    return this.#underWaySinceMs ?? this.#gatheredSinceMs;
  }

  get isIdle(): boolean {
    return this.writer.length === 0 && this.#sealed.length === 0 && this.#underWay === 0;
  }

  /** Durable bytes and records that a recovery would have to read behind the last snapshot. */
  get sinceSnapshot(): { readonly bytes: number; readonly records: number } {
    return { bytes: this.#sinceBytes, records: this.#sinceRecords };
  }

  /** After a recovery or a move: what lies behind the last snapshot already. */
  countSince(bytes: number, records: number): void {
    this.#sinceBytes += bytes;
    this.#sinceRecords += records;
  }

  /** Closes the turn; its record, or 0 if it wrote nothing. */
  endTurn(): Position {
    if (!this.writer.hasTurn) return 0;
    this.writer.endTurn();
    if (this.#intervalMs > 0) this.#gatheredSinceMs ??= this.#runtime.nowMs();
    this.#schedule();
    return this.#openRecord;
  }

  /** Closes the record that is being written, so that what follows is in another. The last record that is not empty. */
  seal(): Position {
    if (this.writer.length > 0) {
      this.#hooks.sealing(this.writer);
      const record = this.writer.take();
      this.#sealed.push(record);
      this.#sealedBytes += record.length;
    }
    return this.#openRecord - 1;
  }

  /** Calls `task` when everything up to `record` is durable; at once if it is. Never, if the room is lost before. */
  whenDurable(record: Position, task: () => void): void {
    this.#wait(record, task, false);
  }

  /** The same, but called also when the journal stops before. */
  whenSettled(record: Position, task: () => void): void {
    this.#wait(record, task, true);
  }

  /** Closes what was written so far and sees to it that it becomes durable, without waiting for an interval. Its last record. */
  flush(): Position {
    const record = this.seal();
    if (!this.isIdle) this.#request();
    return record;
  }

  /** Before the room is let go: as {@link whenSettled}, and the store knows whether it must run, also where nothing is left to record. */
  whenAllSettled(record: Position, task: () => void): void {
    this.whenSettled(record, () => {
      if (this.#isStopped || this.#hooks.mustRun() === this.#mustRunSaid) {
        task();
        return;
      }
      this.#owedWord.push(task);
      this.#request();
    });
  }

  /** The room was taken again at a later head. Nothing may be under way. */
  rebase(head: HeadVersion): void {
    this.#head = head;
  }

  /** Nothing more is appended; what the store still answers is not heard. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#timer?.cancel();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { task, isToldOfStop } of waiters) if (isToldOfStop) this.#act(task);
    this.#settleWord();
  }

  takeBatch(): { expect: HeadVersion; records: readonly Uint8Array[]; mustRun: boolean } | undefined {
    if (this.#isStopped || this.#underWay > 0) return undefined;
    this.seal();
    const mustRun = this.#hooks.mustRun();
    const owesWord = this.#owedWord.length > 0 && mustRun !== this.#mustRunSaid;
    if (this.#sealed.length === 0 && !owesWord) {
      this.#settleWord();
      return undefined;
    }
    this.#mustRunSaid = mustRun;
    const records = this.#sealed;
    this.#underWay = records.length;
    this.#underWayBytes = this.#sealedBytes;
    this.#sealed = [];
    this.#sealedBytes = 0;
    this.#underWaySinceMs = this.#gatheredSinceMs;
    this.#gatheredSinceMs = undefined;
    return { expect: this.#head, records, mustRun };
  }

  appended(tail: Position): void {
    this.#sinceBytes += this.#underWayBytes;
    this.#sinceRecords += this.#underWay;
    this.#underWay = 0;
    this.#underWayBytes = 0;
    this.#underWaySinceMs = undefined;
    this.#head = { epoch: this.#head.epoch, tail };
    if (this.#isStopped) return;
    if (!this.isIdle) this.#schedule();
    this.#act(() => this.#hooks.durable(tail));
    for (let first = this.#waiters[0]; first && first.record <= tail; first = this.#waiters[0]) {
      this.#waiters.shift();
      this.#act(first.task);
    }
    if (this.#hooks.mustRun() === this.#mustRunSaid) this.#settleWord();
    else if (this.#owedWord.length > 0) this.#request();
  }

  #settleWord(): void {
    for (const task of this.#owedWord.splice(0)) this.#act(task);
  }

  /** A fault of one room must not reach the others that the store has answered with it. */
  #act(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#hooks.failed(error);
    }
  }

  fenced(head: Head | undefined): void {
    if (this.#isStopped) return;
    this.stop();
    this.#hooks.fenced(head);
  }

  /** Position that the record being written will have. */
  get #openRecord(): Position {
    return this.#head.tail + this.#underWay + this.#sealed.length + 1;
  }

  #wait(record: Position, task: () => void, isToldOfStop: boolean): void {
    if (record <= this.#head.tail || (this.#isStopped && isToldOfStop)) task();
    else if (!this.#isStopped) this.#waiters.push({ record, task, isToldOfStop });
  }

  #schedule(): void {
    if (this.#intervalMs === 0) {
      this.#request();
      return;
    }
    this.#timer ??= this.#runtime.after(this.#intervalMs, () => {
      this.#timer = undefined;
      this.#request();
    });
  }

  #request(): void {
    if (!this.#isStopped) this.#committer.request(this);
  }

  /** The last snapshot covers everything up to now. */
  snapshotTaken(): void {
    this.#sinceBytes = 0;
    this.#sinceRecords = 0;
  }
}
