import type { Runtime } from "../wire/runtime.ts";
import { HottestFirst } from "./hottest-first.ts";

/** Who waits for a room to be read. */
export interface Wanting {
  readonly sessions: number;
  /** Called when `sessions` has changed. */
  changed: () => void;
}

/**
 * How many rooms are read back from the store at a time: after a crash all of a server's rooms are wanted at once, and reading
 * them all at once would make the last one late and the first one too. Those that most clients wait for go first.
 */
export class RecoveryQueue {
  readonly #atOnceMax: number;
  readonly #runtime: Pick<Runtime, "soon">;
  /** Who waits for a turn of the event loop; at most one for each recovery under way. */
  readonly #breathing: (() => void)[] = [];
  /** Bounded by the rooms of this server. */
  readonly #waiting = new HottestFirst<() => void>();
  #underWay = 0;

  constructor(atOnceMax: number, runtime: Pick<Runtime, "soon">) {
    this.#atOnceMax = atOnceMax;
    this.#runtime = runtime;
  }

  /**
   * To be awaited between two pieces of a recovery, and awaited before each first one: resolves in a turn of the event loop that nobody else's piece is in. RECOVER-3: rooms
   * that run, those that have come back just now too, have their turns in between.
   */
  breathe(): Promise<void> {
    return new Promise((resolve) => {
      this.#breathing.push(resolve);
      if (this.#breathing.length === 1) this.#letOneBreathe();
    });
  }

  #letOneBreathe(): void {
    this.#runtime.soon(() => {
      this.#breathing[0]?.();
      this.#breathing.shift();
      if (this.#breathing.length > 0) this.#letOneBreathe();
    });
  }

  /** Waits for its turn, behind those that more sessions want. */
  async run<T>(wanting: Wanting, work: () => Promise<T>): Promise<T> {
    if (this.#underWay < this.#atOnceMax) this.#underWay += 1;
    else {
      // The place is handed over by the one that has ended.
      await new Promise<void>((start) => {
        const begin = (): void => {
          // At once: whoever changes later must not bring it back into the line.
          wanting.changed = nothing;
          start();
        };
        wanting.changed = () => this.#waiting.set(begin, wanting.sessions);
        wanting.changed();
      });
    }
    try {
      await this.breathe();
      return await work();
    } finally {
      const next = this.#waiting.take();
      if (next) next();
      else this.#underWay -= 1;
    }
  }
}

const nothing = (): void => {};
