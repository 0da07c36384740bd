import type { Runtime, Timer } from "../wire/runtime.ts";

const pauseMs = { first: 500, max: 30_000 };

/** Something that is opened once and then kept, however often that fails before. */
export interface RetriedOpening<Opened> {
  /** What is open, or comes of a try that is made now. `undefined` where that fails; never rejects. */
  get(): Promise<Opened | undefined>;
  /** Tries no more. */
  stop(): void;
}

/** Tries for the first time after `firstTryMs`, and again after each failure, ever more slowly. `failed` hears of the first of a row. */
export function openWithRetries<Opened>(
  open: () => Promise<Opened>,
  runtime: Pick<Runtime, "after">,
  firstTryMs: number,
  failed: (reason: string) => void,
): RetriedOpening<Opened> {
  let opened: Promise<Opened | undefined> | undefined;
  let failures = 0;
  let timer: Timer = runtime.after(firstTryMs, tryAgain);

  function get(): Promise<Opened | undefined> {
    opened ??= attempt();
    return opened;
  }

  async function attempt(): Promise<Opened | undefined> {
    try {
      return await open();
    } catch (error) {
      opened = undefined;
      failures += 1;
      const nextMs = Math.min(pauseMs.first * 2 ** (failures - 1), pauseMs.max);
      timer.cancel();
      timer = runtime.after(nextMs, tryAgain);
      if (failures === 1) failed(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  function tryAgain(): void {
    void get();
  }

  return { get, stop: () => timer.cancel() };
}
