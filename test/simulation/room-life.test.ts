import { expect, test } from "vitest";
import type { WorkOutcome } from "../../gateway/room/sdk.ts";
import { bytesOf, clusterOf, moveAway, textOf } from "../support/cluster-of.ts";
import { storeWith } from "../support/store-with.ts";

test("ROOM-12: a timer that is set before a move fires once, at the new owner, when it was due", async () => {
  const fired: string[] = [];
  const world = await clusterOf((room) => ({
    onMessage: (_session, message) => room.setTimer(message.text(), 1_000),
    onTimer: (name) => fired.push(`${name} ${room.epoch} ${world.world.nowMs()}`),
  }));
  const client = await world.client("g1", "room/a");
  await world.advance(50);
  const setAtMs = world.world.nowMs();
  client.say("x");
  await world.advance(400);
  expect((await moveAway(world, "room/a")).kind).toBe("moved");
  await world.advance(2_000);
  expect(fired).toHaveLength(1);
  const [name, epoch, atMs] = (fired[0] ?? "").split(" ");
  expect([name, epoch]).toEqual(["x", "2"]);
  expect(Number(atMs) - setAtMs).toBeGreaterThanOrEqual(1_000);
  expect(Number(atMs) - setAtMs).toBeLessThan(1_050);
});

test("ROOM-12: a timer set again is moved, one that is cleared does not fire, neither across a move", async () => {
  const fired: string[] = [];
  const world = await clusterOf((room) => ({
    onMessage: (_session, message) => {
      const [name = "", delay = ""] = message.text().split(" ");
      if (delay === "clear") room.clearTimer(name);
      else room.setTimer(name, Number(delay));
    },
    onTimer: (name) => fired.push(name),
  }));
  const client = await world.client("g1", "room/a");
  await world.advance(50);
  for (const text of ["a 100", "a 600", "b 300", "c 300", "b clear"]) client.say(text);
  await world.advance(50);
  await moveAway(world, "room/a");
  client.say("c clear");
  await world.advance(400);
  expect(fired).toEqual([]);
  await world.advance(400);
  expect(fired).toEqual(["a"]);
});

/**
 * A state that is too large and too different each time for the freeze budget, so that a move freezes its room for the whole
 * budget, 250 ms, and is called off.
 */
function unmovable(frozenAtMs: number[], nowMs: () => number): () => Uint8Array {
  let calls = 0;
  return () => {
    calls += 1;
    frozenAtMs.push(nowMs());
    return new Uint8Array(8 * 1024 * 1024).fill(calls);
  };
}

const farServers = {
  app: { snapshotEveryMs: 0 },
  delayMs: (from: string, to: string) => (from.startsWith("s") && to.startsWith("s") ? 20 : 1),
};

test("ROOM-12: what comes due while a room stands still fires when it goes on, and not before", async () => {
  const taken: number[] = [];
  const fired = new Map<string, number>();
  const world = await clusterOf(
    (room) => ({
      onMessage: () => {
        for (let dueMs = 10; dueMs <= 2_000; dueMs += 10) room.setTimer(String(dueMs), dueMs);
      },
      onTimer: (name) => {
        expect(fired.has(name)).toBe(false);
        fired.set(name, world.world.nowMs());
      },
      snapshot: unmovable(taken, () => world.world.nowMs()),
    }),
    farServers,
  );
  const client = await world.client("g1", "room/a");
  await world.advance(50);
  client.say("x");
  const saidAtMs = world.world.nowMs();
  expect(await moveAway(world, "room/a")).toMatchObject({ kind: "failed", reason: "the freeze budget ran out" });
  await world.advance(3_000);
  const frozenAtMs = taken[1] ?? 0;
  expect(fired.size).toBe(200);
  let late = 0;
  for (const [name, atMs] of fired) {
    expect(atMs - saidAtMs).toBeGreaterThanOrEqual(Number(name));
    expect(atMs <= frozenAtMs || atMs >= frozenAtMs + 250).toBe(true);
    if (atMs - saidAtMs > Number(name) + 5) late += 1;
  }
  expect(late).toBeGreaterThan(10);
});

test("ROOM-13: a room with members ticks at its pace, and stands still without them; a move neither doubles nor stops it", async () => {
  const ticks = new Map<number, number>();
  const world = await clusterOf(
    (room) => ({
      onMessage: () => {},
      onTick: (stepMs) => {
        expect(stepMs).toBe(50);
        ticks.set(room.epoch, (ticks.get(room.epoch) ?? 0) + 1);
      },
    }),
    { app: { tickHz: 20 } },
  );
  const client = await world.client("g1", "room/a");
  await world.advance(10);
  await world.advance(1_000);
  expect(ticks.get(1)).toBeGreaterThanOrEqual(19);
  expect(ticks.get(1)).toBeLessThanOrEqual(20);
  await moveAway(world, "room/a");
  const before = ticks.get(1) ?? 0;
  const moved = ticks.get(2) ?? 0;
  await world.advance(1_000);
  expect(ticks.get(1)).toBe(before);
  expect(ticks.get(2)).toBe(moved + 20);
  client.leave();
  await world.advance(100);
  const after = ticks.get(2) ?? 0;
  await world.advance(1_000);
  expect(ticks.get(2)).toBe(after);
});

