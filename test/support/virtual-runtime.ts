import type { Logger, Runtime, Timer } from "../../gateway/wire/runtime.ts";
import { type PendingTimer, TimerHeap } from "./timer-heap.ts";

/** One line that the code under test logged. `fields` holds those of its child loggers too. */
export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * A host whose time stands still until a test moves it. Everything runs in one fixed order: tasks of `soon` first in, first
 * out, and before any timer; timers by due time, then by the order in which they were set.
 */
export interface VirtualRuntime extends Runtime {
  readonly seed: number;
  /** Everything that was logged, oldest first. */
  readonly lines: readonly LogLine[];
  /** Lines whose message contains `part`. */
  linesWith(part: string): readonly LogLine[];
  /** Timers that are set and have not run. */
  readonly timerCount: number;
  /** Runs tasks of `soon` until none is left. Time does not move. Throws if they never come to rest. */
  settle(): void;
  /** Settles, then runs all timers due within `ms`, each at its own time and settled behind. */
  advance(ms: number): void;
  /** `settle` for code with promises: settles until neither a task nor a promise chain makes another. */
  settleAsync(): Promise<void>;
  /** `advance` for code with promises. */
  advanceAsync(ms: number): Promise<void>;
}

const tasksPerSettleMax = 1_000_000;
const timersPerAdvanceMax = 1_000_000;
const linesMax = 100_000;

/** `seed` fixes `random`; print it when a test that draws from it fails. Default 1. */
export function createVirtualRuntime(options: { readonly seed?: number } = {}): VirtualRuntime {
  const seed = options.seed ?? 1;
  const random = seededRandom(seed);
  const lines: LogLine[] = [];
  const timers = new TimerHeap();
  let soonTasks: (() => void)[] = [];
  let nowMs = 0;
  let timersSet = 0;

  function settle(): void {
    let ran = 0;
    while (soonTasks.length > 0) {
      const round = soonTasks;
      soonTasks = [];
      for (const task of round) {
        ran += 1;
        if (ran > tasksPerSettleMax) throw new Error("tasks of soon keep making tasks of soon");
        task();
      }
    }
  }

  function runTimer(timer: PendingTimer): void {
    nowMs = Math.max(nowMs, timer.dueMs);
    timer.task();
  }

  async function settleAsync(): Promise<void> {
    await outsideOfPromises(() => {
      do {
        settle();
        runPromises();
      } while (soonTasks.length > 0);
    });
  }

  return {
    seed,
    lines,
    log: createCapturingLogger(lines, {}),
    nowMs: () => nowMs,
    random,
    soon: (task) => {
      soonTasks.push(task);
    },
    after: (delayMs, task): Timer => {
      timersSet += 1;
      return timers.add({ dueMs: nowMs + Math.max(0, delayMs), order: timersSet, task });
    },
    linesWith: (part) => lines.filter((line) => line.message.includes(part)),
    get timerCount() {
      return timers.size;
    },
    settle,
    advance: (ms) => {
      const untilMs = nowMs + ms;
      settle();
      for (let timer = timers.take(untilMs); timer !== undefined; timer = timers.take(untilMs)) {
        runTimer(timer);
        settle();
      }
      nowMs = untilMs;
    },
    settleAsync,
    advanceAsync: async (ms) => {
      const untilMs = nowMs + ms;
      await settleAsync();
      let ran = 0;
      await outsideOfPromises(() => {
        for (let timer = timers.take(untilMs); timer !== undefined; timer = timers.take(untilMs)) {
          ran += 1;
          if (ran > timersPerAdvanceMax) throw new Error(`timers keep setting timers at ${nowMs} ms`);
          runTimer(timer);
          do {
            settle();
            runPromises();
          } while (soonTasks.length > 0);
        }
      });
      nowMs = untilMs;
    },
  };
}

/** Mulberry32: uniform in [0, 1), the same line of numbers for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Runs `work` in a turn of the real event loop of its own: promise chains can be run to their end only from there. */
function outsideOfPromises(work: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        work();
        resolve();
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** Runs all promise chains that need no input from outside to their end, as Node does between two callbacks. */
function runPromises(): void {
  (process as unknown as { _tickCallback(): void })._tickCallback();
}

function createCapturingLogger(lines: LogLine[], bound: Readonly<Record<string, unknown>>): Logger {
  const write = (level: LogLine["level"]) => (fields: object, message: string) => {
    if (lines.length >= linesMax) throw new Error(`more than ${linesMax} log lines in one test`);
    lines.push({ level, message, fields: { ...bound, ...fields } });
  };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (fields) => createCapturingLogger(lines, { ...bound, ...fields }),
  };
}
