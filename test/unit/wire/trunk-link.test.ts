import { expect, test } from "vitest";
import { readBatch } from "../../../gateway/wire/batch-reader.ts";
import type { ServerId } from "../../../gateway/wire/ids.ts";
import type { LinkEnd, LinkHandler, TrunkLink } from "../../../gateway/wire/link.ts";
import type { Pipe } from "../../../gateway/wire/pipe.ts";
import { linkEndOf, linkTimingDefault, PipeTrunkLink } from "../../../gateway/wire/trunk-link.ts";
import { type Frame, recordFrames } from "../../support/frames.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";
import { batchOf } from "../../support/write-batch.ts";

const flow: Frame = { t: "flow", channel: 1, epoch: 1, windowBytes: 1 };

/** A link on a pipe that only notes what the link does to it. */
function setUp(handle: Partial<LinkHandler> = {}, onAttach: (link: TrunkLink) => void = () => undefined) {
  const runtime = createVirtualRuntime();
  const sent: { atMs: number; frames: Frame[] }[] = [];
  const closes: string[] = [];
  const ends: LinkEnd[] = [];
  const pipe = {
    remoteAddress: "peer:1",
    bufferedBytes: 0,
    receivedBytes: 0,
    send: (message: Uint8Array) => {
      const frames: Frame[] = [];
      const handler = recordFrames(frames);
      expect(readBatch(message, handler, handler)).toBeUndefined();
      sent.push({ atMs: runtime.nowMs(), frames });
    },
    trust: () => undefined,
    close: (code: number, reason: string) => closes.push(`${code} ${reason}`),
    terminate: () => closes.push("terminated"),
  } satisfies Pipe;
  const link = new PipeTrunkLink(
    pipe,
    { role: "server", id: "s1" as ServerId, instance: "i" },
    runtime,
    linkTimingDefault,
    (opened) => {
      onAttach(opened);
      return { ...recordFrames([]), onDrained: () => undefined, onEnd: (end) => ends.push(end), ...handle };
    },
  );
  return { runtime, pipe, link, sent, closes, ends };
}

const timesOf = (sent: readonly { atMs: number }[]) => sent.map(({ atMs }) => atMs);

test("WIRE-7: a side that has sent nothing for 1 s sends one ping, and one each second after", () => {
  const { runtime, sent, link } = setUp();
  runtime.advance(500);
  link.flow(1, 1, 1);
  for (let ms = 500; ms < 3_600; ms += 100) {
    link.onMessage(batchOf(flow));
    runtime.advance(100);
  }
  expect(timesOf(sent)).toEqual([500, 1_500, 2_500, 3_500]);
  expect(sent.slice(1).every(({ frames }) => frames.length === 1 && frames[0]?.t === "ping")).toBe(true);
});

test("WIRE-7: a side that sends by itself sends no ping", () => {
  const { runtime, link, sent } = setUp();
  for (let ms = 0; ms < 5_000; ms += 500) {
    link.onMessage(batchOf(flow));
    link.flow(1, 1, 1);
    runtime.advance(500);
  }
  expect(sent.flatMap(({ frames }) => frames).every((frame) => frame.t === "flow")).toBe(true);
});

test("a ping is answered with its token", () => {
  const { runtime, link, sent } = setUp();
  link.onMessage(batchOf({ t: "ping", token: 42.5 }));
  runtime.settle();
  expect(sent[0]?.frames).toEqual([{ t: "pong", token: 42.5 }]);
});

test("WIRE-7: silence ends the link after 3 s, not before", () => {
  const { runtime, ends, closes } = setUp();
  runtime.advance(2_999);
  expect(ends).toEqual([]);
  runtime.advance(1);
  expect(ends).toMatchObject([{ kind: "silent" }]);
  expect(closes).toEqual(["1001 silent"]);
  expect(runtime.timerCount).toBe(0);
});

test("WIRE-7: silence is counted from the last message, whose own bytes are not heard a second time", () => {
  const { runtime, pipe, link, ends } = setUp();
  runtime.advance(1_000);
  pipe.receivedBytes += 30;
  link.onMessage(batchOf(flow));
  runtime.advance(2_999);
  expect(ends).toEqual([]);
  runtime.advance(1);
  expect(ends).toMatchObject([{ kind: "silent" }]);
});

test("WIRE-7: a part of a long message is being heard", () => {
  const { runtime, pipe, ends } = setUp();
  for (let part = 0; part < 10; part += 1) {
    runtime.advance(2_000);
    pipe.receivedBytes += 1;
  }
  expect(ends).toEqual([]);
  runtime.advance(6_000);
  expect(ends).toMatchObject([{ kind: "silent" }]);
});

