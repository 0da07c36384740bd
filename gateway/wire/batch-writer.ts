import { isSendableCloseCode } from "./close-codes.ts";
import type { ControlMessage } from "./control.ts";
import { encodeControl } from "./control-codec.ts";
import {
  batchBytesMax,
  chunkBytesMax,
  classShift,
  deliveryNumbers,
  downBytes,
  frameBytesMax,
  headerBytes,
  reasonBytesMax,
  textFlag,
  upBytes,
} from "./frame-layout.ts";
import { type DeliveryClass, frameTypes } from "./frames.ts";
import type { Channel, Cseq, Epoch, Rseq, SessionNumber } from "./ids.ts";

const slabBytesMin = 16 * 1024;
const slabBytesMax = 256 * 1024;
/** Slabs that wait for their next turn. */
const spareSlabsMax = 2;

/** Memory that batches are written into. */
interface Slab {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Batches in it that somebody still sends from. */
  underWay: number;
}

/**
 * Writes frames back to back. A batch lies in a slab of memory; the next batch begins behind it in the same slab, and a full slab
 * is left to whoever still sends from it. A slab is written over once all its batches have been taken (WIRE-1), so that a frame costs no
 * allocation, and steady traffic none at all: memory outside of the heap makes V8 collect all of it, again and again.
 *
 * Arguments are the caller's promise: what PROTOCOL.md does not allow is an assertion (`RangeError`), and writes nothing.
 */
export class BatchWriter {
  readonly #onPending: () => void;
  readonly #onBatch: (batch: Uint8Array, taken: () => void) => void;
  #slabBytes = slabBytesMin;
  #slab: Slab = slabOf(0);
  #view = this.#slab.view;
  #bytes = this.#slab.bytes;
  #spare: Slab[] = [];
  #start = 0;
  #end = 0;

  /**
   * @param onPending there was nothing to flush, and now there is.
   * @param onBatch takes a batch, either in `flush` or when a frame no longer fits behind it. The bytes do not change until `taken` is called:
   * once, at any time, or never where the batch is kept.
   */
  constructor(onPending: () => void, onBatch: (batch: Uint8Array, taken: () => void) => void) {
    this.#onPending = onPending;
    this.#onBatch = onBatch;
  }

  /** Written and not yet given to `onBatch`. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  flush(): void {
    if (this.#end === this.#start) return;
    const slab = this.#slab;
    const batch = slab.bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    slab.underWay += 1;
    this.#onBatch(batch, () => this.#taken(slab));
  }

  join(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, info: Uint8Array): void {
    this.#upFrame(frameTypes.join, 0, channel, epoch, session, cseq, info);
  }

  up(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, isText: boolean, payload: Uint8Array): void {
    this.#upFrame(frameTypes.up, isText ? textFlag : 0, channel, epoch, session, cseq, payload);
  }

  leave(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, code: number): void {
    assertPositive(channel, session, cseq);
    const at = this.#frame(upBytes + 2, frameTypes.leave, 0, channel, epoch);
    this.#view.setUint32(at + 16, session, true);
    this.#view.setUint32(at + 20, cseq, true);
    this.#view.setUint16(at + 24, code, true);
  }

  down(
    channel: Channel,
    epoch: Epoch,
    session: SessionNumber,
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void {
    assertPositive(channel, session, 1);
    const flags = deliveryFlags(delivery, latestKey, rseq, isText);
    this.#downFrame(frameTypes.down, flags, channel, epoch, session, latestKey, rseq, payload, 0);
  }

  broadcast(
    channel: Channel,
    epoch: Epoch,
    except: SessionNumber,
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void {
    assertPositive(channel, 1, 1);
    const flags = deliveryFlags(delivery, latestKey, rseq, isText);
    this.#downFrame(frameTypes.broadcast, flags, channel, epoch, except, latestKey, rseq, payload, 0);
  }

  multicast(
    channel: Channel,
    epoch: Epoch,
    sessions: readonly SessionNumber[],
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void {
    const count = sessions.length;
    for (const session of sessions) assertPositive(channel, session, 1);
    const flags = deliveryFlags(delivery, latestKey, rseq, isText);
    const at = this.#downFrame(frameTypes.multicast, flags, channel, epoch, count, latestKey, rseq, payload, count * 4);
    for (let index = 0; index < count; index += 1) {
      this.#view.setUint32(at + downBytes + index * 4, sessions[index] ?? 0, true);
    }
  }

  /** A longer `reason` is cut at 123 bytes, between two characters. */
  closeSession(channel: Channel, epoch: Epoch, session: SessionNumber, code: number, rseq: Rseq, reason: string): void {
    assertPositive(channel, 1, 1);
    assertSafe("rseq", rseq);
    if (!isSendableCloseCode(code)) throw new RangeError(`close code ${code} cannot be sent`);
    this.#downFrame(frameTypes.close, 0, channel, epoch, session, code, rseq, cutReason(reason), 0);
  }

