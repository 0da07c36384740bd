import type { WorkOutcome } from "./sdk.ts";
import { guardSignal } from "./work-signal.ts";

export const worksMax = 256;

export type Task = (signal: AbortSignal) => Promise<unknown>;

/** Work that waits: promises outside of turns, whose outcomes come back as turns. A name is taken until its outcome was told. */
export class RoomWork {
  readonly #finish: (name: string, outcome: WorkOutcome) => void;
  readonly #threw: (error: unknown) => void;
  readonly #running = new Map<string, AbortController>();

  /** `threw`: what listens to a task's signal has thrown. */
  constructor(finish: (name: string, outcome: WorkOutcome) => void, threw: (error: unknown) => void) {
    this.#finish = finish;
    this.#threw = threw;
  }

  get size(): number {
    return this.#running.size;
  }

  /**
   * Takes the name, and answers how to begin: outside of the turn, and where it is recorded, when the record is durable. Throws if the
   * name is busy or there are {@link worksMax} already.
   */
  reserve(name: string, task: Task): () => void {
    if (this.#running.has(name)) throw new Error(`work "${name}" is under way already`);
    if (this.#running.size >= worksMax) throw new RangeError(`a room has at most ${worksMax} works under way`);
    const controller = new AbortController();
    guardSignal(controller.signal, this.#threw);
    this.#running.set(name, controller);
    return () => this.#begin(name, task, controller);
  }

  /** The room has its outcome: the name is free again. */
  over(name: string): void {
    this.#running.delete(name);
  }

  names(): string[] {
    return [...this.#running.keys()];
  }

  abortAll(): void {
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const controller of running) controller.abort();
  }

  #begin(name: string, task: Task, controller: AbortController): void {
    const settle = (outcome: WorkOutcome): void => {
      if (this.#running.get(name) === controller) this.#finish(name, outcome);
    };
    // Never as a part of the turn that began it, nor of the store's answer.
    void Promise.resolve()
      .then(() => (controller.signal.aborted ? undefined : task(controller.signal)))
      .then(
        (value) => settle({ kind: "done", value }),
        (error: unknown) => settle({ kind: "failed", error }),
      );
  }
}
