import { describe, expect, test } from "vitest";
import { readBatch } from "../../../gateway/wire/batch-reader.ts";
import { batchBytesMax, chunkBytesMax, frameBytesMax } from "../../../gateway/wire/frame-layout.ts";
import { frameTypes } from "../../../gateway/wire/frames.ts";
import { type Frame, recordFrames } from "../../support/frames.ts";
import { batchOf } from "../../support/write-batch.ts";
import { sampleFrames } from "./golden-samples.ts";

interface Field {
  at: number;
  u8?: number;
  u16?: number;
  u32?: number;
  f64?: number;
}

function read(batch: Uint8Array): { rule: string | undefined; frames: Frame[] } {
  const frames: Frame[] = [];
  const handler = recordFrames(frames);
  return { rule: readBatch(batch, handler, handler)?.rule, frames };
}

/** The frame with some fields overwritten. */
function spoil(frame: Frame, ...fields: readonly Field[]): Uint8Array {
  const bytes = batchOf(frame).slice();
  const view = new DataView(bytes.buffer);
  for (const { at, u8, u16, u32, f64 } of fields) {
    if (u8 !== undefined) view.setUint8(at, u8);
    if (u16 !== undefined) view.setUint16(at, u16, true);
    if (u32 !== undefined) view.setUint32(at, u32, true);
    if (f64 !== undefined) view.setFloat64(at, f64, true);
  }
  return bytes;
}

/** A frame of a given length, all zero behind its header. */
function blank(type: number, length: number, channel = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint8(4, type);
  view.setUint32(8, channel, true);
  return bytes;
}

const {
  join,
  upBinary: up,
  leave,
  down,
  broadcast,
  multicast,
  close,
  ack,
  seen,
  flow,
  ping,
  control,
  chunk,
} = sampleFrames;

const faults: Record<string, [bytes: Uint8Array, rule: string]> = {
  "no frame at all": [new Uint8Array(0), "empty batch"],
  "a header cut short": [batchOf(up).slice(0, 15), "batch ends within a header"],
  "a frame cut short": [batchOf(up).slice(0, 25), "batch ends within a frame"],
  "a length below the header's": [spoil(up, { at: 0, u32: 15 }), "frame length"],
  "a length of 0": [spoil(up, { at: 0, u32: 0 }), "frame length"],
  "a length above 17 MiB": [spoil(up, { at: 0, u32: frameBytesMax + 1 }), "frame length"],
  "a frame above 17 MiB": [blank(frameTypes.up, frameBytesMax + 1, 1), "frame length"],
  "type 0": [spoil(up, { at: 4, u8: 0 }), "frame type"],
  "type 15": [spoil(seen, { at: 4, u8: 15 }), "frame type"],
  "bytes 6 and 7": [spoil(up, { at: 6, u16: 1 }), "bytes 6 and 7 are not 0"],
  "class on up": [spoil(up, { at: 5, u8: 2 }), "flags"],
  "text on join": [spoil(join, { at: 5, u8: 1 }), "flags"],
  "text on ping": [spoil(ping, { at: 5, u8: 1 }), "flags"],
  "class 3": [spoil(broadcast, { at: 5, u8: 0b110 }), "flags"],
  "flag 8": [spoil(broadcast, { at: 5, u8: 0b1010 }), "flags"],
  "up without its fields": [blank(frameTypes.up, 23, 1), "frame shorter than its fields"],
  "down without its fields": [blank(frameTypes.down, 31, 1), "frame shorter than its fields"],
  "up on channel 0": [spoil(up, { at: 8, u32: 0 }), "channel 0"],
  "down on channel 0": [spoil(down, { at: 8, u32: 0 }), "channel 0"],
  "close on channel 0": [spoil(close, { at: 8, u32: 0 }), "channel 0"],
  "ack on channel 0": [spoil(ack, { at: 8, u32: 0 }), "channel 0"],
  "seen on channel 0": [spoil(seen, { at: 8, u32: 0 }), "channel 0"],
  "flow on channel 0": [spoil(flow, { at: 8, u32: 0 }), "channel 0"],
  "up of session 0": [spoil(up, { at: 16, u32: 0 }), "session 0"],
  "down to session 0": [spoil(down, { at: 16, u32: 0 }), "session 0"],
  "multicast to session 0": [spoil(multicast, { at: 36, u32: 0 }), "session 0"],
  "ack of session 0": [spoil(ack, { at: 16, u32: 0 }), "session or cseq 0"],
  "ack of cseq 0": [spoil(ack, { at: 28, u32: 0 }), "session or cseq 0"],
  "up with cseq 0": [spoil(up, { at: 20, u32: 0 }), "cseq 0"],
  "leave with cseq 0": [spoil(leave, { at: 20, u32: 0 }), "cseq 0"],
  "reliable with rseq 0": [spoil(down, { at: 24, f64: 0 }), "rseq of its class"],
  "volatile with rseq": [spoil(multicast, { at: 24, f64: 1 }), "rseq of its class"],
  "rseq 1.5": [spoil(down, { at: 24, f64: 1.5 }), "rseq"],
  "rseq -1": [spoil(down, { at: 24, f64: -1 }), "rseq"],
  "rseq NaN": [spoil(down, { at: 24, f64: Number.NaN }), "rseq"],
  "rseq 2^53": [spoil(seen, { at: 16, f64: 2 ** 53 }), "rseq"],
  "close with rseq infinity": [spoil(close, { at: 24, f64: Number.POSITIVE_INFINITY }), "rseq"],
  "a key that is not latest": [spoil(down, { at: 20, u32: 1 }), "latest key of its class"],
  "more sessions than fit": [spoil(multicast, { at: 16, u32: 3 }), "frame shorter than its sessions"],
  "4 294 967 295 sessions": [spoil(multicast, { at: 16, u32: 0xffffffff }), "frame shorter than its sessions"],
  "close code 1006": [spoil(close, { at: 20, u32: 1006 }), "close code"],
  "close code 69 536": [spoil(close, { at: 20, u32: 69_536 }), "close code"],
  "a reason of 124 bytes": [blank(frameTypes.close, 32 + 124, 1), "length of close"],
  "a reason that is not UTF-8": [spoil(close, { at: 40, u8: 0xff }), "reason is not UTF-8"],
  "half a pair": [blank(frameTypes.ack, 20, 1), "length of ack"],
  "a long leave": [blank(frameTypes.leave, 27, 1), "session 0"],
  "a long seen": [blank(frameTypes.seen, 25, 1), "length of seen"],
  "a short flow": [blank(frameTypes.flow, 19, 1), "length of flow"],
  "a short ping": [blank(frameTypes.ping, 23), "length of ping or pong"],
  "ping on a channel": [spoil(ping, { at: 8, u32: 1 }), "channel of ping or pong"],
  "ping in an epoch": [spoil(ping, { at: 12, u32: 1 }), "epoch of ping or pong"],
  "control on a channel": [spoil(control, { at: 8, u32: 1 }), "channel of control"],
  "control in an epoch": [spoil(control, { at: 12, u32: 1 }), "epoch of control"],
  "control above 16 MiB": [blank(frameTypes.control, 16 + 16 * 1024 * 1024 + 1), "length of control"],
  "control that is no map": [blank(frameTypes.control, 17), "control: no control message"],
  "control without content": [blank(frameTypes.control, 16), "control: truncated"],
  "control of channel 0": [spoil(control, { at: 34, u8: 0 }), "control: no control message: channel"],
  "control with 0xc1": [spoil(control, { at: 34, u8: 0xc1 }), "control: byte 0xc1"],
  "transfer 0": [spoil(chunk, { at: 8, u32: 0 }), "transfer 0"],
  "chunk in an epoch": [spoil(chunk, { at: 12, u32: 1 }), "epoch of chunk"],
  "chunk at -1": [spoil(chunk, { at: 16, f64: -1 }), "offset of chunk"],
  "chunk above 1 MiB": [blank(frameTypes.chunk, 24 + chunkBytesMax + 1, 1), "length of chunk"],
  "join without info": [spoil(join, { at: 24, u8: 0xc1 }), "join info"],
};

