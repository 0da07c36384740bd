import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { CompactBeside } from "./compaction.ts";

/**
 * Threads that compact documents, one at a time: they are for cores that would be idle, not for those that rooms need. Bounded by the
 * rooms, each of which has one order at most. `thread`: `compaction-thread.ts` as it was compiled.
 */
export function compactInThreads(thread: URL): CompactBeside {
  let last: Promise<unknown> = Promise.resolve();
  return (updates, signal) => {
    const turn = last.then(() => compactInThread(thread, updates, signal));
    last = turn.catch(() => {});
    return turn;
  };
}

async function compactInThread(thread: URL, updates: readonly Uint8Array[], signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted();
  const worker = new Worker(thread);
  // A server that leaves does not wait for it.
  worker.unref();
  const ended = once(worker, "exit").then(([code]) => {
    throw new Error(`the compacting thread ended with ${code}`);
  });
  ended.catch(() => {});
  try {
    const answered = once(worker, "message", { signal });
    worker.postMessage(updates);
    const [compacted] = (await Promise.race([answered, ended])) as [Uint8Array];
    return compacted;
  } finally {
    await worker.terminate();
  }
}
