import type { Runtime } from "../wire/runtime.ts";

/** Why a call has no answer of its own. */
export interface NoAnswer {
  /** False: it was not made, and nothing has happened. */
  readonly wasMade: boolean;
  readonly reason: string;
}

/** A timer that is later than this was held up by its process. */
const lateMsMax = 50;
/** For answers that take several turns of the event loop to be put together. */
const graceMs = 200;

/**
 * Calls of one kind: each is answered within its span. Those that stay without an answer are counted, since they may hold memory for as
 * long as they hang: above the bound a further call is not made. One at a time is made all the same, to find out when they are
 * answered again; after that those that hang count no more, as an engine may have lost them for good.
 */
export class CallBound {
  readonly #runtime: Pick<Runtime, "after" | "nowMs">;
  readonly #hungCallsMax: number;
  #hung = 0;
  #isTrying = false;
  /** Rises when those that hang are forgotten: their answers change nothing any more. */
  #era = 0;

  constructor(runtime: Pick<Runtime, "after" | "nowMs">, hungCallsMax: number) {
    this.#runtime = runtime;
    this.#hungCallsMax = hungCallsMax;
  }

  /** Never rejects. `instead` makes the answer where there is none. */
  call<Answer>(
    name: string,
    msMax: number,
    make: () => Promise<Answer>,
    instead: (none: NoAnswer) => Answer,
  ): Promise<Answer> {
    const isTry = this.#hung >= this.#hungCallsMax;
    if (isTry && this.#isTrying) {
      const reason = `${name} was not called: ${this.#hung} calls of its kind have no answer`;
      return Promise.resolve(instead({ wasMade: false, reason }));
    }
    if (isTry) this.#isTrying = true;
    return new Promise((resolve) => {
      let era = 0;
      let state: "waiting" | "hung" | "over" = "waiting";
      const giveUp = (): void => {
        if (state !== "waiting") return;
        state = "hung";
        era = this.#era;
        this.#hung += 1;
        if (isTry) this.#isTrying = false;
        resolve(instead({ wasMade: true, reason: `${name} had no answer within ${msMax} ms` }));
      };
      const startedMs = this.#runtime.nowMs();
      let timer = this.#runtime.after(msMax, () => {
        // A process that has stood still itself finds its timers due before it has read the answers that have come meanwhile.
        const hasStoodStill = this.#runtime.nowMs() - startedMs > msMax + lateMsMax;
        if (hasStoodStill) timer = this.#runtime.after(graceMs, giveUp);
        else giveUp();
      });
      const settle = (answer: Answer): void => {
        if (state === "hung" && era === this.#era) this.#hung -= 1;
        if (state === "waiting") {
          timer.cancel();
          if (isTry) this.#answersAgain();
          resolve(answer);
        }
        state = "over";
      };
      promised(make).then(settle, (error: unknown) => {
        const text = error instanceof Error ? error.message : String(error);
        settle(instead({ wasMade: true, reason: `${name} failed: ${text}` }));
      });
    });
  }

  #answersAgain(): void {
    this.#isTrying = false;
    this.#hung = 0;
    this.#era += 1;
  }
}

/** An engine that throws breaks the port no less than one that rejects. */
async function promised<Answer>(make: () => Promise<Answer>): Promise<Answer> {
  return make();
}