test("WIRE-7: what lay unread while this process stood still is read before silence is judged", () => {
  const { runtime, pipe, link, ends } = setUp();
  let looks = 0;
  // The timer looks at the pipe when it comes due; the event loop reads sockets before it runs what the timer puts off.
  Object.defineProperty(pipe, "receivedBytes", {
    get: () => {
      looks += 1;
      if (looks === 1) runtime.soon(() => link.onMessage(batchOf(flow)));
      return 0;
    },
  });
  runtime.advance(3_000);
  expect([looks, ends]).toEqual([2, []]);
  runtime.advance(3_000);
  expect(ends).toMatchObject([{ kind: "silent" }]);
});

test("a link holds one timer, however much passes over it", () => {
  const { runtime, link } = setUp();
  for (let ms = 0; ms < 20_000; ms += 100) {
    link.onMessage(batchOf(flow));
    link.flow(1, 1, 1);
    runtime.advance(100);
    expect(runtime.timerCount).toBe(1);
  }
});

test("WIRE-8: the last moment to write comes once before each flush, and what is written then leaves with it", () => {
  let calls = 0;
  const { runtime, link, sent } = setUp({
    onBeforeFlush: () => {
      calls += 1;
      link.ack(1, 1, [1, calls]);
    },
  });
  link.flow(1, 1, 1);
  link.flow(1, 1, 2);
  runtime.settle();
  expect(sent.map(({ frames }) => frames.map((frame) => frame.t))).toEqual([["flow", "flow", "ack"]]);
  link.requestFlush();
  link.requestFlush();
  runtime.settle();
  expect(sent.slice(1).map(({ frames }) => frames.map((frame) => frame.t))).toEqual([["ack"]]);
  expect(calls).toBe(2);
});

test("WIRE-9: who has seen bytes wait hears when they are gone, once, and who has not does not", () => {
  let drained = 0;
  const { runtime, link } = setUp({
    onDrained: () => {
      drained += 1;
    },
  });
  link.flow(1, 1, 1);
  runtime.settle();
  expect(drained).toBe(0);
  link.flow(1, 1, 1);
  expect(link.bufferedBytes).toBe(20);
  runtime.settle();
  link.flow(1, 1, 1);
  runtime.settle();
  expect(drained).toBe(1);
});

test("a flush that nobody writes into sends nothing", () => {
  const { runtime, link, sent } = setUp();
  link.requestFlush();
  runtime.settle();
  expect(sent).toEqual([]);
});

test("a link may be written to and closed while it is being attached to", () => {
  const { sent, closes } = setUp({}, (link) => {
    link.flow(1, 1, 1);
    link.close();
  });
  expect(sent.map(({ frames }) => frames)).toEqual([[flow]]);
  expect(closes).toEqual(["1000 "]);
});

test("WIRE-8: an ended link writes nothing, hands on nothing and ends once", () => {
  let heard = 0;
  const { runtime, link, sent, ends } = setUp({
    onFlow: () => {
      heard += 1;
    },
  });
  link.flow(1, 1, 1);
  link.onEnd({ kind: "reset", code: 0, detail: "" });
  link.onEnd({ kind: "closed", code: 1000, detail: "" });
  link.flow(1, 1, 1);
  link.requestFlush();
  link.close();
  link.onMessage(batchOf(flow));
  link.onDrained();
  runtime.advance(10_000);
  expect([sent, heard, link.bufferedBytes]).toEqual([[], 0, 0]);
  expect(ends).toEqual([{ kind: "reset", detail: "" }]);
});

test("WIRE-2: a fault closes with 4400; nothing is handed on behind it", () => {
  const { link, ends, closes, runtime } = setUp();
  const spoilt = batchOf(flow).slice();
  spoilt[5] = 0xff;
  link.onMessage(spoilt);
  link.onMessage(batchOf(flow));
  expect(ends).toEqual([{ kind: "protocol", detail: "flags" }]);
  expect(closes).toEqual(["4400 protocol"]);
  expect(runtime.linesWith("broke the protocol")).toMatchObject([
    { level: "warn", fields: { address: "peer:1", peer: "s1", rule: "flags" } },
  ]);
});

test("WIRE-7: how a pipe ended becomes how the link ended", () => {
  const ends = [
    { kind: "refused" as const, code: 0, detail: "x" },
    { kind: "reset" as const, code: 0, detail: "x" },
    { kind: "silent" as const, code: 0, detail: "x" },
    { kind: "protocol" as const, code: 0, detail: "x" },
    { kind: "closed" as const, code: 1000, detail: "" },
    { kind: "closed" as const, code: 1009, detail: "" },
    { kind: "closed" as const, code: 4400, detail: "protocol" },
    { kind: "closed" as const, code: 4400, detail: "version" },
    { kind: "closed" as const, code: 4401, detail: "" },
  ];
  expect(ends.map((end) => linkEndOf(end).kind)).toEqual([
    "refused",
    "reset",
    "silent",
    "protocol",
    "closed",
    "protocol",
    "protocol",
    "version",
    "unauthorized",
  ]);
});
