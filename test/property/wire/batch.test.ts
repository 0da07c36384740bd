import fc from "fast-check";
import { expect, test } from "vitest";
import { readBatch } from "../../../gateway/wire/batch-reader.ts";
import { anyFrame } from "../../support/frame-arbitraries.ts";
import { type Frame, recordFrames } from "../../support/frames.ts";
import { batchesOf } from "../../support/write-batch.ts";

const frameList = fc.array(anyFrame, { minLength: 1, maxLength: 20 });

function readAll(batches: readonly Uint8Array[]): { rule: string | undefined; frames: Frame[] } {
  const frames: Frame[] = [];
  const handler = recordFrames(frames);
  for (const batch of batches) {
    const fault = readBatch(batch, handler, handler);
    if (fault !== undefined) return { rule: fault.rule, frames };
  }
  return { rule: undefined, frames };
}

/** -0 and 0 are the same number on the wire's number lines, but not to `toEqual`. */
function isSame(one: Frame | undefined, other: Frame | undefined): boolean {
  try {
    expect(one).toEqual(other);
    return true;
  } catch {
    return false;
  }
}

function boundariesOf(frames: readonly Frame[]): number[] {
  let at = 0;
  return frames.map((frame) => {
    const start = at;
    at += batchesOf([frame])[0]?.length ?? 0;
    return start;
  });
}

test("WIRE-1: any frames are read as they were written, in order", () => {
  fc.assert(
    fc.property(frameList, (frames) => {
      expect(readAll(batchesOf(frames))).toEqual({ rule: undefined, frames });
    }),
    { numRuns: 300 },
  );
});

test("WIRE-2: a batch cut anywhere hands on the whole frames in front of the cut, and names a fault if one was cut", () => {
  fc.assert(
    fc.property(frameList, fc.nat(), (frames, where) => {
      const [batch = new Uint8Array(0)] = batchesOf(frames);
      const cut = where % batch.length;
      const starts = boundariesOf(frames);
      const whole = frames.filter((_, index) => (starts[index + 1] ?? batch.length) <= cut);
      const read = readAll([batch.subarray(0, cut)]);
      expect(read.frames).toEqual(whole);
      expect(read.rule === undefined).toBe(cut > 0 && starts.includes(cut));
    }),
    { numRuns: 300 },
  );
});

test("WIRE-2: bytes changed anywhere never make the reader throw, nor touch a frame in front of them", () => {
  fc.assert(
    fc.property(
      frameList,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
      (frames, changes) => {
        const [written = new Uint8Array(0)] = batchesOf(frames);
        const batch = written.slice();
        const places = changes.map(([where]) => where % batch.length);
        for (const [index, [, change]] of changes.entries()) {
          const place = places[index] ?? 0;
          batch[place] = (batch[place] ?? 0) ^ change;
        }
        const firstChange = Math.min(...places);
        const starts = boundariesOf(frames);
        const untouched = frames.filter((_, index) => (starts[index + 1] ?? batch.length) <= firstChange);
        const read = readAll([batch]);
        untouched.forEach((frame, index) => {
          expect(read.frames[index]).toEqual(frame);
        });
        // Whatever was handed on is a frame that could have been written: it says the same when it is written again.
        for (const frame of read.frames) {
          const again = readAll(batchesOf([frame]));
          expect(again.rule).toBeUndefined();
          if (again.frames.length > 0) expect(isSame(again.frames[0], frame)).toBe(true);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

test("WIRE-2: arbitrary bytes never make the reader throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const read = readAll([bytes]);
      expect(read.rule !== undefined || read.frames.length > 0).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
