import { isUtf8 } from "node:buffer";
import { isSendableCloseCode } from "./close-codes.ts";
import { decodeControl, decodeJoinInfo } from "./control-codec.ts";
import {
  batchBytesMax,
  chunkBytesMax,
  classMask,
  classShift,
  controlBytesMax,
  deliveryClasses,
  downBytes,
  frameBytesMax,
  headerBytes,
  reasonBytesMax,
  textFlag,
  upBytes,
} from "./frame-layout.ts";
import { type DeliveryClass, type FrameHandler, frameTypes } from "./frames.ts";

/** Who answers for the link itself. */
export interface KeepAliveHandler {
  onPing(token: number): void;
  onPong(token: number): void;
}

/** `rule`: what the peer broke, for the log. It never holds bytes of the batch. */
export interface BatchFault {
  readonly rule: string;
}

/**
 * Hands on the frames of a batch in order. Every frame is checked whole before it is handed on; at the first fault reading ends, and
 * neither that frame nor one behind it is handed on (WIRE-2). Payloads are views into `batch`. Throws only what a handler throws.
 */
export function readBatch(
  batch: Uint8Array,
  frames: FrameHandler,
  keepAlive: KeepAliveHandler,
): BatchFault | undefined {
  const end = batch.length;
  if (end === 0) return { rule: "empty batch" };
  const view = new DataView(batch.buffer, batch.byteOffset, end);
  for (let at = 0; at < end; ) {
    if (end - at < headerBytes) return { rule: "batch ends within a header" };
    const length = view.getUint32(at, true);
    if (length < headerBytes || length > frameBytesMax) return { rule: "frame length" };
    if (length > end - at) return { rule: "batch ends within a frame" };
    if (end > batchBytesMax && length !== end) return { rule: "batch too long" };
    const rule = readFrame(batch, view, at, length, frames, keepAlive);
    if (rule !== undefined) return { rule };
    at += length;
  }
  return undefined;
}

/** A rule that was broken, or `undefined`. */
type Rule = string | undefined;

function readFrame(
  batch: Uint8Array,
  view: DataView,
  at: number,
  length: number,
  frames: FrameHandler,
  keepAlive: KeepAliveHandler,
): Rule {
  const type = view.getUint8(at + 4);
  const flags = view.getUint8(at + 5);
  if (view.getUint16(at + 6, true) !== 0) return "bytes 6 and 7 are not 0";
  switch (type) {
    case frameTypes.up:
      return readUp(batch, view, at, length, flags, frames);
    case frameTypes.down:
    case frameTypes.broadcast:
    case frameTypes.multicast:
      return readDown(batch, view, at, length, type, flags, frames);
    default:
      if (flags !== 0) return "flags";
  }
  switch (type) {
    case frameTypes.join:
      return readJoin(batch, view, at, length, frames);
    case frameTypes.leave:
      return readLeave(view, at, length, frames);
    case frameTypes.close:
      return readClose(batch, view, at, length, frames);
    case frameTypes.ack:
      return readAck(batch, view, at, length, frames);
    case frameTypes.seen:
      return readSeen(view, at, length, frames);
    case frameTypes.flow:
      return readFlow(view, at, length, frames);
    case frameTypes.ping:
    case frameTypes.pong:
      return readKeepAlive(view, at, length, type, keepAlive);
    case frameTypes.control:
      return readControl(batch, view, at, length, frames);
    case frameTypes.chunk:
      return readChunk(batch, view, at, length, frames);
    default:
      return "frame type";
  }
}

/** Fields of `join`, `up` and `leave`. */
function upRule(view: DataView, at: number, length: number): Rule {
  if (length < upBytes) return "frame shorter than its fields";
  if (view.getUint32(at + 8, true) === 0) return "channel 0";
  if (view.getUint32(at + 16, true) === 0) return "session 0";
  if (view.getUint32(at + 20, true) === 0) return "cseq 0";
  return undefined;
}

