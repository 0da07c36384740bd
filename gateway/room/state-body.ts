import { RoomgateError } from "../wire/errors.ts";
import { diffState, type PatchPiece, patchState } from "./state-patch.ts";

/**
 * The body that a frozen room ships: its head, then its app's state, whole or as a patch of what was copied ahead. Little-endian:
 *
 * ```
 * u32 head length │ head │ u8 form: 0 no state, 1 whole, 2 patch │ f64 state length │ whole: state
 *                                                                                  │ patch: (f64 offset, f64 length, bytes)*
 * ```
 */
export interface StateParts {
  readonly head: Uint8Array;
  readonly app: Uint8Array | undefined;
}

const form = { none: 0, whole: 1, patch: 2 } as const;

/** As segments, so that a large state is not copied once more. `copied` is what the target has from the copy ahead. */
export function encodeBody(parts: StateParts, copied: Uint8Array | undefined): Uint8Array[] {
  const { head, app } = parts;
  const front = new Uint8Array(4 + head.length + 9);
  const view = new DataView(front.buffer);
  view.setUint32(0, head.length, true);
  front.set(head, 4);
  const formAt = 4 + head.length;
  view.setFloat64(formAt + 1, app?.length ?? 0, true);
  if (app === undefined) return [front];
  const pieces = copied && diffState(copied, app);
  if (!pieces) {
    view.setUint8(formAt, form.whole);
    return [front, app];
  }
  view.setUint8(formAt, form.patch);
  return [front, ...pieces.flatMap((piece) => [pieceHead(piece), piece.bytes])];
}

/** Throws a `RoomgateError` (`bad-state`) for anything else. Changes `copied` in place. */
export function decodeBody(body: Uint8Array, copied: Uint8Array | undefined): StateParts {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const headBytes = body.length >= 4 ? view.getUint32(0, true) : -1;
  const formAt = 4 + headBytes;
  if (headBytes < 0 || formAt + 9 > body.length) throw badBody("its head does not fit");
  const head = body.subarray(4, formAt);
  const length = view.getFloat64(formAt + 1, true);
  const rest = body.subarray(formAt + 9);
  switch (view.getUint8(formAt)) {
    case form.none:
      return { head, app: undefined };
    case form.whole:
      if (rest.length !== length) throw badBody("its state is not as long as it says");
      return { head, app: rest };
    case form.patch:
      if (!copied || !Number.isSafeInteger(length) || length < 0) throw badBody("it patches what was not copied");
      // What a state has grown by is among the pieces.
      if (length > copied.length + rest.length) throw badBody("its state is longer than what has come");
      try {
        return { head, app: patchState(copied, length, piecesOf(rest)) };
      } catch (cause) {
        throw badBody("a piece does not fit", cause);
      }
    default:
      throw badBody("its form is unknown");
  }
}

function pieceHead({ offset, bytes }: PatchPiece): Uint8Array {
  const head = new Uint8Array(16);
  const view = new DataView(head.buffer);
  view.setFloat64(0, offset, true);
  view.setFloat64(8, bytes.length, true);
  return head;
}

function* piecesOf(rest: Uint8Array): Iterable<PatchPiece> {
  const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
  let at = 0;
  while (at < rest.length) {
    const offset = view.getFloat64(at, true);
    const length = view.getFloat64(at + 8, true);
    const end = at + 16 + length;
    if (!(length >= 0) || !(end <= rest.length)) throw new RangeError("a piece is cut off");
    yield { offset, bytes: rest.subarray(at + 16, end) };
    at = end;
  }
}

function badBody(detail: string, cause?: unknown): RoomgateError {
  return new RoomgateError("bad-state", `the moved state cannot be read: ${detail}`, { cause });
}
