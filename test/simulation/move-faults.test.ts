import { expect, test } from "vitest";
import type { MoveResult } from "../../gateway/room/outgoing-move.ts";
import { type ClusterShape, clusterOf, moveAway } from "../support/cluster-of.ts";
import { expectOneLine, LineSpeaker, lineRoom, speak, speakersIn } from "../support/line-room.ts";
import { storeWith } from "../support/store-with.ts";
import type { VirtualCluster } from "../support/virtual-cluster.ts";

const room = "room/a";

async function lineCluster(shape: ClusterShape = {}): Promise<{ world: VirtualCluster; speakers: LineSpeaker[] }> {
  const world = await clusterOf(lineRoom, { gateways: 2, servers: 3, ...shape });
  return { world, speakers: await speakersIn(world, room) };
}

test("MOVE-7: a move to nobody, to itself, to one that drains or is full changes nothing and says why", async () => {
  const { world, speakers } = await lineCluster({ servers: 2 });
  await world.addServer("full", { roomsMax: 0 });
  await world.advance(1_500);
  const owner = (await world.ownerOf(room)) ?? "";
  const other = owner === "s1" ? "s2" : "s1";
  const reasonFor = async (to: string) => moveAway(world, room, to);
  expect(await reasonFor("nobody")).toEqual({ kind: "failed", reason: "there is no server nobody" });
  expect(await reasonFor(owner)).toEqual({ kind: "failed", reason: `${room} is at ${owner} already` });
  expect(await reasonFor("full")).toEqual({ kind: "failed", reason: "full is full" });
  world.network.hold(other, "g1");
  void world.servers.get(other)?.running.drain();
  await world.advance(10);
  expect(await reasonFor(other)).toMatchObject({ kind: "failed" });
  await speak(world, speakers, 50);
  await world.advance(100);
  expectOneLine(speakers);
  expect(await world.ownerOf(room)).toBe(owner);
});

test("MOVE-5: of two moves of one room at once the first wins and the second changes nothing", async () => {
  const { world, speakers } = await lineCluster();
  const owner = (await world.ownerOf(room)) ?? "";
  const [first = "", second = ""] = ["s1", "s2", "s3"].filter((id) => id !== owner);
  const moves = [moveAway(world, room, first), moveAway(world, room, second)];
  await speak(world, speakers, 100);
  const [won, lost] = await Promise.all(moves);
  expect(won).toMatchObject({ kind: "moved", epoch: 2 });
  expect(lost).toEqual({ kind: "failed", reason: `${room} is being moved already` });
  expect(await world.ownerOf(room)).toBe(first);
  await world.advance(100);
  expectOneLine(speakers);
});

/** The slowest link makes phases long enough to be met in their middle. */
const slowLinks = { delayMs: () => 8 };

// Each of these moments lies in another phase: 16 ms for connecting and its handshake, then 16 ms a phase.
const moments = [4, 12, 20, 28, 36, 44, 52, 60, 68, 76, 84, 92, 100, 108, 116, 124];

test.each(moments)(
  "MOVE-3: a target that is killed %i ms into a move leaves one owner, open sockets, and nothing lost",
  async (atMs) => {
    const { world, speakers } = await lineCluster(slowLinks);
    const owner = (await world.ownerOf(room)) ?? "";
    const target = owner === "s1" ? "s2" : "s1";
    const moving = world.move(room, target);
    await speak(world, speakers, atMs, 4);
    const before = await world.ownerOf(room);
    world.kill(target);
    await speak(world, speakers, 200, 4);
    const result = await world.settle(moving ?? Promise.reject(new Error("no move")));
    await world.advance(6_000);
    if (before === target) {
      // It was the owner already, so this is the loss of a memory room's server: the room begins anew, no socket closes.
      for (const { client } of speakers) expect(client.closeCode).toBeUndefined();
      expect(await world.ownerOf(room)).not.toBe(target);
      return;
    }
    expect(result.kind).toBe("failed");
    expect(await world.ownerOf(room)).toBe(owner);
    expectOneLine(speakers);
  },
);

