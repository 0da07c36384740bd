/**
 * The difference of two states of one room, block by block: a state that was copied ahead of the freeze needs only what has
 * changed since. Pays off for states whose parts stay in their places; a state that shifts as a whole is shipped anew.
 */
export interface PatchPiece {
  readonly offset: number;
  /** A view into the newer state. */
  readonly bytes: Uint8Array;
}

export const blockBytes = 16 * 1024;

/** Pieces of `newer` that differ from `older`, adjacent blocks joined, in order. */
export function diffState(older: Uint8Array, newer: Uint8Array): PatchPiece[] {
  const pieces: PatchPiece[] = [];
  let start = -1;
  for (let offset = 0; offset < newer.length; offset += blockBytes) {
    const end = Math.min(offset + blockBytes, newer.length);
    const isSame =
      end <= older.length && Buffer.compare(older.subarray(offset, end), newer.subarray(offset, end)) === 0;
    if (!isSame && start < 0) start = offset;
    if (isSame && start >= 0) {
      pieces.push({ offset: start, bytes: newer.subarray(start, offset) });
      start = -1;
    }
  }
  if (start >= 0) pieces.push({ offset: start, bytes: newer.subarray(start) });
  return pieces;
}

/** Changes `older` in place where it is long enough, else a copy of it. Throws a RangeError where a piece does not fit. */
export function patchState(older: Uint8Array, length: number, pieces: Iterable<PatchPiece>): Uint8Array {
  let state = older.subarray(0, length);
  if (state.length < length) {
    state = new Uint8Array(length);
    state.set(older);
  }
  for (const { offset, bytes } of pieces) state.set(bytes, offset);
  return state;
}
