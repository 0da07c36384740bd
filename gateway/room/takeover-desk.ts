import type { Store, TakeoverAnswer, TakeoverRequest } from "../store/port.ts";
import type { Runtime } from "../wire/runtime.ts";

const requestsMax = 1_000;

interface Waiting {
  readonly request: TakeoverRequest;
  readonly answer: (answer: TakeoverAnswer) => void;
}

/**
 * Takeovers of all rooms of a server: those of one turn of the event loop, or that come while a call is under way, go to the
 * store together. After a crash hundreds of rooms are asked for at once.
 */
export class TakeoverDesk {
  readonly #store: Store;
  readonly #runtime: Runtime;
  /** Bounded by the rooms of this server. */
  #waiting: Waiting[] = [];
  #isAsking = false;
  #isScheduled = false;

  constructor(store: Store, runtime: Runtime) {
    this.#store = store;
    this.#runtime = runtime;
  }

  takeOver(request: TakeoverRequest): Promise<TakeoverAnswer> {
    return new Promise((answer) => {
      this.#waiting.push({ request, answer });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isAsking || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    this.#runtime.soon(() => {
      this.#isScheduled = false;
      void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    const asked = this.#waiting.splice(0, requestsMax);
    if (asked.length === 0) return;
    this.#isAsking = true;
    const answers = await this.#store.takeover(asked.map(({ request }) => request));
    this.#isAsking = false;
    for (const [index, { answer }] of asked.entries())
      answer(answers[index] ?? { kind: "unknown", reason: "no answer" });
    this.#schedule();
  }
}
