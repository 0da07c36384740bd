import { Doc } from "yjs";

/** More than a document gets in one measurement. */
const count = 20_000;

/** Yjs updates of a client that types one character after the other: each changes the document of whoever takes them in order. */
export function typedUpdates(): readonly Uint8Array[] {
  const updates: Uint8Array[] = [];
  const doc = new Doc();
  doc.on("update", (update: Uint8Array) => updates.push(update));
  const text = doc.getText("text");
  for (let at = 0; at < count; at += 1) text.insert(at, "a");
  return updates;
}
