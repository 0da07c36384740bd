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

/**
 * Writes frames back to back. A batch lies in a slab of memory; the next batch begins behind it in the same slab, and a full slab
 * is left to whoever still sends from it (WIRE-1). So bytes that were handed out never change, and a frame costs no allocation.
 *
 * Arguments are the caller's promise: what PROTOCOL.md does not allow is an assertion (`RangeError`), and writes nothing.
 */
export class BatchWriter {
  readonly #onPending: () => void;
  readonly #onBatch: (batch: Uint8Array) => void;
  #slabBytes = slabBytesMin;
  #slab = new Uint8Array(0);
  #view = new DataView(this.#slab.buffer);
  #start = 0;
  #end = 0;

  /**
   * @param onPending there was nothing to flush, and now there is.
   * @param onBatch takes a batch, either in `flush` or when a frame no longer fits behind it. The bytes will not change any more.
   */
  constructor(onPending: () => void, onBatch: (batch: Uint8Array) => void) {
    this.#onPending = onPending;
    this.#onBatch = onBatch;
  }

  /** Written and not yet given to `onBatch`. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  flush(): void {
    if (this.#end === this.#start) return;
    const batch = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.#onBatch(batch);
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
    this.#slab.set(bytes, at + headerBytes);
  }

  chunk(transfer: number, offset: number, payload: Uint8Array): void {
    assertPositive(transfer, 1, 1);
    assertSafe("offset", offset);
    if (payload.length > chunkBytesMax) throw new RangeError(`a chunk of ${payload.length} bytes`);
    const at = this.#frame(headerBytes + 8 + payload.length, frameTypes.chunk, 0, transfer, 0);
    this.#view.setFloat64(at + headerBytes, offset, true);
    this.#slab.set(payload, at + headerBytes + 8);
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
    this.#slab.set(payload, at + upBytes);
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
    this.#slab.set(payload, at + downBytes + gapBytes);
    return at;
  }

  /** Makes room for a frame and writes its header. Returns where it begins. */
  #frame(frameBytes: number, type: number, flags: number, channel: number, epoch: Epoch): number {
    if (frameBytes > frameBytesMax) throw new RangeError(`a frame of ${frameBytes} bytes`);
    if (this.#end === this.#start) this.#onPending();
    else if (this.#end - this.#start + frameBytes > batchBytesMax) this.flush();
    if (this.#end + frameBytes > this.#slab.length) this.#takeSlab(frameBytes);
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
    const pending = this.#slab.subarray(this.#start, this.#end);
    this.#slabBytes = Math.min(this.#slabBytes * 2, slabBytesMax);
    const needed = pending.length + frameBytes;
    // Doubling keeps the copying of a growing batch below one more copy of it.
    const bytes = needed <= this.#slabBytes ? this.#slabBytes : pending.length === 0 ? needed : needed * 2;
    this.#slab = new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
    this.#view = new DataView(this.#slab.buffer);
    this.#slab.set(pending, 0);
    this.#start = 0;
    this.#end = pending.length;
  }
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
