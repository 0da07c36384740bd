import type { Runtime, Timer } from "../wire/runtime.ts";

/** What a server does every so often, until it stops. */
export class RegularDuties {
  readonly #runtime: Pick<Runtime, "after">;
  readonly #timers: Timer[] = [];
  #isStopped = false;

  constructor(runtime: Pick<Runtime, "after">) {
    this.#runtime = runtime;
  }

  every(ms: number, task: () => void): void {
    const index = this.#timers.length;
    const arm = (): void => {
      this.#timers[index] = this.#runtime.after(ms, () => {
        if (this.#isStopped) return;
        arm();
        task();
      });
    };
    arm();
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) timer.cancel();
  }
}
