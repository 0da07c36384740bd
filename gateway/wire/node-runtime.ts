import type { Logger, Runtime, Timer } from "./runtime.ts";

/** A timer of this long may be late by 2 ms, so that Node need not wake the process once too early and once more: ticks are shorter. */
const patientMsMin = 100;
/** The longest delay that Node's timers take. */
const delayMsMax = 2 ** 31 - 1;

/** The real host: this process's clock, event loop and chance. A timer that is set keeps the process alive. */
export function createNodeRuntime(options: { readonly log: Logger }): Runtime {
  return {
    nowMs: () => performance.now(),
    after: startTimer,
    soon: (task) => void setImmediate(task),
    random: Math.random,
    log: options.log,
  };
}

/** Node counts whole milliseconds and may be early by a part of one; and takes any delay that is too long for 1. */
function startTimer(delayMs: number, task: () => void): Timer {
  const dueMs = performance.now() + delayMs;
  let handle: NodeJS.Timeout;
  const wait = (): void => {
    const leftMs = dueMs - performance.now();
    const wakeMs = leftMs < patientMsMin ? leftMs : Math.ceil(leftMs) + 1;
    handle = setTimeout(wakeMs > delayMsMax ? wait : runWhenDue, Math.min(wakeMs, delayMsMax));
  };
  const runWhenDue = (): void => {
    if (performance.now() >= dueMs) task();
    else wait();
  };
  wait();
  return { cancel: () => clearTimeout(handle) };
}
