import { type KeepAliveHandler, readBatch } from "../gateway/wire/batch-reader.ts";
import { BatchWriter } from "../gateway/wire/batch-writer.ts";
import type { FrameHandler } from "../gateway/wire/frames.ts";

/** Prints what one `up` frame of 64 bytes costs to write and to read, by frames in a batch. No network. */

const payload = new Uint8Array(64).fill(7);
const roundMs = 400;
const rounds = 3;

interface Tally {
  frames: number;
  bytes: number;
}

function countingHandlers(tally: Tally): FrameHandler & KeepAliveHandler {
  const nothing = () => undefined;
  return {
    onUp: (_channel, _epoch, _session, _cseq, _isText, bytes) => {
      tally.frames += 1;
      tally.bytes += bytes.length;
    },
    onJoin: nothing,
    onLeave: nothing,
    onDown: nothing,
    onBroadcast: nothing,
    onMulticast: nothing,
    onClose: nothing,
    onAck: nothing,
    onSeen: nothing,
    onFlow: nothing,
    onControl: nothing,
    onChunk: nothing,
    onPing: nothing,
    onPong: nothing,
  };
}

/** Nanoseconds a frame of `work`, which handles `framesPerCall` frames; the best of some rounds. */
function nanosecondsPerFrame(framesPerCall: number, work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const startMs = performance.now();
    let calls = 0;
    while (performance.now() - startMs < roundMs) {
      for (let repeat = 0; repeat < 100; repeat += 1) work();
      calls += 100;
    }
    best = Math.min(best, ((performance.now() - startMs) * 1e6) / (calls * framesPerCall));
  }
  return best;
}

function measure(framesPerBatch: number): { writeNs: number; readNs: number } {
  let batch: Uint8Array = new Uint8Array(0);
  const writer = new BatchWriter(
    () => undefined,
    (bytes) => {
      batch = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
  );
  const write = () => {
    for (let frame = 1; frame <= framesPerBatch; frame += 1) writer.up(frame, 5, frame, frame, false, payload);
    writer.flush();
  };
  const tally: Tally = { frames: 0, bytes: 0 };
  const handlers = countingHandlers(tally);
  const writeNs = nanosecondsPerFrame(framesPerBatch, write);
  const readNs = nanosecondsPerFrame(framesPerBatch, () => {
    const fault = readBatch(batch, handlers, handlers);
    if (fault !== undefined) throw new Error(fault.rule);
  });
  if (tally.bytes !== tally.frames * payload.length) throw new Error("frames were lost");
  return { writeNs, readNs };
}

for (const framesPerBatch of [1, 8, 64, 1024]) {
  const { writeNs, readNs } = measure(framesPerBatch);
  console.log(
    `${String(framesPerBatch).padStart(5)} frames a batch: write ${writeNs.toFixed(0)} ns, read ${readNs.toFixed(0)} ns a frame`,
  );
}