  /** Nothing to acknowledge writes nothing. */
  ack(channel: Channel, epoch: Epoch, pairs: readonly number[]): void {
    const length = pairs.length;
    if (length === 0) return;
    if (length % 2 !== 0) throw new RangeError("an ack takes pairs");
    for (const number of pairs) assertPositive(channel, number, 1);
    const at = this.#frame(headerBytes + length * 4, frameTypes.ack, 0, channel, epoch);
    for (let index = 0; index < length; index += 1) {
      this.#view.setUint32(at + headerBytes + index * 4, pairs[index] ?? 0, true);
    }
  }

  seen(channel: Channel, epoch: Epoch, rseq: Rseq): void {
    assertPositive(channel, 1, 1);
    assertSafe("rseq", rseq);
    const at = this.#frame(headerBytes + 8, frameTypes.seen, 0, channel, epoch);
    this.#view.setFloat64(at + headerBytes, rseq, true);
  }

  flow(channel: Channel, epoch: Epoch, windowBytes: number): void {
    assertPositive(channel, 1, 1);
    const at = this.#frame(headerBytes + 4, frameTypes.flow, 0, channel, epoch);
    this.#view.setUint32(at + headerBytes, windowBytes, true);
  }

  ping(token: number): void {
    const at = this.#frame(headerBytes + 8, frameTypes.ping, 0, 0, 0);
    this.#view.setFloat64(at + headerBytes, token, true);
  }

  pong(token: number): void {
    const at = this.#frame(headerBytes + 8, frameTypes.pong, 0, 0, 0);
    this.#view.setFloat64(at + headerBytes, token, true);
  }

  control(message: ControlMessage): void {
    const bytes = encodeControl(message);
    const at = this.#frame(headerBytes + bytes.length, frameTypes.control, 0, 0, 0);
    this.#bytes.set(bytes, at + headerBytes);
  }

  chunk(transfer: number, offset: number, payload: Uint8Array): void {
    assertPositive(transfer, 1, 1);
    assertSafe("offset", offset);
    if (payload.length > chunkBytesMax) throw new RangeError(`a chunk of ${payload.length} bytes`);
    const at = this.#frame(headerBytes + 8 + payload.length, frameTypes.chunk, 0, transfer, 0);
    this.#view.setFloat64(at + headerBytes, offset, true);
    this.#bytes.set(payload, at + headerBytes + 8);
  }

