import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";

/**
 * One update that says what all of `updates` say, without the text that was deleted: smaller than what `mergeUpdates` gives, and what
 * was typed in one go is one piece. Costs a document in memory for as long as it takes.
 */
export function compact(updates: readonly Uint8Array[]): Uint8Array {
  const doc = new Doc();
  doc.transact(() => {
    for (const update of updates) applyUpdate(doc, update);
  });
  const compacted = encodeStateAsUpdate(doc);
  doc.destroy();
  return compacted;
}

/** Compacts beside the event loop, which other rooms share. Rejects when the signal is aborted. */
export type CompactBeside = (updates: readonly Uint8Array[], signal: AbortSignal) => Promise<Uint8Array>;
