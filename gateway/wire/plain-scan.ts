/** Bounds on one MessagePack value. */
export interface PlainLimits {
  readonly bytesMax: number;
  /** Arrays and maps inside one another; 0 allows a single scalar. */
  readonly depthMax: number;
  /** Values in all, keys of maps included: bounds what a decoder allocates. */
  readonly itemsMax: number;
}

/** A string key of a map that would reach the prototype of the object it becomes. */
const forbiddenKey = "__proto__";
const forbiddenKeyBytes = Uint8Array.from(forbiddenKey, (letter) => letter.charCodeAt(0));

/** Whether an object may have this key and come back the same. */
export function isPlainKey(key: string): boolean {
  return key !== forbiddenKey;
}

/**
 * Walks over the bytes without building anything and says which rule they break, or `undefined`: exactly one value within the
 * limits, of plain data only (nil, booleans, numbers up to 2^53, strings, binaries, arrays, maps with string keys).
 * A decoder that is given only what passed cannot be made to allocate much more than `bytes`, recurse deeply or build other types (WIRE-4).
 */
export function scanPlain(bytes: Uint8Array, limits: PlainLimits): string | undefined {
  if (bytes.length > limits.bytesMax) return "too many bytes";
  const scan = new PlainScan(bytes, limits);
  const fault = scan.run();
  if (fault !== undefined) return fault;
  return scan.at === bytes.length ? undefined : "bytes behind the value";
}

class PlainScan {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #limits: PlainLimits;
  #items = 0;
  /** Values still to come, one number for each open array or map; keys and values of a map count alike. */
  readonly #remaining: number[] = [];
  readonly #isMap: boolean[] = [];

  constructor(bytes: Uint8Array, limits: PlainLimits) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = limits;
  }

  run(): string | undefined {
    do {
      const fault = this.#item(this.#expectsKey());
      if (fault !== undefined) return fault;
      this.#leaveFull();
    } while (this.#remaining.length > 0);
    return undefined;
  }

  #expectsKey(): boolean {
    const depth = this.#remaining.length - 1;
    return depth >= 0 && this.#isMap[depth] === true && (this.#remaining[depth] ?? 0) % 2 === 0;
  }

  #item(isKey: boolean): string | undefined {
    this.#items += 1;
    if (this.#items > this.#limits.itemsMax) return "too many items";
    const depth = this.#remaining.length - 1;
    if (depth >= 0) this.#remaining[depth] = (this.#remaining[depth] ?? 0) - 1;
    const token = this.#bytes[this.at];
    if (token === undefined) return "truncated";
    this.at += 1;
    if (token >= 0xa0 && token < 0xc0) return this.#string(token - 0xa0, isKey);
    if (token >= 0xd9 && token <= 0xdb) return this.#string(this.#length(1 << (token - 0xd9)), isKey);
    if (isKey) return "key is not a string";
    if (token < 0x80 || token >= 0xe0) return undefined;
    if (token < 0x90) return this.#enter((token - 0x80) * 2, true);
    if (token < 0xa0) return this.#enter(token - 0x90, false);
    return this.#wide(token);
  }

  /** Tokens 0xc0 to 0xdf that are no strings. */
  #wide(token: number): string | undefined {
    switch (token) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return undefined;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#skip(this.#length(1 << (token - 0xc4)));
      case 0xca:
        return this.#skip(4);
      case 0xcb:
        return this.#skip(8);
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return this.#skip(1 << (token & 3));
      case 0xcf:
      case 0xd3:
        return this.#wideInteger(token === 0xd3);
      case 0xdc:
      case 0xdd:
        return this.#enter(this.#length(token === 0xdc ? 2 : 4), false);
      case 0xde:
      case 0xdf:
        return this.#enter(this.#length(token === 0xde ? 2 : 4) * 2, true);
      case 0xc1:
        return "byte 0xc1";
      default:
        return "extension type";
    }
  }

  /** Reads a length of 1, 2 or 4 bytes; `NaN` if there are not as many. */
  #length(lengthBytes: number): number {
    const at = this.at;
    if (at + lengthBytes > this.#bytes.length) return Number.NaN;
    this.at = at + lengthBytes;
    if (lengthBytes === 1) return this.#view.getUint8(at);
    return lengthBytes === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #skip(length: number): string | undefined {
    // Written so that NaN is refused too.
    if (!(this.at + length <= this.#bytes.length)) return "truncated";
    this.at += length;
    return undefined;
  }

  #string(length: number, isKey: boolean): string | undefined {
    const start = this.at;
    const fault = this.#skip(length);
    if (fault !== undefined || !isKey || length !== forbiddenKeyBytes.length) return fault;
    const isForbidden = forbiddenKeyBytes.every((byte, index) => this.#bytes[start + index] === byte);
    return isForbidden ? `key ${forbiddenKey}` : undefined;
  }

  #wideInteger(isSigned: boolean): string | undefined {
    if (this.at + 8 > this.#bytes.length) return "truncated";
    const high = isSigned ? this.#view.getInt32(this.at) : this.#view.getUint32(this.at);
    this.at += 8;
    return high >= -0x20_0000 && high < 0x20_0000 ? undefined : "integer beyond 2^53";
  }

  #enter(items: number, isMap: boolean): string | undefined {
    // Each item takes a byte at least, so a short value cannot announce a long array.
    if (!(items <= this.#bytes.length - this.at)) return "truncated";
    if (this.#remaining.length >= this.#limits.depthMax) return "too deep";
    this.#remaining.push(items);
    this.#isMap.push(isMap);
    return undefined;
  }

  #leaveFull(): void {
    while (this.#remaining.at(-1) === 0) {
      this.#remaining.pop();
      this.#isMap.pop();
    }
  }
}