  #upFrame(
    type: number,
    flags: number,
    channel: Channel,
    epoch: Epoch,
    session: SessionNumber,
    cseq: Cseq,
    payload: Uint8Array,
  ): void {
    assertPositive(channel, session, cseq);
    const at = this.#frame(upBytes + payload.length, type, flags, channel, epoch);
    this.#view.setUint32(at + 16, session, true);
    this.#view.setUint32(at + 20, cseq, true);
    this.#bytes.set(payload, at + upBytes);
  }

  /** Leaves `gapBytes` free in front of the payload. Returns where the frame begins. */
  #downFrame(
    type: number,
    flags: number,
    channel: Channel,
    epoch: Epoch,
    target: number,
    keyOrCode: number,
    rseq: Rseq,
    payload: Uint8Array,
    gapBytes: number,
  ): number {
    const at = this.#frame(downBytes + gapBytes + payload.length, type, flags, channel, epoch);
    this.#view.setUint32(at + 16, target, true);
    this.#view.setUint32(at + 20, keyOrCode, true);
    this.#view.setFloat64(at + 24, rseq, true);
    this.#bytes.set(payload, at + downBytes + gapBytes);
    return at;
  }

  /** Makes room for a frame and writes its header. Returns where it begins. */
  #frame(frameBytes: number, type: number, flags: number, channel: number, epoch: Epoch): number {
    if (frameBytes > frameBytesMax) throw new RangeError(`a frame of ${frameBytes} bytes`);
    if (this.#end === this.#start) this.#beginBatch();
    else if (this.#end - this.#start + frameBytes > batchBytesMax) this.flush();
    if (this.#end + frameBytes > this.#bytes.length) this.#takeSlab(frameBytes);
    const at = this.#end;
    this.#end = at + frameBytes;
    const view = this.#view;
    view.setUint32(at, frameBytes, true);
    // Type, flags and two zero bytes.
    view.setUint32(at + 4, type | (flags << 8), true);
    view.setUint32(at + 8, channel, true);
    view.setUint32(at + 12, epoch, true);
    return at;
  }

  /** Goes on in a new slab, and takes along what is pending. Slabs grow with the traffic, and further while one batch outgrows them. */
  #takeSlab(frameBytes: number): void {
    const pending = this.#bytes.subarray(this.#start, this.#end);
    this.#slabBytes = Math.min(this.#slabBytes * 2, slabBytesMax);
    const needed = pending.length + frameBytes;
    // Doubling keeps the copying of a growing batch below one more copy of it.
    const bytes = needed <= this.#slabBytes ? this.#slabBytes : pending.length === 0 ? needed : needed * 2;
    const left = this.#slab;
    this.#slab = this.#spareOf(bytes) ?? slabOf(bytes);
    this.#view = this.#slab.view;
    this.#bytes = this.#slab.bytes;
    this.#bytes.set(pending, 0);
    this.#start = 0;
    this.#end = pending.length;
    if (left.underWay === 0) this.#keepSpare(left);
  }

  #beginBatch(): void {
    if (this.#slab.underWay === 0) {
      this.#start = 0;
      this.#end = 0;
    }
    this.#onPending();
  }

  #taken(slab: Slab): void {
    slab.underWay -= 1;
    if (slab.underWay === 0 && slab !== this.#slab) this.#keepSpare(slab);
  }

  /** Slabs of another size than the present one are not worth keeping. */
  #keepSpare(slab: Slab): void {
    if (slab.bytes.length === this.#slabBytes && this.#spare.length < spareSlabsMax) this.#spare.push(slab);
  }

  #spareOf(bytes: number): Slab | undefined {
    const spare = this.#spare.pop();
    return spare?.bytes.length === bytes ? spare : undefined;
  }
}

function slabOf(bytes: number): Slab {
  const slab = new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
  return { bytes: slab, view: new DataView(slab.buffer), underWay: 0 };
}

function deliveryFlags(delivery: DeliveryClass, latestKey: number, rseq: Rseq, isText: boolean): number {
  assertSafe("rseq", rseq);
  if (delivery === "reliable" ? rseq < 1 : rseq !== 0) throw new RangeError(`rseq ${rseq} for ${delivery} delivery`);
  if (delivery !== "latest" && latestKey !== 0) throw new RangeError(`latest key for ${delivery} delivery`);
  return (deliveryNumbers[delivery] << classShift) | (isText ? textFlag : 0);
}

/** Written so that NaN and `undefined` are refused too. */
function assertPositive(channel: number, session: number, cseq: number): void {
  if (!(channel >= 1 && session >= 1 && cseq >= 1)) {
    throw new RangeError(`channel ${channel}, session ${session}, cseq ${cseq}: each must be at least 1`);
  }
}

function assertSafe(name: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 0)) throw new RangeError(`${name} ${value}`);
}

function cutReason(reason: string): Uint8Array {
  const bytes = Buffer.from(reason, "utf8");
  if (bytes.length <= reasonBytesMax) return bytes;
  let end = reasonBytesMax;
  // Bytes 0b10xxxxxx continue a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}