test.each(moments)(
  "MOVE-3: a target that is cut off %i ms into a move for long leaves one owner and nothing lost",
  async (atMs) => {
    const { world, speakers } = await lineCluster(slowLinks);
    const owner = (await world.ownerOf(room)) ?? "";
    const target = owner === "s1" ? "s2" : "s1";
    const moving = world.move(room, target);
    await speak(world, speakers, atMs, 4);
    world.network.hold(owner, target);
    await speak(world, speakers, 500, 4);
    const result = await world.settle(moving ?? Promise.reject(new Error("no move")));
    const owned = await world.ownerOf(room);
    expect(owned).toBe(result.kind === "moved" ? target : owner);
    world.network.release(owner, target);
    await speak(world, speakers, 200, 4);
    await world.advance(1_000);
    expectOneLine(speakers);
    expect(await world.ownerOf(room)).toBe(owned);
  },
);

test.each(moments)(
  "MOVE-3: a source that is cut off from its gateways %i ms into a move loses nothing",
  async (atMs) => {
    const { world, speakers } = await lineCluster(slowLinks);
    const owner = (await world.ownerOf(room)) ?? "";
    const target = owner === "s1" ? "s2" : "s1";
    const moving = world.move(room, target);
    await speak(world, speakers, atMs, 4);
    world.network.reset(owner, "g1");
    world.network.hold(owner, "g2");
    await speak(world, speakers, 300, 4);
    world.network.release(owner, "g2");
    await world.settle(moving ?? Promise.reject(new Error("no move")));
    await speak(world, speakers, 200, 4);
    await world.advance(4_000);
    expectOneLine(speakers);
  },
);

test("MOVE-4: a target whose takeover takes longer than the freeze budget loses to the source, which goes on at the next epoch", async () => {
  let slowTakeovers = 0;
  const { world, speakers } = await lineCluster({
    wrapStore: (store, host) =>
      storeWith(store, {
        takeover: async (requests) => {
          const isMove = requests.some(({ expect: version }) => version?.epoch === 1);
          if (isMove && slowTakeovers === 0) {
            slowTakeovers += 1;
            await new Promise<void>((resolve) => host.after(600, resolve));
          }
          return store.takeover(requests);
        },
      }),
  });
  const owner = (await world.ownerOf(room)) ?? "";
  const target = owner === "s1" ? "s2" : "s1";
  const moving = world.move(room, target);
  await speak(world, speakers, 1_500);
  expect(await world.settle(moving ?? Promise.reject(new Error("no move")))).toEqual({
    kind: "failed",
    reason: "the freeze budget ran out",
  });
  expect(await world.store.readHead(room as never)).toMatchObject({ head: { owner, epoch: 2 } });
  await world.advance(200);
  expectOneLine(speakers);
});

test("MOVE-4: a takeover that lands behind the freeze budget all the same is the end of the source, and the move is told as moved", async () => {
  let isFirst = true;
  const { world, speakers } = await lineCluster({
    wrapStore: (store, host) =>
      storeWith(store, {
        takeover: async (requests) => {
          const answers = await store.takeover(requests);
          if (requests.some(({ expect: version }) => version?.epoch === 1) && isFirst) {
            isFirst = false;
            await new Promise<void>((resolve) => host.after(600, resolve));
          }
          return answers;
        },
      }),
  });
  const owner = (await world.ownerOf(room)) ?? "";
  const target = owner === "s1" ? "s2" : "s1";
  const moving = world.move(room, target);
  await speak(world, speakers, 1_500);
  expect(await world.settle(moving ?? Promise.reject(new Error("no move")))).toMatchObject({ kind: "moved", epoch: 2 });
  expect(await world.ownerOf(room)).toBe(target);
  await world.advance(500);
  expectOneLine(speakers);
});