interface Outcome {
  readonly name: string;
  readonly outcome: WorkOutcome;
  readonly epoch: number;
}

test("ROOM-7: work comes back as a turn, also where it fails", async () => {
  const outcomes: Outcome[] = [];
  const world = await clusterOf((room) => ({
    onMessage: (_session, message) => {
      const text = message.text();
      room.work(text, async () => {
        if (text === "bad") throw new Error("no");
        return text.length;
      });
    },
    onWork: (name, outcome) => {
      room.broadcast(name);
      outcomes.push({ name, outcome, epoch: room.epoch });
    },
  }));
  const client = await world.client("g1", "room/a");
  for (const text of ["good", "bad"]) client.say(text);
  await world.advance(200);
  expect(outcomes).toEqual([
    { name: "good", outcome: { kind: "done", value: 4 }, epoch: 1 },
    { name: "bad", outcome: { kind: "failed", error: expect.any(Error) }, epoch: 1 },
  ]);
  expect(client.frames).toEqual(["good", "bad"]);
});

test("ROOM-7: work that a move overtakes is aborted at the old owner and interrupted at the new one, and comes to nothing else", async () => {
  const outcomes: Outcome[] = [];
  const finish: ((value: unknown) => void)[] = [];
  let aborted = 0;
  const world = await clusterOf((room) => ({
    onMessage: (_session, message) =>
      room.work(message.text(), (signal) => {
        signal.addEventListener("abort", () => {
          aborted += 1;
        });
        return new Promise((resolve) => finish.push(resolve));
      }),
    onWork: (name, outcome) => outcomes.push({ name, outcome, epoch: room.epoch }),
  }));
  const client = await world.client("g1", "room/a");
  client.say("slow");
  await world.advance(100);
  expect(finish).toHaveLength(1);
  expect((await moveAway(world, "room/a")).kind).toBe("moved");
  for (const resolve of finish) resolve("too late");
  await world.advance(200);
  expect(aborted).toBe(1);
  expect(outcomes).toEqual([{ name: "slow", outcome: { kind: "interrupted" }, epoch: 2 }]);
  client.say("slow");
  await world.advance(100);
  expect(finish).toHaveLength(2);
});

test("ROOM-7: a result that comes in while a room is frozen waits, and is a turn of the source if the move is called off", async () => {
  const outcomes: (Outcome & { atMs: number })[] = [];
  const finish: ((value: unknown) => void)[] = [];
  const taken: number[] = [];
  const world = await clusterOf(
    (room) => ({
      onMessage: () => room.work("w", () => new Promise((resolve) => finish.push(resolve))),
      onWork: (name, outcome) => outcomes.push({ name, outcome, epoch: room.epoch, atMs: world.world.nowMs() }),
      snapshot: unmovable(taken, () => world.world.nowMs()),
    }),
    farServers,
  );
  const client = await world.client("g1", "room/a");
  client.say("x");
  await world.advance(50);
  const moving = moveAway(world, "room/a");
  while (taken.length < 2) await world.advance(10);
  for (const resolve of finish) resolve("done");
  expect(await moving).toMatchObject({ kind: "failed", reason: "the freeze budget ran out" });
  await world.advance(500);
  expect(outcomes).toEqual([
    { name: "w", outcome: { kind: "done", value: "done" }, epoch: 2, atMs: expect.any(Number) },
  ]);
  expect(outcomes[0]?.atMs).toBeGreaterThanOrEqual((taken[1] ?? 0) + 250);
});

/** Keeps the last thing that was said. */
function keepingRoom() {
  let state = "nothing";
  return {
    onJoin: (session: { send(text: string): void }) => session.send(state),
    onMessage: (_session: unknown, message: { text(): string }) => {
      state = message.text();
    },
    snapshot: () => bytesOf(state),
    restore: (bytes: Uint8Array) => {
      state = textOf(bytes);
    },
  };
}

test("ROOM-15: a room without members is let go after idleMs, and begins again with what it was", async () => {
  const world = await clusterOf(keepingRoom, { app: { idleMs: 2_000, snapshotEveryMs: 0 } });
  const first = await world.client("g1", "room/a");
  first.say("kept");
  await world.advance(100);
  first.leave();
  await world.advance(1_000);
  expect(await world.ownerOf("room/a")).not.toBeNull();
  await world.advance(4_000);
  expect(await world.ownerOf("room/a")).toBeNull();
  expect([...world.servers.values()].map(({ running }) => running.rooms)).toEqual([0, 0]);
  const second = await world.client("g1", "room/a");
  await world.advance(100);
  expect(second.frames).toEqual(["kept"]);
});

