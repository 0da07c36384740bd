import type { Logger, Runtime } from "../wire/runtime.ts";

/** `setTimeout` takes no longer delay; a later timer is set again. */
const delayMsMax = 0x7fffffff;

/** The host that everything really runs on. */
export function createNodeRuntime(log: Logger): Runtime {
  const after = (delayMs: number, task: () => void) => {
    const dueMs = performance.now() + delayMs;
    let timer: NodeJS.Timeout;
    const arm = (restMs: number): void => {
      timer = setTimeout(
        () => {
          // Node's timers may fire up to a millisecond early by the monotonic clock.
          const leftMs = dueMs - performance.now();
          if (leftMs > 0) arm(leftMs);
          else task();
        },
        Math.min(Math.ceil(restMs), delayMsMax),
      );
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(timer) };
  };
  return {
    nowMs: () => performance.now(),
    after,
    soon: (task) => {
      setImmediate(task);
    },
    random: Math.random,
    log,
  };
}
