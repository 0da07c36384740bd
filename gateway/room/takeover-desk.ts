import type { Store, TakeoverAnswer, TakeoverRequest } from "../store/port.ts";
import type { Runtime } from "../wire/runtime.ts";

const requestsMax = 1_000;
/** Then the next call goes beside one that has no answer yet: it may never have one. */
const patienceMs = 1_000;

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
  /** The call that the next one waits for. */
  #asking: object | undefined;
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
    if (this.#isScheduled || this.#asking || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    this.#runtime.soon(() => {
      this.#isScheduled = false;
      void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    const asked = this.#waiting.splice(0, requestsMax);
    if (asked.length === 0) return;
    const call = {};
    this.#asking = call;
    const patience = this.#runtime.after(patienceMs, () => this.#goOn(call));
    const answers = await this.#store.takeover(asked.map(({ request }) => request));
    patience.cancel();
    for (const [index, { answer }] of asked.entries())
      answer(answers[index] ?? { kind: "unknown", reason: "no answer" });
    this.#goOn(call);
  }

  #goOn(call: object): void {
    if (this.#asking !== call) return;
    this.#asking = undefined;
    this.#schedule();
  }
}