test("MOVE-4: a source whose own takeover is answered unknown goes on at the epoch that the store has, and can move again", async () => {
  let isLost = false;
  let unknowns = 0;
  const { world, speakers } = await lineCluster({
    wrapStore: (store, host) =>
      storeWith(store, {
        takeover: async (requests) => {
          if (!isLost || requests.every(({ expect: version }) => version?.epoch !== 1)) return store.takeover(requests);
          if (requests.some(({ owner }) => owner === target)) {
            await new Promise<void>((resolve) => host.after(2_000, resolve));
            return store.takeover(requests);
          }
          const answers = await store.takeover(requests);
          unknowns += 1;
          return unknowns === 1 ? answers.map(() => ({ kind: "unknown", reason: "no answer in time" })) : answers;
        },
      }),
  });
  const owner = (await world.ownerOf(room)) ?? "";
  const target = owner === "s1" ? "s2" : "s1";
  isLost = true;
  const moving = world.move(room, target);
  await speak(world, speakers, 1_000);
  expect(await world.settle(moving ?? Promise.reject(new Error("no move")))).toMatchObject({ kind: "failed" });
  isLost = false;
  expect(unknowns).toBe(2);
  await speak(world, speakers, 100);
  expect(await moveAway(world, room, "s3" === owner ? "s2" : "s3")).toMatchObject({ kind: "moved", epoch: 3 });
  await speak(world, speakers, 100);
  await world.advance(500);
  expectOneLine(speakers);
});

test("MOVE-3: a source that learns from its own snapshot that the target has the room reports the move as done", async () => {
  let begin = (): void => {};
  const world = await clusterOf(
    (context) => {
      const made = lineRoom(context);
      const snapshot = (): Uint8Array => {
        begin();
        return made.snapshot?.() ?? new Uint8Array(0);
      };
      return { ...made, snapshot };
    },
    {
      gateways: 2,
      app: { snapshotEveryMs: 1_000 },
      // The snapshot reaches the store behind the target's takeover, and its answer the source before the target's.
      wrapStore: (store, host) =>
        storeWith(store, {
          takeover: async (requests) => {
            const answers = await store.takeover(requests);
            if (requests.some(({ expect: version }) => version?.epoch === 1)) {
              await new Promise<void>((resolve) => host.after(200, resolve));
            }
            return answers;
          },
          saveSnapshot: async (...given) => {
            await new Promise<void>((resolve) => host.after(100, resolve));
            return store.saveSnapshot(...given);
          },
        }),
    },
  );
  const speakers = await speakersIn(world, room);
  const owner = (await world.ownerOf(room)) ?? "";
  const target = owner === "s1" ? "s2" : "s1";
  const moved: Promise<MoveResult>[] = [];
  begin = () => {
    begin = () => {};
    const moving = world.move(room, target);
    if (moving) moved.push(moving);
  };
  await speak(world, speakers, 3_000, 10);
  await world.advance(500);
  expect(moved).toHaveLength(1);
  expect(await moved[0]).toMatchObject({ kind: "moved", epoch: 2 });
  expect(await world.ownerOf(room)).toBe(target);
  expectOneLine(speakers);
});

test("MOVE-11: a target that is looking the room up for a gateway when it comes in does not fence it", async () => {
  let isSlow = false;
  let lookedUp = 0;
  const world = await clusterOf(lineRoom, {
    servers: 1,
    wrapStore: (store, host) =>
      storeWith(store, {
        readHead: async (...given) => {
          if (isSlow) {
            lookedUp += 1;
            await new Promise<void>((resolve) => host.after(300, resolve));
          }
          return store.readHead(...given);
        },
      }),
  });
  const keys = Array.from({ length: 12 }, (_, index) => `room/${index}`);
  const firsts = await Promise.all(keys.map(async (key) => new LineSpeaker(await world.client("g1", key))));
  await world.advance(100);
  for (const first of firsts) first.say();
  // Some rooms prefer the server that comes later: a gateway that comes later asks it first.
  await world.addServer("s2");
  await world.addGateway("g2");
  await world.advance(1_500);
  isSlow = true;
  for (const [index, key] of keys.entries()) {
    const speakers = [firsts[index] as LineSpeaker, new LineSpeaker(await world.client("g2", key))];
    await world.advance(20);
    expect(await moveAway(world, key, "s2")).toMatchObject({ kind: "moved", epoch: 2 });
    await world.advance(1_000);
    for (const speaker of speakers) speaker.say();
    await world.advance(200);
    expect(await world.store.readHead(key as never)).toMatchObject({ head: { owner: "s2", epoch: 2 } });
    expectOneLine(speakers);
  }
  expect(lookedUp).toBeGreaterThan(0);
});
