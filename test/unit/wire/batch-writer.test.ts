import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { readBatch } from "../../../gateway/wire/batch-reader.ts";
import { BatchWriter } from "../../../gateway/wire/batch-writer.ts";
import { batchBytesMax, chunkBytesMax, frameBytesMax } from "../../../gateway/wire/frame-layout.ts";
import { type Frame, recordFrames } from "../../support/frames.ts";
import { batchesOf } from "../../support/write-batch.ts";

const up = (cseq: number, payload: Uint8Array): Frame => ({
  t: "up",
  channel: 1,
  epoch: 1,
  session: 1,
  cseq,
  isText: false,
  payload,
});

function setUp() {
  const seen = { pending: 0, batches: [] as Uint8Array[] };
  const writer = new BatchWriter(
    () => {
      seen.pending += 1;
    },
    (batch) => seen.batches.push(batch),
  );
  return { writer, seen };
}

function read(batches: readonly Uint8Array[]): Frame[] {
  const frames: Frame[] = [];
  const handler = recordFrames(frames);
  for (const batch of batches) expect(readBatch(batch, handler, handler)).toBeUndefined();
  return frames;
}

/** Comparing megabytes item by item would take minutes. */
function digestOf(frame: Frame): string {
  if (frame.t !== "up") return frame.t;
  return `${frame.cseq} ${frame.payload.length} ${createHash("sha256").update(frame.payload).digest("hex")}`;
}

test("WIRE-1: the first frame of a batch says that something waits, the others do not", () => {
  const { writer, seen } = setUp();
  writer.seen(1, 1, 1);
  writer.seen(1, 1, 2);
  expect(seen.pending).toBe(1);
  expect(writer.pendingBytes).toBe(48);
  writer.flush();
  expect(writer.pendingBytes).toBe(0);
  writer.seen(1, 1, 3);
  expect(seen.pending).toBe(2);
});

test("WIRE-1: flushing nothing sends nothing", () => {
  const { writer, seen } = setUp();
  writer.flush();
  expect(seen.batches).toEqual([]);
});

test("WIRE-1: bytes that were handed out do not change when more is written", () => {
  const { writer, seen } = setUp();
  writer.up(1, 1, 1, 1, false, new Uint8Array(100).fill(1));
  writer.flush();
  const before = seen.batches[0]?.slice();
  for (let cseq = 2; cseq < 2_000; cseq += 1) {
    writer.up(1, 1, 1, cseq, false, new Uint8Array(100).fill(cseq));
    if (cseq % 7 === 0) writer.flush();
  }
  expect(seen.batches[0]).toEqual(before);
});

test("WIRE-1: memory is used again when all that lies in it has been taken, and not before", () => {
  const sent: { batch: Uint8Array; taken: () => void }[] = [];
  const writer = new BatchWriter(
    () => {},
    (batch, taken) => sent.push({ batch, taken }),
  );
  const write = (cseq: number): void => {
    writer.up(1, 1, 1, cseq, false, new Uint8Array(1_000).fill(cseq));
    writer.flush();
  };
  const memories = (): number => new Set(sent.map(({ batch }) => batch.buffer)).size;
  for (let cseq = 1; cseq <= 1_000; cseq += 1) {
    write(cseq);
    sent.at(-1)?.taken();
  }
  expect(memories()).toBe(1);
  sent.length = 0;

  const keptWhile: Uint8Array[] = [];
  for (let cseq = 1; cseq <= 2_000; cseq += 1) {
    write((cseq % 200) + 1);
    keptWhile.push(sent.at(-1)?.batch.slice() ?? new Uint8Array(0));
    // A socket that lags three hundred batches behind.
    if (cseq > 300) {
      expect(sent[cseq - 301]?.batch).toEqual(keptWhile[cseq - 301]);
      sent[cseq - 301]?.taken();
    }
  }
  expect(memories()).toBeLessThan(10);
});

