/**
 * UTF-8 for k6, which has no `TextEncoder` and no `TextDecoder`, though codecs of browsers and of Node count on both. To be imported
 * before whatever makes one while it is loaded. Where the host has its own, nothing changes.
 */
class Utf8Encoder {
  readonly encoding = "utf-8";

  encode(text = ""): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(text.length * 3);
    let length = 0;
    for (let at = 0; at < text.length; at += 1) {
      let code = text.codePointAt(at) ?? 0;
      if (code > 0xffff) at += 1;
      // A half of a pair that stands alone.
      if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
      length = writeCode(bytes, length, code);
    }
    return bytes.slice(0, length);
  }
}

function writeCode(bytes: Uint8Array, from: number, code: number): number {
  if (code < 0x80) {
    bytes[from] = code;
    return from + 1;
  }
  const tail = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  const marks = [0, 0xc0, 0xe0, 0xf0];
  bytes[from] = (marks[tail] ?? 0) | (code >> (6 * tail));
  for (let left = tail - 1; left >= 0; left -= 1) bytes[from + tail - left] = 0x80 | ((code >> (6 * left)) & 0x3f);
  return from + tail + 1;
}

const leastOfTail = [0, 0x80, 0x800, 0x10000] as const;

class Utf8Decoder {
  readonly encoding = "utf-8";
  readonly fatal: boolean;

  constructor(_label = "utf-8", options: { readonly fatal?: boolean } = {}) {
    this.fatal = options.fatal ?? false;
  }

  decode(input?: ArrayBuffer | ArrayBufferView): string {
    const bytes = bytesOf(input);
    let text = "";
    for (let at = 0; at < bytes.length; ) {
      const first = bytes[at] ?? 0;
      const tail = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
      const code = tail === 0 ? first : tail < 0 ? -1 : readTail(bytes, at, tail);
      if (code < 0) {
        if (this.fatal) throw new TypeError("this is not UTF-8");
        text += "\ufffd";
        at += 1;
        continue;
      }
      text += String.fromCodePoint(code);
      at += tail + 1;
    }
    return text;
  }
}

function bytesOf(input: ArrayBuffer | ArrayBufferView | undefined): Uint8Array {
  if (input === undefined) return new Uint8Array(0);
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  return new Uint8Array(input);
}

/** -1 for what is no character, or one in a longer form than it needs. */
function readTail(bytes: Uint8Array, at: number, tail: number): number {
  let code = (bytes[at] ?? 0) & (0x3f >> tail);
  for (let index = 1; index <= tail; index += 1) {
    const byte = bytes[at + index] ?? 0;
    if ((byte & 0xc0) !== 0x80) return -1;
    code = (code << 6) | (byte & 0x3f);
  }
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  return code < (leastOfTail[tail] ?? 0) || code > 0x10ffff || isSurrogate ? -1 : code;
}

/** For the test of it. */
export const codec = { Utf8Encoder, Utf8Decoder };

const host = globalThis as { TextEncoder?: unknown; TextDecoder?: unknown };
host.TextEncoder ??= Utf8Encoder;
host.TextDecoder ??= Utf8Decoder;
