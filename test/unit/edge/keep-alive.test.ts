import { describe, expect, it } from "vitest";
import { KeepAlive, type KeptSocket } from "../../../gateway/edge/keep-alive.ts";

class FakeSocket implements KeptSocket {
  heardTick = 0;
  keepAliveBucket = -1;
  keepAliveSlot = -1;
  pings = 0;
  ends = 0;
  onEnd: () => void = () => {};
  ping(): void {
    this.pings += 1;
  }
  endSilent(): void {
    this.ends += 1;
    this.onEnd();
  }
}

function fill(keepAlive: KeepAlive, count: number): FakeSocket[] {
  return Array.from({ length: count }, () => {
    const socket = new FakeSocket();
    keepAlive.add(socket);
    return socket;
  });
}

function step(keepAlive: KeepAlive, ticks: number): void {
  for (let tick = 0; tick < ticks; tick += 1) keepAlive.step();
}

describe("EDGE-3: keep-alive", () => {
  it("pings each of a storm of sockets once a round, and no tick more than its share", () => {
    const keepAlive = new KeepAlive({ pingEveryMs: 25_000, silenceMsMax: 60_000 });
    expect(keepAlive.tickMs).toBe(1_000);
    const sockets = fill(keepAlive, 1_000);
    let before = 0;
    for (let tick = 0; tick < 25; tick += 1) {
      keepAlive.step();
      const pings = sockets.reduce((sum, socket) => sum + socket.pings, 0);
      expect(pings - before).toBe(40);
      before = pings;
    }
    expect(sockets.every((socket) => socket.pings === 1)).toBe(true);
  });

  it("ends a silent socket not before the limit and at most one round later", () => {
    const keepAlive = new KeepAlive({ pingEveryMs: 25_000, silenceMsMax: 60_000 });
    const sockets = fill(keepAlive, 50);
    step(keepAlive, 60);
    expect(sockets.every((socket) => socket.ends === 0)).toBe(true);
    step(keepAlive, 26);
    expect(sockets.every((socket) => socket.ends > 0)).toBe(true);
  });

  it("leaves a socket alone that was heard", () => {
    const keepAlive = new KeepAlive({ pingEveryMs: 1_000, silenceMsMax: 2_000 });
    const [heard, silent] = fill(keepAlive, 2);
    for (let tick = 0; tick < 100; tick += 1) {
      keepAlive.step();
      if (heard !== undefined) heard.heardTick = keepAlive.tick;
    }
    expect(heard?.ends).toBe(0);
    expect(silent?.ends).toBeGreaterThan(0);
  });

  it("forgets who is removed, in any order, and goes on with the others", () => {
    const keepAlive = new KeepAlive({ pingEveryMs: 1_000, silenceMsMax: 1_000_000 });
    const sockets = fill(keepAlive, 100);
    const gone = sockets.filter((_, index) => index % 3 === 0);
    for (const socket of gone) {
      keepAlive.remove(socket);
      keepAlive.remove(socket);
    }
    expect(keepAlive.sockets()).toHaveLength(100 - gone.length);
    step(keepAlive, 8);
    for (const socket of sockets) expect(socket.pings).toBe(gone.includes(socket) ? 0 : 1);
  });

  it("reaches everybody of a bucket whose sockets leave while it is served", () => {
    const keepAlive = new KeepAlive({ pingEveryMs: 1_000, silenceMsMax: 1 });
    const sockets = fill(keepAlive, 80);
    for (const socket of sockets) socket.onEnd = () => keepAlive.remove(socket);
    step(keepAlive, 24);
    expect(sockets.every((socket) => socket.ends === 1)).toBe(true);
    expect(keepAlive.sockets()).toEqual([]);
  });

  it("keeps its ticks within bounds", () => {
    expect(new KeepAlive({ pingEveryMs: 80, silenceMsMax: 1_000 }).tickMs).toBe(10);
    expect(new KeepAlive({ pingEveryMs: 1, silenceMsMax: 1_000 }).tickMs).toBe(5);
    expect(new KeepAlive({ pingEveryMs: 600_000, silenceMsMax: 1_000 }).tickMs).toBe(1_000);
  });
});
