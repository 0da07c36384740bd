import type { WorkOutcome } from "./sdk.ts";

export const worksMax = 256;

/** Work that waits: promises outside of turns, whose outcomes come back as turns. */
export class RoomWork {
  readonly #finish: (name: string, outcome: WorkOutcome) => void;
  readonly #running = new Map<string, AbortController>();

  constructor(finish: (name: string, outcome: WorkOutcome) => void) {
    this.#finish = finish;
  }

  /** Throws if the name is busy or there are {@link worksMax} already. */
  start(name: string, task: (signal: AbortSignal) => Promise<unknown>): void {
    if (this.#running.has(name)) throw new Error(`work "${name}" is under way already`);
    if (this.#running.size >= worksMax) throw new RangeError(`a room has at most ${worksMax} works under way`);
    const controller = new AbortController();
    this.#running.set(name, controller);
    const settle = (outcome: WorkOutcome): void => {
      if (this.#running.get(name) !== controller) return;
      this.#running.delete(name);
      this.#finish(name, outcome);
    };
    // The task starts outside the turn, so that it cannot act as a part of it.
    void Promise.resolve()
      .then(() => task(controller.signal))
      .then(
        (value) => settle({ kind: "done", value }),
        (error: unknown) => settle({ kind: "failed", error }),
      );
  }

  names(): string[] {
    return [...this.#running.keys()];
  }

  abortAll(): void {
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const controller of running) controller.abort();
  }
}
