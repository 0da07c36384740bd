import type { KeepAliveHandler } from "../../gateway/wire/batch-reader.ts";
import type { BatchWriter } from "../../gateway/wire/batch-writer.ts";
import type { ControlMessage, JoinInfo } from "../../gateway/wire/control.ts";
import { decodeControl, decodeJoinInfo, encodeJoinInfo } from "../../gateway/wire/control-codec.ts";
import type { DeliveryClass, FrameHandler } from "../../gateway/wire/frames.ts";

/** Frames as values, for tests that compare what was written with what was read. */
export type Frame =
  | { t: "join"; channel: number; epoch: number; session: number; cseq: number; info: JoinInfo }
  | { t: "up"; channel: number; epoch: number; session: number; cseq: number; isText: boolean; payload: Uint8Array }
  | { t: "leave"; channel: number; epoch: number; session: number; cseq: number; code: number }
  | ({ t: "down"; session: number } & Downward)
  | ({ t: "broadcast"; except: number } & Downward)
  | ({ t: "multicast"; sessions: number[] } & Downward)
  | { t: "close"; channel: number; epoch: number; session: number; code: number; rseq: number; reason: string }
  | { t: "ack"; channel: number; epoch: number; pairs: number[] }
  | { t: "seen"; channel: number; epoch: number; rseq: number }
  | { t: "flow"; channel: number; epoch: number; windowBytes: number }
  | { t: "ping"; token: number }
  | { t: "pong"; token: number }
  | { t: "control"; message: ControlMessage }
  | { t: "chunk"; transfer: number; offset: number; payload: Uint8Array };

interface Downward {
  channel: number;
  epoch: number;
  delivery: DeliveryClass;
  latestKey: number;
  rseq: number;
  isText: boolean;
  payload: Uint8Array;
}

/** What `BatchWriter` and `TrunkLink` have in common. */
type FrameSink = Omit<BatchWriter, "ping" | "pong" | "flush" | "pendingBytes">;

/** Writes a frame that a link's user can write. */
export function writeFrame(sink: FrameSink, frame: Exclude<Frame, { t: "ping" | "pong" }>): void {
  switch (frame.t) {
    case "join":
      sink.join(frame.channel, frame.epoch, frame.session, frame.cseq, encodeJoinInfo(frame.info));
      break;
    case "up":
      sink.up(frame.channel, frame.epoch, frame.session, frame.cseq, frame.isText, frame.payload);
      break;
    case "leave":
      sink.leave(frame.channel, frame.epoch, frame.session, frame.cseq, frame.code);
      break;
    case "down":
      sink.down(frame.channel, frame.epoch, frame.session, ...downwardOf(frame));
      break;
    case "broadcast":
      sink.broadcast(frame.channel, frame.epoch, frame.except, ...downwardOf(frame));
      break;
    case "multicast":
      sink.multicast(frame.channel, frame.epoch, frame.sessions, ...downwardOf(frame));
      break;
    case "close":
      sink.closeSession(frame.channel, frame.epoch, frame.session, frame.code, frame.rseq, frame.reason);
      break;
    case "ack":
      sink.ack(frame.channel, frame.epoch, frame.pairs);
      break;
    case "seen":
      sink.seen(frame.channel, frame.epoch, frame.rseq);
      break;
    case "flow":
      sink.flow(frame.channel, frame.epoch, frame.windowBytes);
      break;
    case "control":
      sink.control(frame.message);
      break;
    case "chunk":
      sink.chunk(frame.transfer, frame.offset, frame.payload);
      break;
  }
}

/** Writes any frame. */
export function writeAnyFrame(writer: BatchWriter, frame: Frame): void {
  if (frame.t === "ping") writer.ping(frame.token);
  else if (frame.t === "pong") writer.pong(frame.token);
  else writeFrame(writer, frame);
}

/** Appends each frame that is read to `frames`, with copies of its payloads. */
export function recordFrames(frames: Frame[]): FrameHandler & KeepAliveHandler {
  return {
    onJoin: (channel, epoch, session, cseq, bytes) => {
      const info = decodeJoinInfo(bytes);
      if (info === undefined) throw new Error("a join was handed on that does not decode");
      frames.push({ t: "join", channel, epoch, session, cseq, info });
    },
    onUp: (channel, epoch, session, cseq, isText, payload) =>
      frames.push({ t: "up", channel, epoch, session, cseq, isText, payload: payload.slice() }),
    onLeave: (channel, epoch, session, cseq, code) => frames.push({ t: "leave", channel, epoch, session, cseq, code }),
    onDown: (channel, epoch, session, delivery, latestKey, rseq, isText, payload) =>
      frames.push({ t: "down", channel, epoch, session, delivery, latestKey, rseq, isText, payload: payload.slice() }),
    onBroadcast: (channel, epoch, except, delivery, latestKey, rseq, isText, payload) =>
      frames.push({
        t: "broadcast",
        channel,
        epoch,
        except,
        delivery,
        latestKey,
        rseq,
        isText,
        payload: payload.slice(),
      }),
    onMulticast: (channel, epoch, sessions, delivery, latestKey, rseq, isText, payload) =>
      frames.push({
        t: "multicast",
        channel,
        epoch,
        sessions: numbersOf(sessions),
        delivery,
        latestKey,
        rseq,
        isText,
        payload: payload.slice(),
      }),
    onClose: (channel, epoch, session, code, rseq, reason) =>
      frames.push({ t: "close", channel, epoch, session, code, rseq, reason }),
    onAck: (channel, epoch, pairs) => frames.push({ t: "ack", channel, epoch, pairs: numbersOf(pairs) }),
    onSeen: (channel, epoch, rseq) => frames.push({ t: "seen", channel, epoch, rseq }),
    onFlow: (channel, epoch, windowBytes) => frames.push({ t: "flow", channel, epoch, windowBytes }),
    onControl: (bytes) => {
      const decoded = decodeControl(bytes);
      if (decoded.kind === "fault") throw new Error(`a control was handed on that does not decode: ${decoded.rule}`);
      frames.push({ t: "control", message: decoded.message });
    },
    onChunk: (transfer, offset, payload) => frames.push({ t: "chunk", transfer, offset, payload: payload.slice() }),
    onPing: (token) => frames.push({ t: "ping", token }),
    onPong: (token) => frames.push({ t: "pong", token }),
  };
}

function downwardOf(frame: Downward): [DeliveryClass, number, number, boolean, Uint8Array] {
  return [frame.delivery, frame.latestKey, frame.rseq, frame.isText, frame.payload];
}

/** Numbers of 4 bytes, little-endian. */
function numbersOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(index * 4, true));
}
