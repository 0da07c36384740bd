import { statfs } from "node:fs/promises";
import type { RoomKey } from "../../wire/ids.ts";
import type { Unavailable, Unknown } from "../port.ts";
import { type Decision, type RoomChange, type RowWrite, readHeadRow } from "./change.ts";
import { type Environment, reasonOf } from "./environment.ts";
import { roomKeyBytes } from "./keys.ts";
import type { LmdbSettings } from "./options.ts";
import { encodeHead, type HeadRow } from "./rows.ts";
import { wakeStoppedHolder } from "./stopped-holder.ts";

export type Uncertain = Unknown | Unavailable;

/** One commit takes whole changes until one of these is reached. */
const commitBytesMax = 16 * 1024 * 1024;
const commitChangesMax = 4096;
/** A change that other processes overtook this often gives up: each time one of them got its own change through. */
const attemptsMax = 64;
const watchEveryMs = 500;

interface Pending {
  readonly change: RoomChange<unknown>;
  readonly settle: (answer: unknown) => void;
  attempts: number;
}

/** Rows that no condition protects, because nobody else writes under their keys. */
interface FreeWrite {
  readonly rows: readonly RowWrite[];
  readonly bytes: number;
  readonly settle: (answer: { kind: "stored" } | Uncertain) => void;
}

interface RoomPlan {
  readonly room: RoomKey;
  readonly found: HeadRow | undefined;
  head: HeadRow | undefined;
  readonly rows: RowWrite[];
  readonly members: { readonly pending: Pending; readonly answer: unknown }[];
}

/**
 * One commit at a time for all rooms of this process: what arrives while one is under way goes into the next.
 *
 * ```
 * queue ─▶ read the rooms' heads ─▶ decide ─▶ one transaction: per room `if change number is still N then write`
 *   ▲                                             │ committed and on disk          │ undone
 *   └──── condition did not hold: decide anew ◀───┴─▶ answer                        └─▶ unavailable, or unknown
 * ```
 *
 * The check that counts is LMDB's, inside the write transaction, on the thread that writes: a stale read here costs another
 * round and nothing else.
 */
export class GroupCommit {
  readonly #environment: Environment;
  readonly #settings: LmdbSettings;
  #changes: Pending[] = [];
  #free: FreeWrite[] = [];
  #queuedBytes = 0;
  #running: Promise<void> | undefined;
  /** A commit that nobody waits for any more. */
  #late: Promise<unknown> | undefined;
  /** Why nothing can be written: for now, or until the process starts anew. */
  #blocked: string | undefined;

  constructor(environment: Environment, settings: LmdbSettings) {
    this.#environment = environment;
    this.#settings = settings;
  }

  /** Answers what `decide` said once that is durable. Changes of one room are decided in the order of their submission. */
  submit<Answer>(change: RoomChange<Answer>): Promise<Answer | Uncertain> {
    const refusal = this.#refusal(change.bytes);
    if (refusal !== undefined) return Promise.resolve(refusal);
    return new Promise((resolve) => {
      this.#changes.push({ change, settle: resolve as (answer: unknown) => void, attempts: 0 });
      this.#enqueued(change.bytes);
    });
  }

  /** Writes rows without a condition. Durable when answered. */
  write(rows: readonly RowWrite[]): Promise<{ kind: "stored" } | Uncertain> {
    const bytes = rows.reduce((sum, row) => sum + row.key.length + (row.value?.length ?? 0), 0);
    const refusal = this.#refusal(bytes);
    if (refusal !== undefined) return Promise.resolve(refusal);
    return new Promise((settle) => {
      this.#free.push({ rows, bytes, settle });
      this.#enqueued(bytes);
    });
  }

