import type { Runtime, Timer } from "../wire/runtime.ts";

export const timersMax = 1_024;

/** A room's named timers. While the room is halted they stand still; what has come due meanwhile fires when it goes on. */
export class RoomTimers {
  readonly #runtime: Runtime;
  readonly #fire: (name: string) => void;
  readonly #timers = new Map<string, { dueMs: number; timer: Timer | undefined }>();
  #halted = true;

  constructor(runtime: Runtime, fire: (name: string) => void) {
    this.#runtime = runtime;
    this.#fire = fire;
  }

  /** Throws above {@link timersMax} names. */
  set(name: string, delayMs: number): void {
    if (!Number.isFinite(delayMs) || delayMs < 0)
      throw new RangeError(`a timer's delay must be 0 or more, not ${delayMs}`);
    const old = this.#timers.get(name);
    if (!old && this.#timers.size >= timersMax) throw new RangeError(`a room has at most ${timersMax} timers`);
    old?.timer?.cancel();
    const entry = { dueMs: this.#runtime.nowMs() + delayMs, timer: undefined as Timer | undefined };
    this.#timers.set(name, entry);
    if (!this.#halted) this.#arm(name, entry);
  }

  clear(name: string): void {
    this.#timers.get(name)?.timer?.cancel();
    this.#timers.delete(name);
  }

  halt(): void {
    this.#halted = true;
    for (const entry of this.#timers.values()) {
      entry.timer?.cancel();
      entry.timer = undefined;
    }
  }

  run(): void {
    this.#halted = false;
    for (const [name, entry] of this.#timers) this.#arm(name, entry);
  }

  /** Names with the time that is left, for a move. */
  left(): [name: string, leftMs: number][] {
    const nowMs = this.#runtime.nowMs();
    return [...this.#timers].map(([name, entry]) => [name, Math.max(0, entry.dueMs - nowMs)]);
  }

  #arm(name: string, entry: { dueMs: number; timer: Timer | undefined }): void {
    // Node's timers hold at most 2^31 - 1 ms; a longer one is armed again on the way.
    const waitMs = Math.min(Math.max(0, entry.dueMs - this.#runtime.nowMs()), 0x7fffffff);
    entry.timer?.cancel();
    entry.timer = this.#runtime.after(waitMs, () => {
      entry.timer = undefined;
      if (this.#halted || this.#timers.get(name) !== entry) return;
      if (entry.dueMs - this.#runtime.nowMs() > 1) {
        this.#arm(name, entry);
        return;
      }
      this.#timers.delete(name);
      this.#fire(name);
    });
  }
}
