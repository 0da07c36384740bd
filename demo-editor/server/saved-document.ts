import { createDecoder, hasContent, readVarString, readVarUint, readVarUint8Array } from "lib0/decoding";
import { type Encoder, encode, writeVarString, writeVarUint, writeVarUint8Array } from "lib0/encoding";
import type { SavedLog } from "./document-log.ts";
import type { Present, SavedPresence } from "./presence.ts";
import { concatBytes } from "./rules/bytes.ts";

export const savedDocumentVersion = "1";

/**
 * A room's whole state, numbers as varints, bytes and texts with their length in front:
 *
 * ```
 * base │ count, pending… │ state vector │ count, (client, clock, state, session)… │ count, (client, clock)… of who is gone
 * ```
 *
 * The base comes first and the pending in the order in which they came: what has been copied ahead of a move stays in its place.
 */
export function encodeDocument(log: SavedLog, presence: SavedPresence): Uint8Array {
  const front = encode((encoder: Encoder) => writeVarUint(encoder, log.base.length));
  const rest = encode((encoder: Encoder) => {
    writeVarUint(encoder, log.pending.length);
    for (const update of log.pending) writeVarUint8Array(encoder, update);
    writeVarUint8Array(encoder, log.known);
    writeVarUint(encoder, presence.present.length);
    for (const { client, clock, state, session } of presence.present) {
      writeVarUint(encoder, client);
      writeVarUint(encoder, clock);
      writeVarString(encoder, state);
      writeVarString(encoder, session);
    }
    writeVarUint(encoder, presence.gone.length);
    for (const [client, clock] of presence.gone) {
      writeVarUint(encoder, client);
      writeVarUint(encoder, clock);
    }
  });
  // The base may be megabytes: it is copied once.
  return concatBytes([front, log.base, rest]);
}

/** Throws for anything else. Bytes are views into what is given. */
export function decodeDocument(bytes: Uint8Array): { readonly log: SavedLog; readonly presence: SavedPresence } {
  const decoder = createDecoder(bytes);
  const several = <T>(read: () => T): T[] => Array.from({ length: readCount() }, read);
  const readCount = (): number => {
    const count = readVarUint(decoder);
    // Each of whatever is counted takes a byte at least.
    if (count > bytes.length - decoder.pos) throw new RangeError("a saved document is cut off");
    return count;
  };
  const base = readVarUint8Array(decoder);
  const pending = several(() => readVarUint8Array(decoder));
  const known = readVarUint8Array(decoder);
  const present = several<Present>(() => {
    const client = readVarUint(decoder);
    const clock = readVarUint(decoder);
    const state = readVarString(decoder);
    return { client, clock, state, session: readVarString(decoder) };
  });
  const gone = several(() => [readVarUint(decoder), readVarUint(decoder)] as const);
  if (hasContent(decoder)) throw new RangeError("a saved document is longer than it says");
  return { log: { base, pending, known }, presence: { present, gone } };
}