  /** When everything that was submitted has its answer. False if a commit that took too long is still under way. */
  async idle(): Promise<boolean> {
    while (this.#running !== undefined) await this.#running;
    return this.#late === undefined;
  }

  #refusal(bytes: number): Unavailable | undefined {
    if (this.#blocked !== undefined) return unavailable(this.#blocked);
    const changes = this.#changes.length + this.#free.length;
    if (changes >= this.#settings.queueChangesMax) return unavailable("too many changes wait for the disk");
    const isOver = this.#queuedBytes + bytes > this.#settings.queueBytesMax && this.#queuedBytes > 0;
    return isOver ? unavailable("too many bytes wait for the disk") : undefined;
  }

  #enqueued(bytes: number): void {
    this.#queuedBytes += bytes;
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // What this round of the event loop still has to say goes into the same commit.
    await new Promise(setImmediate);
    while (this.#changes.length > 0 || this.#free.length > 0) {
      const hasWritten = await this.#commitOnce();
      // Behind a commit the next one takes what those say at once who were answered. On a busy loop a round more for each commit
      // was much of what an append waited for.
      await new Promise<void>(hasWritten ? process.nextTick : setImmediate);
    }
    // In the same step as the look at the queues: whoever submits next must find that nobody runs.
    this.#running = undefined;
  }

  /** False where nothing was to be written, so that no time has passed. */
  async #commitOnce(): Promise<boolean> {
    const { changes, free } = this.#take();
    let plans: readonly RoomPlan[] = [];
    let encoded: readonly EncodedRoom[];
    try {
      plans = this.#plan(changes);
      encoded = plans.map(encodeRoom);
    } catch (error) {
      const answer = unavailable(await reasonOf(error));
      for (const pending of changes) pending.settle(answer);
      for (const write of free) write.settle(answer);
      return false;
    }
    if (encoded.length === 0 && free.length === 0) return false;
    const outcome = await this.#watch(this.#write(encoded, free));
    if (outcome.kind === "committed") {
      for (const write of free) write.settle({ kind: "stored" });
      this.#settleRooms(plans, outcome.applied);
      return true;
    }
    for (const write of free) write.settle(outcome);
    for (const plan of plans) for (const member of plan.members) member.pending.settle(outcome);
    return true;
  }

  #take(): { changes: Pending[]; free: FreeWrite[] } {
    let bytes = 0;
    let changeCount = 0;
    let freeCount = 0;
    const fits = (next: number): boolean => bytes === 0 || bytes + next <= commitBytesMax;
    // Free writes first: they are bounded by who makes them, and must not wait behind an endless stream of appends.
    for (const write of this.#free) {
      if (freeCount >= commitChangesMax || !fits(write.bytes)) break;
      bytes += write.bytes;
      freeCount += 1;
    }
    for (const { change } of this.#changes) {
      if (changeCount >= commitChangesMax || (changeCount > 0 && !fits(change.bytes))) break;
      bytes += change.bytes;
      changeCount += 1;
    }
    this.#queuedBytes -= bytes;
    return { changes: this.#changes.splice(0, changeCount), free: this.#free.splice(0, freeCount) };
  }

  /** Decides every change on the heads as they are now. Those that need no write and stand on nothing unwritten are answered. */
  #plan(changes: readonly Pending[]): RoomPlan[] {
    const plans = new Map<RoomKey, RoomPlan>();
    this.#environment.root.resetReadTxn();
    for (const pending of changes) {
      const { room } = pending.change;
      let decision: Decision<unknown>;
      let plan = plans.get(room);
      try {
        if (plan === undefined) {
          const found = readHeadRow(this.#environment, room);
          plan = { room, found, head: found, rows: [], members: [] };
          plans.set(room, plan);
        }
        decision = pending.change.decide(plan.head);
      } catch (error) {
        pending.settle(unavailable(error instanceof Error ? error.message : String(error)));
        continue;
      }
      if (decision.kind === "write") {
        plan.head = { ...decision.head, change: (plan.found?.change ?? 0) + 1 };
        plan.rows.push(...decision.rows);
      } else if (plan.head === plan.found) {
        pending.settle(decision.answer);
        continue;
      }
      plan.members.push({ pending, answer: decision.answer });
    }
    return [...plans.values()].filter((plan) => plan.members.length > 0);
  }