describe("WIRE-2: a fault is named, and neither its frame nor one behind it is handed on", () => {
  test.each(Object.entries(faults))("%s", (_name, [bytes, rule]) => {
    expect(read(bytes)).toEqual({ rule, frames: [] });
    if (bytes.length === 0 || bytes.length > batchBytesMax) return;
    // What is cut short reads on into the frame behind it, so that one may not follow.
    const isCut = rule.startsWith("batch ends");
    const between = Buffer.concat([batchOf(flow), bytes, ...(isCut ? [] : [batchOf(flow)])]);
    expect(read(between)).toEqual({ rule, frames: [flow] });
  });
});

test("WIRE-2: a leave of the wrong length is a fault", () => {
  const bytes = new Uint8Array(27);
  bytes.set(batchOf(leave));
  bytes[0] = 27;
  expect(read(bytes)).toEqual({ rule: "length of leave", frames: [] });
});

test("WIRE-2: a batch above 4 MiB may hold one single frame only", () => {
  const long = batchOf({ ...up, payload: new Uint8Array(batchBytesMax) });
  expect(read(long)).toMatchObject({ rule: undefined, frames: [{ t: "up" }] });
  expect(read(Buffer.concat([long, batchOf(flow)]))).toEqual({ rule: "batch too long", frames: [] });
  expect(read(Buffer.concat([batchOf(flow), long]))).toEqual({ rule: "batch too long", frames: [] });
});

test("WIRE-1: a batch is read the same wherever it lies in memory", () => {
  const batch = batchOf(up, down, ack);
  const inside = new Uint8Array(batch.length + 16).subarray(13, 13 + batch.length);
  inside.set(batch);
  expect(read(inside)).toEqual({ rule: undefined, frames: [up, down, ack] });
});

test("payloads are views into the batch", () => {
  const batch = batchOf(up);
  const views: Uint8Array[] = [];
  const handler = { ...recordFrames([]), onUp: (...args: unknown[]) => void views.push(args[5] as Uint8Array) };
  readBatch(batch, handler, handler);
  expect(views[0]?.buffer).toBe(batch.buffer);
  expect(views[0]).not.toBeInstanceOf(Buffer);
});
