import { parentPort } from "node:worker_threads";
import { compact } from "./compaction.ts";

/** The thread behind `compaction-threads.ts`: one order, one answer. */
parentPort?.once("message", (updates: readonly Uint8Array[]) => {
  const compacted = compact(updates);
  parentPort?.postMessage(compacted, [compacted.buffer as ArrayBuffer]);
});
