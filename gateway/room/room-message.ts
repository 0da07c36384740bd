import { copyBytes } from "../wire/copy-bytes.ts";
import type { Data, Message } from "./sdk.ts";

const decoder = new TextDecoder();

export class RoomMessage implements Message {
  readonly bytes: Uint8Array;
  readonly isText: boolean;

  constructor(bytes: Uint8Array, isText: boolean) {
    this.bytes = bytes;
    this.isText = isText;
  }

  text(): string {
    return decoder.decode(this.bytes);
  }
}

/** Bytes of `data` that nobody else will change. */
export function keepData(data: Data): Uint8Array {
  return typeof data === "string" ? Buffer.from(data, "utf8") : copyBytes(checked(data));
}

/** Bytes of `data` for a message that is written at once and not kept. */
export function viewData(data: Data): Uint8Array {
  return typeof data === "string" ? Buffer.from(data, "utf8") : checked(data);
}

/** Plain JavaScript may hand over anything. */
function checked(data: Uint8Array): Uint8Array {
  if (data instanceof Uint8Array) return data;
  throw new TypeError(`data is a string or a Uint8Array, not ${data === null ? "null" : `a ${typeof data}`}`);
}