function readUp(
  batch: Uint8Array,
  view: DataView,
  at: number,
  length: number,
  flags: number,
  frames: FrameHandler,
): Rule {
  if (flags > textFlag) return "flags";
  const rule = upRule(view, at, length);
  if (rule !== undefined) return rule;
  const channel = view.getUint32(at + 8, true);
  const epoch = view.getUint32(at + 12, true);
  const session = view.getUint32(at + 16, true);
  const cseq = view.getUint32(at + 20, true);
  frames.onUp(channel, epoch, session, cseq, flags === textFlag, part(batch, at + upBytes, at + length));
  return undefined;
}

function readJoin(batch: Uint8Array, view: DataView, at: number, length: number, frames: FrameHandler): Rule {
  const rule = upRule(view, at, length);
  if (rule !== undefined) return rule;
  const info = part(batch, at + upBytes, at + length);
  if (decodeJoinInfo(info) === undefined) return "join info";
  const channel = view.getUint32(at + 8, true);
  const epoch = view.getUint32(at + 12, true);
  frames.onJoin(channel, epoch, view.getUint32(at + 16, true), view.getUint32(at + 20, true), info);
  return undefined;
}

function readLeave(view: DataView, at: number, length: number, frames: FrameHandler): Rule {
  const rule = upRule(view, at, length);
  if (rule !== undefined) return rule;
  if (length !== upBytes + 2) return "length of leave";
  const channel = view.getUint32(at + 8, true);
  const epoch = view.getUint32(at + 12, true);
  const session = view.getUint32(at + 16, true);
  frames.onLeave(channel, epoch, session, view.getUint32(at + 20, true), view.getUint16(at + 24, true));
  return undefined;
}

function readDown(
  batch: Uint8Array,
  view: DataView,
  at: number,
  length: number,
  type: number,
  flags: number,
  frames: FrameHandler,
): Rule {
  if (length < downBytes) return "frame shorter than its fields";
  const delivery = deliveryClasses[(flags & classMask) >> classShift];
  if (delivery === undefined || (flags & ~(classMask | textFlag)) !== 0) return "flags";
  const channel = view.getUint32(at + 8, true);
  const target = view.getUint32(at + 16, true);
  const latestKey = view.getUint32(at + 20, true);
  const rseq = view.getFloat64(at + 24, true);
  const rule = deliveryRule(channel, delivery, latestKey, rseq);
  if (rule !== undefined) return rule;
  const epoch = view.getUint32(at + 12, true);
  const isText = (flags & textFlag) !== 0;
  const fieldsEnd = at + downBytes;
  if (type === frameTypes.multicast) {
    if (target > (length - downBytes) / 4) return "frame shorter than its sessions";
    const payloadAt = fieldsEnd + target * 4;
    if (holdsZero(view, fieldsEnd, payloadAt)) return "session 0";
    const sessions = part(batch, fieldsEnd, payloadAt);
    const payload = part(batch, payloadAt, at + length);
    frames.onMulticast(channel, epoch, sessions, delivery, latestKey, rseq, isText, payload);
    return undefined;
  }
  const payload = part(batch, fieldsEnd, at + length);
  if (type === frameTypes.broadcast) {
    frames.onBroadcast(channel, epoch, target, delivery, latestKey, rseq, isText, payload);
    return undefined;
  }
  if (target === 0) return "session 0";
  frames.onDown(channel, epoch, target, delivery, latestKey, rseq, isText, payload);
  return undefined;
}

function deliveryRule(channel: number, delivery: DeliveryClass, latestKey: number, rseq: number): Rule {
  if (channel === 0) return "channel 0";
  if (!isCount(rseq)) return "rseq";
  if (delivery === "reliable" ? rseq === 0 : rseq !== 0) return "rseq of its class";
  if (latestKey !== 0 && delivery !== "latest") return "latest key of its class";
  return undefined;
}

