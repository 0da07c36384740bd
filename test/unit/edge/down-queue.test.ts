import { describe, expect, test } from "vitest";
import type { DownItem } from "../../../gateway/edge/down-item.ts";
import { DownQueue } from "../../../gateway/edge/down-queue.ts";
import { createGatewayStats } from "../../../gateway/edge/gateway-stats.ts";
import { bytesOf } from "../../support/edge/edge-fixture.ts";
import { FakeSocket } from "../../support/edge/fake-socket.ts";

const limits = { thinAboveBytes: 20, slowClientBytesMax: 60, latestKeysMax: 3 };

const reliable = (text: string): DownItem => ({
  delivery: "reliable",
  latestKey: 0,
  isText: true,
  payload: bytesOf(text),
});
const latest = (latestKey: number, text: string): DownItem => ({ ...reliable(text), delivery: "latest", latestKey });
const volatile = (text: string): DownItem => ({ ...reliable(text), delivery: "volatile" });

function fixture() {
  const socket = new FakeSocket();
  const queue = new DownQueue();
  const stats = createGatewayStats();
  return {
    socket,
    stats,
    /** One batch; `false` if the client reads too slowly. */
    batch: (...items: DownItem[]): boolean => {
      for (const item of items) queue.add(item);
      return queue.flush(socket, limits, stats);
    },
    /** The reader takes everything. */
    drain: () => {
      socket.isStuck = false;
      socket.bufferedBytes = 0;
      queue.drained(socket, limits, stats);
    },
  };
}

describe("a reader that keeps up", () => {
  test("gets everything in order, whatever its class", () => {
    const { socket, batch, stats } = fixture();
    expect(batch(reliable("a"), latest(1, "b"), volatile("c"), latest(1, "d"))).toBe(true);
    expect(socket.texts).toEqual(["a", "b", "c", "d"]);
    expect(stats).toMatchObject({ messagesDown: 4, bytesDown: 4, thinned: 0 });
  });

  test("says which message is the first of its batch", () => {
    const queue = new DownQueue();
    expect([queue.add(reliable("a")), queue.add(reliable("b"))]).toEqual([true, false]);
    queue.flush(new FakeSocket(), limits, createGatewayStats());
    expect(queue.add(reliable("c"))).toBe(true);
  });
});

describe("GATE-9: a slow reader", () => {
  test("is sent only the newest of each key once it reads again, and no volatile ones", () => {
    const { socket, batch, drain, stats } = fixture();
    socket.isStuck = true;
    batch(reliable("x".repeat(21)));
    batch(latest(1, "1a"), latest(2, "2a"), volatile("v"));
    batch(latest(1, "1b"));
    expect(socket.texts).toHaveLength(1);
    drain();
    expect(socket.texts.slice(1)).toEqual(["2a", "1b"]);
    expect(stats.thinned).toBe(2);
  });

  test("still gets every reliable message, until too much waits", () => {
    const { socket, batch } = fixture();
    socket.isStuck = true;
    expect(batch(reliable("x".repeat(30)))).toBe(true);
    expect(batch(reliable("y".repeat(30)))).toBe(true);
    expect(batch(reliable("z"))).toBe(false);
    expect(socket.texts).toHaveLength(3);
  });

  test("is not given up for one message that is larger than all that may wait, but for a second one, or when it stops reading", () => {
    const { socket, batch, drain } = fixture();
    socket.isStuck = true;
    expect(batch(reliable("x".repeat(500)))).toBe(true);
    expect(batch(reliable("y".repeat(60)))).toBe(true);
    expect(batch(reliable("z"))).toBe(false);
    drain();
    socket.isStuck = true;
    expect(batch(reliable("x".repeat(60)))).toBe(true);
    expect(batch(reliable("y"))).toBe(false);
    drain();
    socket.isStuck = true;
    expect(batch(reliable("x".repeat(500)), reliable("y".repeat(500)))).toBe(false);
  });

  test("is given up when a reliable message does not get into the socket", () => {
    const { socket, batch } = fixture();
    socket.sendBufferBytesMax = 10;
    expect(batch(reliable("x".repeat(11)))).toBe(false);
  });

  test("a latest message that does not get into the socket waits; a volatile one is dropped", () => {
    const { socket, batch, drain, stats } = fixture();
    socket.sendBufferBytesMax = 1;
    expect(batch(latest(1, "one"), volatile("two"))).toBe(true);
    expect(socket.texts).toEqual([]);
    expect(stats.thinned).toBe(1);
    socket.sendBufferBytesMax = 100;
    drain();
    expect(socket.texts).toEqual(["one"]);
  });

  test("a newer message of a key never comes before the older one that waits: the older is left out", () => {
    const { socket, batch, drain } = fixture();
    socket.isStuck = true;
    batch(reliable("x".repeat(21)));
    batch(latest(1, "old"), latest(2, "kept"));
    socket.isStuck = false;
    socket.bufferedBytes = 0;
    batch(latest(1, "new"));
    expect(socket.texts.slice(1)).toEqual(["new"]);
    drain();
    expect(socket.texts.slice(1)).toEqual(["new", "kept"]);
  });

  test("more keys or bytes than may wait close it, since the newest of a key is never lost silently", () => {
    const keys = fixture();
    keys.socket.isStuck = true;
    keys.batch(reliable("x".repeat(21)));
    expect(keys.batch(latest(1, "a"), latest(2, "b"), latest(3, "c"))).toBe(true);
    expect(keys.batch(latest(3, "d"))).toBe(true);
    expect(keys.batch(latest(4, "e"))).toBe(false);
    const bytes = fixture();
    bytes.socket.isStuck = true;
    bytes.batch(reliable("x".repeat(21)));
    expect(bytes.batch(latest(1, "y".repeat(39)))).toBe(true);
    expect(bytes.batch(latest(2, "z"))).toBe(false);
  });

  test("is sent what waits bit by bit, no faster than it reads", () => {
    const { socket, batch, stats } = fixture();
    const queue = new DownQueue();
    socket.isStuck = true;
    queue.add(reliable("x".repeat(21)));
    queue.flush(socket, limits, stats);
    for (const key of [1, 2, 3]) queue.add(latest(key, `${key}`.repeat(12)));
    queue.flush(socket, limits, stats);
    socket.bufferedBytes = 10;
    queue.drained(socket, limits, stats);
    expect(socket.texts.slice(1)).toEqual(["111111111111"]);
    socket.bufferedBytes = 0;
    queue.drained(socket, limits, stats);
    expect(socket.texts.slice(2)).toEqual(["222222222222", "333333333333"]);
    expect(batch()).toBe(true);
  });

  test("what waits is a copy", () => {
    const { socket, batch, drain } = fixture();
    socket.isStuck = true;
    batch(reliable("x".repeat(21)));
    const item = latest(1, "kept");
    batch(item);
    item.payload.fill(0);
    drain();
    expect(socket.texts.slice(1)).toEqual(["kept"]);
  });
});
