const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Reads little-endian numbers from bytes that nobody vouches for. A read beyond the end gives 0 and remembers; `isWhole` tells in
 * the end whether everything that was read was there, and nothing else. So a decoder needs one check, not one per field,
 * as long as it bounds its loops.
 */
export class ByteReader {
  readonly #view: DataView;
  #at = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isWhole(): boolean {
    return !this.#failed && this.#at === this.#view.byteLength;
  }

  get hasFailed(): boolean {
    return this.#failed;
  }

  u8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#view.getUint8(at);
  }

  i8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#view.getInt8(at);
  }

  u16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#view.getUint16(at, true);
  }

  u32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getUint32(at, true);
  }

  /** Seven bits a byte, the lowest first: 1 byte below 128, 5 at most. Only the shortest form of a number is one. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte >= 0x80) continue;
      if ((byte === 0 && shift > 0) || value > 0xffff_ffff) break;
      return value;
    }
    this.#failed = true;
    return 0;
  }

  /** Small numbers of either sign are short: 0, -1, 1, -2 are 0, 1, 2, 3. */
  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** UTF-8 behind its length in one byte. Malformed UTF-8 fails. */
  text(): string {
    const length = this.u8();
    const at = this.#take(length);
    if (at < 0) return "";
    try {
      return decoder.decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length));
    } catch {
      this.#failed = true;
      return "";
    }
  }

  /** For a decoder that has read something out of range. */
  fail(): void {
    this.#failed = true;
  }

  #take(count: number): number {
    const at = this.#at;
    if (this.#failed || at + count > this.#view.byteLength) {
      this.#failed = true;
      return -1;
    }
    this.#at = at + count;
    return at;
  }
}

/** Writes what {@link ByteReader} reads. Grows as needed. A number out of its range is a mistake of the caller, and throws. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  u8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, within(value, 0, 0xff));
    return this;
  }

  i8(value: number): this {
    const at = this.#grow(1);
    this.#view.setInt8(at, within(value, -0x80, 0x7f));
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, within(value, 0, 0xffff), true);
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, within(value, 0, 0xffff_ffff), true);
    return this;
  }

  varint(value: number): this {
    let rest = within(value, 0, 0xffff_ffff);
    while (rest >= 0x80) {
      this.u8((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.u8(rest);
  }

  zigzag(value: number): this {
    return this.varint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  /** As they are, without a length. */
  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  text(value: string): this {
    const bytes = encoder.encode(value);
    this.u8(bytes.length);
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  get length(): number {
    return this.#length;
  }

  /** Begins anew in the same memory. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  /** A copy, fitting exactly. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** May replace `#view`: to be called before that is looked at. */
  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

function within(value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${value} is not a whole number from ${least} to ${most}`);
}
