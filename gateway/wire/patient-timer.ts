import type { Runtime, Timer } from "./runtime.ts";

const stepMs = 1_000;

/**
 * LIVE-15: calls `task` once, when `delayMs` have passed while this process ran. Of the time in which it stood still, or by which its
 * clock has jumped, a second counts: whoever was to answer meanwhile may have done so, unread. For deadlines that end somebody.
 */
export function afterWatched(runtime: Pick<Runtime, "after">, delayMs: number, task: () => void): Timer {
  let leftMs = delayMs;
  let timer: Timer;
  const wait = (): void => {
    const waitMs = Math.min(leftMs, stepMs);
    leftMs -= waitMs;
    timer = runtime.after(waitMs, () => (leftMs > 0 ? wait() : task()));
  };
  wait();
  return { cancel: () => timer.cancel() };
}
