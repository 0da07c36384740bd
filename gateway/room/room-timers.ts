import type { Runtime, Timer } from "../wire/runtime.ts";

export const timersMax = 1_024;
/** Hosts round: a timer that comes this early is on time. */
const dueToleranceMs = 1;
/** Between two notes of the room's clock, where nothing else of the room is recorded. */
const noteMs = { min: 250, max: 30_000 };

export interface RoomTimersDeps {
  readonly runtime: Runtime;
  /** It is due, and stays set until it is taken. May be called again for the same setting. */
  fire(name: string): void;
  /** Records how far the room's clock has come. Missing where nothing is recorded. */
  readonly noteClock: (() => void) | undefined;
}

interface Entry {
  /** On the room's clock. */
  readonly dueMs: number;
  timer: Timer | undefined;
}

/**
 * A room's named timers. While the room is halted they stand still; what has come due meanwhile fires when it goes on.
 *
 * They are due on the room's own clock, which counts the time that the room had an owner. It is a part of the room's state, so no owner
 * compares its clock with another's. ROOM-36: records carry it, and while timers wait it is recorded after 250 ms, then after twice as long
 * each time, at most every 30 s. So a crash costs a timer no more than half of the time since it was set or the room came here, and crashes
 * that repeat cannot put it off for ever.
 */
export class RoomTimers {
  readonly #deps: RoomTimersDeps;
  readonly #timers = new Map<string, Entry>();
  #halted = true;
  /** What to add to this host's clock to get the room's. */
  #offsetMs: number;
  #noter: Timer | undefined;
  #noterDueMs = 0;
  /** When the newest timer was set, or the room began to run here. */
  #sinceMs = 0;
  #notedMs = 0;

  constructor(deps: RoomTimersDeps) {
    this.#deps = deps;
    this.#offsetMs = -deps.runtime.nowMs();
  }

  /** The room's clock: it begins at 0 and never goes back. */
  get clockMs(): number {
    return this.#deps.runtime.nowMs() + this.#offsetMs;
  }

  get size(): number {
    return this.#timers.size;
  }

  has(name: string): boolean {
    return this.#timers.has(name);
  }

  /** Answers when it is due on the room's clock. Throws above {@link timersMax} names. */
  set(name: string, delayMs: number): number {
    if (!Number.isFinite(delayMs) || delayMs < 0)
      throw new RangeError(`a timer's delay must be 0 or more, not ${delayMs}`);
    if (!this.#timers.has(name) && this.#timers.size >= timersMax)
      throw new RangeError(`a room has at most ${timersMax} timers`);
    const dueMs = this.clockMs + delayMs;
    this.setDue(name, dueMs);
    this.#noteSoon();
    return dueMs;
  }

  /** As {@link set}, as a journal or another owner says. */
  setDue(name: string, dueMs: number): void {
    this.clear(name);
    const entry: Entry = { dueMs, timer: undefined };
    this.#timers.set(name, entry);
    if (!this.#halted) this.#arm(name, entry);
  }

  clear(name: string): void {
    this.#timers.get(name)?.timer?.cancel();
    this.#timers.delete(name);
  }

  /** Takes a timer that is due; `false` where there is none any more. */
  takeDue(name: string): boolean {
    const entry = this.#timers.get(name);
    if (!entry || entry.dueMs - this.clockMs > dueToleranceMs) return false;
    this.clear(name);
    return true;
  }

  clearAll(): void {
    for (const name of [...this.#timers.keys()]) this.clear(name);
  }

  /** The room's clock had come this far at an earlier owner. */
  advanceClock(toMs: number): void {
    this.#offsetMs += Math.max(0, toMs - this.clockMs);
  }

  /** Nothing fires, and nothing is noted. */
  halt(): void {
    this.#halted = true;
    this.#noter?.cancel();
    this.#noter = undefined;
    for (const entry of this.#timers.values()) {
      entry.timer?.cancel();
      entry.timer = undefined;
    }
  }

  run(): void {
    this.#halted = false;
    for (const [name, entry] of this.#timers) this.#arm(name, entry);
    this.#noteSoon();
  }

  /** The room's clock stands in a record that is about to be written. */
  clockNoted(): void {
    this.#notedMs = this.clockMs;
  }

  /** Names with when they are due, for a move and for a snapshot. */
  due(): [name: string, dueMs: number][] {
    return [...this.#timers].map(([name, { dueMs }]) => [name, dueMs]);
  }

  #arm(name: string, entry: Entry): void {
    // Node's timers hold at most 2^31 - 1 ms; a longer one is armed again on the way.
    const waitMs = Math.min(Math.max(0, entry.dueMs - this.clockMs), 0x7fffffff);
    entry.timer?.cancel();
    entry.timer = this.#deps.runtime.after(waitMs, () => {
      entry.timer = undefined;
      if (this.#halted || this.#timers.get(name) !== entry) return;
      if (entry.dueMs - this.clockMs > dueToleranceMs) {
        this.#arm(name, entry);
        return;
      }
      this.#deps.fire(name);
    });
  }

  #noteSoon(): void {
    this.#sinceMs = this.clockMs;
    if (this.#noter && this.#noterDueMs - this.clockMs <= noteMs.min) return;
    this.#noteLater();
  }

  #noteLater(): void {
    const { noteClock, runtime } = this.#deps;
    this.#noter?.cancel();
    this.#noter = undefined;
    if (!noteClock || this.#halted || this.#timers.size === 0) return;
    const waitMs = Math.min(Math.max(this.clockMs - this.#sinceMs, noteMs.min), noteMs.max);
    this.#noterDueMs = this.clockMs + waitMs;
    this.#noter = runtime.after(waitMs, () => {
      this.#noter = undefined;
      if (this.#halted || this.#timers.size === 0) return;
      if (this.clockMs - this.#notedMs >= noteMs.min) noteClock();
      this.#noteLater();
    });
  }
}