test("WIRE-1: the payload is copied before the call returns", () => {
  const { writer, seen } = setUp();
  const payload = Uint8Array.of(1, 2, 3);
  writer.up(1, 1, 1, 1, false, payload);
  payload.fill(9);
  writer.flush();
  expect(read(seen.batches)).toEqual([up(1, Uint8Array.of(1, 2, 3))]);
});

test("WIRE-1: a turn that wrote more than a batch holds leaves as several, in order, none too long", () => {
  const frames = Array.from({ length: 90 }, (_, index) => up(index + 1, new Uint8Array(100_000).fill(index)));
  const batches = batchesOf(frames);
  expect(batches.length).toBe(3);
  for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(batchBytesMax);
  expect(read(batches).map(digestOf)).toEqual(frames.map(digestOf));
});

test("WIRE-1: a frame longer than a batch travels alone", () => {
  const frames = [up(1, Uint8Array.of(1)), up(2, new Uint8Array(frameBytesMax - 24).fill(7)), up(3, Uint8Array.of(3))];
  const batches = batchesOf(frames);
  expect(batches.map((batch) => batch.length)).toEqual([25, frameBytesMax, 25]);
  expect(read(batches).map(digestOf)).toEqual(frames.map(digestOf));
});

test("a reason that is too long is cut between two characters", () => {
  const { writer, seen } = setUp();
  writer.closeSession(1, 1, 1, 1000, 0, `${"x".repeat(122)}☃☃`);
  writer.flush();
  expect(read(seen.batches)).toMatchObject([{ reason: "x".repeat(122) }]);
});

describe("what the protocol does not allow is an assertion, and writes nothing", () => {
  const none = new Uint8Array(0);
  const cases: Record<string, (writer: BatchWriter) => void> = {
    "channel 0": (writer) => writer.up(0, 1, 1, 1, false, none),
    "session 0": (writer) => writer.up(1, 1, 0, 1, false, none),
    "session 0 of down": (writer) => writer.down(1, 1, 0, "volatile", 0, 0, false, none),
    "session 0 of multicast": (writer) => writer.multicast(1, 1, [1, 0], "volatile", 0, 0, false, none),
    "cseq 0": (writer) => writer.leave(1, 1, 1, 0, 1000),
    "cseq that is no number": (writer) => writer.up(1, 1, 1, Number.NaN, false, none),
    "reliable without rseq": (writer) => writer.broadcast(1, 1, 0, "reliable", 0, 0, false, none),
    "volatile with rseq": (writer) => writer.broadcast(1, 1, 0, "volatile", 0, 1, false, none),
    "a key that is not latest": (writer) => writer.broadcast(1, 1, 0, "reliable", 1, 1, false, none),
    "rseq beyond 2^53": (writer) => writer.seen(1, 1, 2 ** 53),
    "a negative rseq": (writer) => writer.seen(1, 1, -1),
    "half a pair": (writer) => writer.ack(1, 1, [1]),
    "cseq 0 in a pair": (writer) => writer.ack(1, 1, [1, 0]),
    "close code 1006": (writer) => writer.closeSession(1, 1, 1, 1006, 0, ""),
    "a frame above 17 MiB": (writer) => writer.up(1, 1, 1, 1, false, new Uint8Array(frameBytesMax - 23)),
    "a chunk above 1 MiB": (writer) => writer.chunk(1, 0, new Uint8Array(chunkBytesMax + 1)),
    "transfer 0": (writer) => writer.chunk(0, 0, none),
  };
  test.each(Object.entries(cases))("%s", (_name, write) => {
    const { writer, seen } = setUp();
    expect(() => write(writer)).toThrow(RangeError);
    expect(writer.pendingBytes).toBe(0);
    expect(seen.pending).toBe(0);
  });
});

test("an ack of nothing writes nothing", () => {
  const { writer } = setUp();
  writer.ack(1, 1, []);
  expect(writer.pendingBytes).toBe(0);
});
