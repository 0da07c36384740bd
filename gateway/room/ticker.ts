import type { Runtime, Timer } from "../wire/runtime.ts";

const ticksAtOnceMax = 5;

/** What became of the ticks of all rooms of a server. */
export interface TickCounters {
  ticks: number;
  /** Of these, those that came a whole step late or more: behind another one at once. */
  ticksMadeUp: number;
  /** Let go. */
  ticksMissed: number;
}

/** Fixed steps without drift: late ticks are made up, at most five at once; what is later than that is let go. */
export class Ticker {
  readonly #runtime: Runtime;
  readonly #stepMs: number;
  readonly #tick: (stepMs: number) => void;
  readonly #counters: TickCounters;
  #timer: Timer | undefined;
  #nextMs = 0;

  constructor(runtime: Runtime, hz: number, counters: TickCounters, tick: (stepMs: number) => void) {
    this.#runtime = runtime;
    this.#stepMs = 1_000 / hz;
    this.#counters = counters;
    this.#tick = tick;
  }

  start(): void {
    if (this.#timer) return;
    this.#nextMs = this.#runtime.nowMs() + this.#stepMs;
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#runtime.after(Math.max(0, this.#nextMs - this.#runtime.nowMs()), () => this.#run());
  }

  #run(): void {
    this.#timer = undefined;
    const nowMs = this.#runtime.nowMs();
    const due = Math.max(1, Math.floor((nowMs - this.#nextMs) / this.#stepMs) + 1);
    const ticks = Math.min(due, ticksAtOnceMax);
    this.#nextMs += due * this.#stepMs;
    this.#counters.ticks += ticks;
    this.#counters.ticksMadeUp += ticks - 1;
    this.#counters.ticksMissed += due - ticks;
    this.#arm();
    for (let count = 0; count < ticks && this.#timer; count += 1) this.#tick(this.#stepMs);
  }
}