test("ROOM-15: who comes while a room is let go gets it with what it was", async () => {
  for (let delayMs = 0; delayMs < 40; delayMs += 4) {
    const world = await clusterOf(keepingRoom, {
      app: { idleMs: 2_000, snapshotEveryMs: 0 },
      wrapStore: (store, host) =>
        storeWith(store, {
          saveSnapshot: async (...given) => {
            await new Promise<void>((resolve) => host.after(15, resolve));
            return store.saveSnapshot(...given);
          },
          release: async (...given) => {
            await new Promise<void>((resolve) => host.after(15, resolve));
            return store.release(...given);
          },
        }),
    });
    const first = await world.client("g1", "room/a");
    first.say("kept");
    await world.advance(100);
    first.leave();
    while ((await world.ownerOf("room/a")) !== null && world.world.linesWith("room server").length < 9) {
      await world.advance(5);
      if (world.servers.get("s1")?.running.metrics().snapshots || world.servers.get("s2")?.running.metrics().snapshots)
        break;
    }
    await world.advance(delayMs);
    const second = await world.client("g1", "room/a");
    await world.advance(1_000);
    expect([delayMs, second.closeCode, second.frames]).toEqual([delayMs, undefined, ["kept"]]);
  }
});

test("ROOM-15: what has changed since a snapshot that is still being stored is not lost when the room is let go", async () => {
  const world = await clusterOf(keepingRoom, {
    app: { idleMs: 1_000, snapshotEveryMs: 1_000 },
    wrapStore: (store, host) =>
      storeWith(store, {
        saveSnapshot: async (...given) => {
          await new Promise<void>((resolve) => host.after(4_000, resolve));
          return store.saveSnapshot(...given);
        },
      }),
  });
  const first = await world.client("g1", "room/a");
  first.say("early");
  await world.advance(2_500);
  first.say("late");
  await world.advance(100);
  first.leave();
  await world.advance(30_000);
  expect(await world.ownerOf("room/a")).toBeNull();
  const second = await world.client("g1", "room/a");
  await world.advance(500);
  expect(second.frames).toEqual(["late"]);
});

test("ROOM-15: a room whose last snapshot the store did not take is not let go before it has", async () => {
  let refusals = 2;
  const world = await clusterOf(keepingRoom, {
    app: { idleMs: 1_000, snapshotEveryMs: 0 },
    wrapStore: (store) =>
      storeWith(store, {
        saveSnapshot: async (...given) => {
          refusals -= 1;
          return refusals >= 0 ? { kind: "unavailable", reason: "busy" } : store.saveSnapshot(...given);
        },
      }),
  });
  const first = await world.client("g1", "room/a");
  first.say("kept");
  await world.advance(100);
  first.leave();
  await world.advance(10_000);
  expect(await world.ownerOf("room/a")).toBeNull();
  const second = await world.client("g1", "room/a");
  await world.advance(500);
  expect(second.frames).toEqual(["kept"]);
});

test("ROOM-15: a room that has moved and not had a turn since is let go with what it was", async () => {
  const world = await clusterOf(keepingRoom, { app: { idleMs: 2_000, snapshotEveryMs: 0 } });
  const first = await world.client("g1", "room/a");
  first.say("kept");
  await world.advance(100);
  first.leave();
  await world.advance(100);
  expect((await moveAway(world, "room/a")).kind).toBe("moved");
  await world.advance(5_000);
  expect(await world.ownerOf("room/a")).toBeNull();
  const second = await world.client("g1", "room/a");
  await world.advance(100);
  expect(second.frames).toEqual(["kept"]);
});

test("ROOM-16: a stopping server lets go of a room that is frozen in a move, too, with what it was", async () => {
  const taken: number[] = [];
  const world = await clusterOf(
    () => ({ onMessage: () => {}, snapshot: unmovable(taken, () => world.world.nowMs()) }),
    farServers,
  );
  const client = await world.client("g1", "room/a");
  client.say("x");
  await world.advance(100);
  const owner = (await world.ownerOf("room/a")) ?? "";
  void moveAway(world, "room/a");
  while (taken.length < 2) await world.advance(10);
  await world.settle(world.servers.get(owner)?.running.stop() ?? Promise.resolve());
  expect(await world.store.loadSnapshot("room/a" as never)).toMatchObject({ kind: "snapshot" });
  const head = await world.store.readHead("room/a" as never);
  expect(head.kind === "head" && head.head?.owner).not.toBe(owner);
});