  /** Hands all of it to the writing thread as one transaction. Never rejects. */
  async #write(rooms: readonly EncodedRoom[], free: readonly FreeWrite[]): Promise<Outcome> {
    const { tables, root } = this.#environment;
    const put = (row: RowWrite): void => {
      if (row.value === undefined) tables[row.table].remove(row.key);
      else tables[row.table].put(row.key, row.value);
    };
    const promises: Promise<boolean>[] = [];
    try {
      for (const { rows, found, key, value, change } of rooms) {
        const write = (): void => {
          for (const row of rows) put(row);
          tables.heads.put(key, value, change);
        };
        promises.push(
          found === undefined ? tables.heads.ifNoExists(key, write) : tables.heads.ifVersion(key, found.change, write),
        );
      }
      if (free.length > 0) {
        promises.push(
          root.batch(() => {
            for (const { rows } of free) for (const row of rows) put(row);
          }),
        );
      }
    } catch (error) {
      // A part of it is on its way, and nobody knows which.
      void Promise.allSettled(promises);
      return { kind: "unknown", reason: await reasonOf(error) };
    }
    return this.#outcomeOf(promises);
  }

  async #outcomeOf(promises: readonly Promise<boolean>[]): Promise<Outcome> {
    const settled = await Promise.allSettled(promises);
    const failed = settled.find((result) => result.status === "rejected");
    if (failed === undefined) {
      return { kind: "committed", applied: settled.map((result) => result.status === "fulfilled" && result.value) };
    }
    const reason = await this.#explain(failed.reason);
    if (this.#isSound()) return unavailable(reason);
    this.#block(`the store failed while it wrote its root page (${reason}); this process must be started anew`);
    return { kind: "unknown", reason };
  }

  /**
   * A commit that fails has been undone, except where writing the root page itself failed: whether that page is the old or the
   * new one is open. LMDB then refuses every further transaction, and that is how it shows.
   */
  #isSound(): boolean {
    try {
      this.#environment.root.resetReadTxn();
      this.#environment.tables.owners.doesExist(Buffer.of(0));
      return true;
    } catch {
      return false;
    }
  }

  async #explain(error: unknown): Promise<string> {
    const reason = await reasonOf(error);
    const space = await statfs(this.#environment.directory).catch(() => undefined);
    return space === undefined ? reason : `${reason}; ${space.bavail * space.bsize} bytes are free on the disk`;
  }

  /** Bounds how long an answer may take. The commit itself goes on, and the store with it once it is over. */
  async #watch(committed: Promise<Outcome>): Promise<Outcome> {
    const ticksMax = Math.ceil(this.#settings.commitMsMax / watchEveryMs);
    let ticks = 0;
    let timer: NodeJS.Timeout | undefined;
    // Ticks are counted, not time: a process that was stopped itself must not take that for a slow disk.
    const late = new Promise<"late">((resolve) => {
      timer = setInterval(() => {
        ticks += 1;
        void wakeStoppedHolder(this.#environment, committed, this.#settings.log);
        if (ticks >= ticksMax) resolve("late");
      }, watchEveryMs);
    });
    const first = await Promise.race([committed, late]).finally(() => clearInterval(timer));
    if (first !== "late") return first;
    const reason = `a commit has been under way for ${this.#settings.commitMsMax} ms`;
    this.#block(reason);
    this.#late = committed.then((outcome) => {
      this.#late = undefined;
      if (outcome.kind !== "unknown") this.#blocked = undefined;
    });
    return { kind: "unknown", reason };
  }

  /** Answers what waits: it was not begun. */
  #block(reason: string): void {
    this.#blocked = reason;
    const changes = this.#changes.splice(0);
    const free = this.#free.splice(0);
    this.#queuedBytes = 0;
    for (const pending of changes) pending.settle(unavailable(reason));
    for (const write of free) write.settle(unavailable(reason));
  }

  #settleRooms(plans: readonly RoomPlan[], applied: readonly boolean[]): void {
    const again: Pending[] = [];
    plans.forEach((plan, index) => {
      for (const { pending, answer } of plan.members) {
        if (applied[index] === true) pending.settle(answer);
        else if (++pending.attempts < attemptsMax) again.push(pending);
        else pending.settle(unavailable("other processes change this room all the time"));
      }
    });
    // In front: their order towards later changes of the same rooms stays.
    this.#changes.unshift(...again);
    for (const { change } of again) this.#queuedBytes += change.bytes;
  }
}

interface EncodedRoom {
  readonly rows: readonly RowWrite[];
  readonly found: HeadRow | undefined;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly change: number;
}

function encodeRoom(plan: RoomPlan): EncodedRoom {
  const { room, rows, found, head } = plan;
  if (head === undefined) throw new Error("a plan without a head has nothing to write");
  return { rows, found, key: roomKeyBytes(room), value: encodeHead(room, head), change: head.change };
}

type Outcome = { readonly kind: "committed"; readonly applied: readonly boolean[] } | Uncertain;

function unavailable(reason: string): Unavailable {
  return { kind: "unavailable", reason };
}
