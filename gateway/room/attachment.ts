import { decodePlain, encodePlain } from "../wire/control-codec.ts";
import { RoomgateError } from "../wire/errors.ts";

export const attachmentBytesMax = 16 * 1024;
/** Of all sessions of a room together: what moves with a room beside its app's state has room for this (`room-bounds.ts`). */
export const attachmentsBytesMax = 32 * 1024 * 1024;

/** Each item takes a byte at least. */
const limits = { bytesMax: attachmentBytesMax, itemsMax: attachmentBytesMax };
const nothing = new Uint8Array(0);

/**
 * What a room keeps of a session, by value: as bytes, which are what is journaled, stored and moved. What the room is shown is decoded from
 * them and frozen, so that a change in place throws where it is made, and is not lost here and there.
 */
export class Attachment {
  static readonly none = new Attachment(nothing);
  /** Empty: none. */
  readonly bytes: Uint8Array;
  #value: unknown = undefined;
  #isDecoded: boolean;

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#isDecoded = bytes.length === 0;
  }

  /** Throws a `RoomgateError` (`not-plain-data`, `attachment-too-big`) that names the session. */
  static of(value: unknown, session: string): Attachment {
    if (value === undefined || value === null) return Attachment.none;
    try {
      return new Attachment(encodePlain(value, limits));
    } catch (cause) {
      if (!(cause instanceof RoomgateError)) throw cause;
      const code = cause.code === "too-big" ? "attachment-too-big" : cause.code;
      const limit = cause.code === "too-big" ? `; an attachment takes at most ${attachmentBytesMax} bytes` : "";
      throw new RoomgateError(code, `the attachment of session ${session}: ${cause.message}${limit}`, { cause });
    }
  }

  /** From a record or a state; `bytes` are kept. `undefined` for what {@link Attachment.of} does not make. */
  static read(bytes: Uint8Array): Attachment | undefined {
    if (bytes.length === 0) return Attachment.none;
    const read = new Attachment(bytes);
    return read.#decode() ? read : undefined;
  }

  get value(): unknown {
    if (!this.#isDecoded && !this.#decode()) throw new Error("an attachment that was kept cannot be read");
    return this.#value;
  }

  #decode(): boolean {
    const decoded = decodePlain(this.bytes, limits);
    if (decoded.kind === "fault") return false;
    this.#value = frozen(decoded.value);
    this.#isDecoded = true;
    return true;
  }
}

/** All but the bytes of binaries, which cannot be frozen. */
function frozen<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