function readClose(batch: Uint8Array, view: DataView, at: number, length: number, frames: FrameHandler): Rule {
  if (length < downBytes || length > downBytes + reasonBytesMax) return "length of close";
  const channel = view.getUint32(at + 8, true);
  if (channel === 0) return "channel 0";
  const code = view.getUint32(at + 20, true);
  if (!isSendableCloseCode(code)) return "close code";
  const rseq = view.getFloat64(at + 24, true);
  if (!isCount(rseq)) return "rseq";
  const reason = part(batch, at + downBytes, at + length);
  if (!isUtf8(reason)) return "reason is not UTF-8";
  const text = Buffer.from(reason.buffer, reason.byteOffset, reason.length).toString("utf8");
  frames.onClose(channel, view.getUint32(at + 12, true), view.getUint32(at + 16, true), code, rseq, text);
  return undefined;
}

function readAck(batch: Uint8Array, view: DataView, at: number, length: number, frames: FrameHandler): Rule {
  if ((length - headerBytes) % 8 !== 0) return "length of ack";
  const channel = view.getUint32(at + 8, true);
  if (channel === 0) return "channel 0";
  if (holdsZero(view, at + headerBytes, at + length)) return "session or cseq 0";
  frames.onAck(channel, view.getUint32(at + 12, true), part(batch, at + headerBytes, at + length));
  return undefined;
}

function readSeen(view: DataView, at: number, length: number, frames: FrameHandler): Rule {
  if (length !== headerBytes + 8) return "length of seen";
  const channel = view.getUint32(at + 8, true);
  if (channel === 0) return "channel 0";
  const rseq = view.getFloat64(at + 16, true);
  if (!isCount(rseq)) return "rseq";
  frames.onSeen(channel, view.getUint32(at + 12, true), rseq);
  return undefined;
}

function readFlow(view: DataView, at: number, length: number, frames: FrameHandler): Rule {
  if (length !== headerBytes + 4) return "length of flow";
  const channel = view.getUint32(at + 8, true);
  if (channel === 0) return "channel 0";
  frames.onFlow(channel, view.getUint32(at + 12, true), view.getUint32(at + 16, true));
  return undefined;
}

function readKeepAlive(view: DataView, at: number, length: number, type: number, keepAlive: KeepAliveHandler): Rule {
  if (length !== headerBytes + 8) return "length of ping or pong";
  if (view.getUint32(at + 8, true) !== 0) return "channel of ping or pong";
  if (view.getUint32(at + 12, true) !== 0) return "epoch of ping or pong";
  const token = view.getFloat64(at + 16, true);
  if (type === frameTypes.ping) keepAlive.onPing(token);
  else keepAlive.onPong(token);
  return undefined;
}

function readControl(batch: Uint8Array, view: DataView, at: number, length: number, frames: FrameHandler): Rule {
  if (length - headerBytes > controlBytesMax) return "length of control";
  if (view.getUint32(at + 8, true) !== 0) return "channel of control";
  if (view.getUint32(at + 12, true) !== 0) return "epoch of control";
  const message = part(batch, at + headerBytes, at + length);
  const decoded = decodeControl(message);
  if (decoded.kind === "fault") return `control: ${decoded.rule}`;
  frames.onControl(message);
  return undefined;
}

function readChunk(batch: Uint8Array, view: DataView, at: number, length: number, frames: FrameHandler): Rule {
  if (length < headerBytes + 8 || length - headerBytes - 8 > chunkBytesMax) return "length of chunk";
  const transfer = view.getUint32(at + 8, true);
  if (transfer === 0) return "transfer 0";
  if (view.getUint32(at + 12, true) !== 0) return "epoch of chunk";
  const offset = view.getFloat64(at + 16, true);
  if (!isCount(offset)) return "offset of chunk";
  frames.onChunk(transfer, offset, part(batch, at + headerBytes + 8, at + length));
  return undefined;
}

/** Positive zero and up: what the writer can have written. */
function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function holdsZero(view: DataView, start: number, end: number): boolean {
  for (let at = start; at < end; at += 4) {
    if (view.getUint32(at, true) === 0) return true;
  }
  return false;
}

/** A plain view, not one of the batch's own class: making a Buffer costs more. */
function part(batch: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(batch.buffer, batch.byteOffset + start, end - start);
}
