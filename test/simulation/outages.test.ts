import { expect, test } from "vitest";
import type { LeaveReason } from "../../gateway/room/sdk.ts";
import type { Store } from "../../gateway/store/port.ts";
import { type ClusterShape, clusterOf, moveAway } from "../support/cluster-of.ts";
import { expectOneLine, type LineSpeaker, lineRoom, speak, speakersIn } from "../support/line-room.ts";
import { storeWith } from "../support/store-with.ts";
import type { VirtualCluster } from "../support/virtual-cluster.ts";

const room = "room/a";

async function lineCluster(shape: ClusterShape = {}): Promise<{ world: VirtualCluster; speakers: LineSpeaker[] }> {
  const world = await clusterOf(lineRoom, { gateways: 2, servers: 3, delayMs: () => 3, ...shape });
  return { world, speakers: await speakersIn(world, room) };
}

test("ROOM-1: a trunk that breaks again and again loses, doubles and reorders nothing, in both directions", async () => {
  const { world, speakers } = await lineCluster();
  const owner = (await world.ownerOf(room)) ?? "";
  for (let round = 0; round < 40; round += 1) {
    // Offsets that go through all places of a round trip.
    await speak(world, speakers, 21 + (round % 7), 1);
    world.network.reset(round % 3 === 0 ? "g2" : "g1", owner);
  }
  await world.advance(3_000);
  expectOneLine(speakers);
  expect(await world.ownerOf(room)).toBe(owner);
});

test("ROOM-1: trunks that break while their room moves lose nothing", async () => {
  const { world, speakers } = await lineCluster();
  for (let round = 0; round < 25; round += 1) {
    const owner = (await world.ownerOf(room)) ?? "";
    const moving = moveAway(world, room);
    await speak(world, speakers, round, 1);
    world.network.reset("g1", owner);
    if (round % 2 === 0) world.network.reset("g2", [...world.servers.keys()][round % 3] ?? "");
    await moving;
    await speak(world, speakers, 60, 3);
  }
  await world.advance(3_000);
  expectOneLine(speakers);
});

test("ROOM-5: a member that leaves while its trunk is broken leaves once and never joins again", async () => {
  const heard: string[] = [];
  const world = await clusterOf(
    () => ({
      onJoin: (session, { query }) => {
        session.attachment = query;
        heard.push(`join ${query}`);
      },
      onMessage: () => {},
      onLeave: (session, reason) => heard.push(`${reason.kind} ${session.attachment}`),
    }),
    { delayMs: () => 5 },
  );
  const owner = async (): Promise<string> => (await world.ownerOf(room)) ?? "";
  await world.client("g1", room, undefined, "stays");
  await world.advance(200);
  for (let index = 0; index < 24; index += 1) {
    const client = await world.client("g1", room, undefined, `c${index}`);
    await world.advance(60);
    client.leave();
    await world.advance(index);
    world.network.reset("g1", await owner());
    await world.advance(300);
  }
  const expected = Array.from({ length: 24 }, (_, index) => [`join c${index}`, `left c${index}`]).flat();
  expect(heard).toEqual(["join stays", ...expected]);
});

test("ROOM-5: a member that the room closes while its trunk is broken is closed once and never joins again", async () => {
  const heard: string[] = [];
  const world = await clusterOf(
    () => ({
      onJoin: (session, { query }) => {
        session.attachment = query;
        heard.push(`join ${query}`);
      },
      onMessage: (session) => session.close(4000, "go"),
      onLeave: (session, reason) => heard.push(`${reason.kind} ${session.attachment}`),
    }),
    { delayMs: () => 5 },
  );
  await world.client("g1", room, undefined, "stays");
  await world.advance(200);
  for (let index = 0; index < 24; index += 1) {
    const client = await world.client("g1", room, undefined, `c${index}`);
    await world.advance(60);
    client.say("close me");
    await world.advance(index);
    world.network.reset("g1", (await world.ownerOf(room)) ?? "");
    if (index % 3 === 0) await moveAway(world, room);
    await world.advance(300);
    expect([index, client.closeCode]).toEqual([index, 4000]);
  }
  const expected = Array.from({ length: 24 }, (_, index) => [`join c${index}`, `closed c${index}`]).flat();
  expect(heard).toEqual(["join stays", ...expected]);
});

test("ROOM-19: the members of a gateway that is killed leave as lost, after its lease, and the others stay", async () => {
  const left: [string, LeaveReason, number][] = [];
  const world = await clusterOf(
    () => ({
      onMessage: () => {},
      onLeave: (session, reason) => left.push([session.id, reason, world.world.nowMs()]),
    }),
    { gateways: 2 },
  );
  const stays = await world.client("g2", room);
  await world.client("g1", room);
  await world.client("g1", room);
  await world.advance(200);
  const killedAtMs = world.world.nowMs();
  world.kill("g1");
  await world.advance(2_000);
  expect(left).toEqual([]);
  await world.advance(6_000);
  expect(left.map(([id, reason]) => [id.split(".")[0], reason])).toEqual([
    ["g1", { kind: "lost", code: 1006 }],
    ["g1", { kind: "lost", code: 1006 }],
  ]);
  for (const [, , atMs] of left) expect(atMs - killedAtMs).toBeGreaterThanOrEqual(2_000);
  expect(stays.closeCode).toBeUndefined();
});

test("ROOM-19: the members of a gateway that is killed during a move leave at the new owner, once", async () => {
  const left: string[] = [];
  const world = await clusterOf(
    (context) => ({
      onJoin: (session, { query }) => {
        session.attachment = query;
      },
      onMessage: () => {},
      onLeave: (session, reason) => left.push(`${session.attachment} ${reason.kind} ${context.epoch}`),
    }),
    { gateways: 2, delayMs: () => 5 },
  );
  await world.client("g2", room, undefined, "stays");
  await world.client("g1", room, undefined, "gone");
  await world.advance(200);
  const moving = moveAway(world, room);
  await world.advance(40);
  world.kill("g1");
  expect((await moving).kind).toBe("moved");
  await world.advance(10_000);
  expect(left).toEqual(["gone lost 2"]);
});

/** What one of the owners has shown: each turn says under which epoch and at which server's clock it ran. */
function epochRoom(context: { readonly epoch: number; broadcast(text: string): void }) {
  return {
    onMessage: (_session: unknown, message: { text(): string }) =>
      context.broadcast(`${context.epoch} ${message.text()}`),
    onTick: () => context.broadcast(`${context.epoch} tick`),
  };
}

test("LIVE-9: a server that was stopped for longer than its lease shows nothing when it comes back, and gives the room up", async () => {
  const world = await clusterOf(epochRoom, { servers: 3, gateways: 2, app: { tickHz: 20 } });
  const clients = [await world.client("g1", room), await world.client("g2", room)];
  await world.advance(500);
  const owner = (await world.ownerOf(room)) ?? "";
  const zombie = world.servers.get(owner);
  zombie?.host.stop();
  for (let ms = 0; ms < 8_000; ms += 100) {
    clients[0]?.say(String(ms));
    await world.advance(100);
  }
  expect(await world.ownerOf(room)).not.toBe(owner);
  const shown = clients.map((client) => client.frames.length);
  zombie?.host.continue();
  await world.advance(2_000);
  for (const [index, client] of clients.entries()) {
    expect(client.closeCode).toBeUndefined();
    const later = client.frames.slice(shown[index]);
    expect(later.length).toBeGreaterThan(20);
    expect(new Set(later.map((frame) => frame.split(" ")[0]))).toEqual(new Set(["2"]));
    // Epochs never go back in what a member sees.
    const epochs = client.frames.map((frame) => Number(frame.split(" ")[0]));
    expect(epochs).toEqual([...epochs].sort((one, other) => one - other));
  }
  await world.advance(3_000);
  expect(zombie?.running.rooms).toBe(0);
  expect(zombie?.running.state).toBe("live");
  expect(await world.store.readHead(room as never)).toMatchObject({ head: { epoch: 2 } });
});

test("LIVE-9: a server that was stopped for less than its lease goes on with its rooms, and nothing is lost", async () => {
  const { world, speakers } = await lineCluster();
  const owner = (await world.ownerOf(room)) ?? "";
  for (const stopMs of [300, 1_500, 2_200]) {
    world.servers.get(owner)?.host.stop();
    await speak(world, speakers, stopMs, 20);
    world.servers.get(owner)?.host.continue();
    await speak(world, speakers, 1_500, 20);
    await world.advance(1_500);
  }
  await world.advance(2_000);
  expect(await world.ownerOf(room)).toBe(owner);
  expectOneLine(speakers);
});

test("LIVE-9: a server that is cut off from everybody stops its turns before anybody takes its rooms", async () => {
  const turns: [epoch: number, atMs: number][] = [];
  let isCutOff = false;
  const world = await clusterOf(
    (context) => ({
      onMessage: () => {},
      onTick: () => turns.push([context.epoch, world.world.nowMs()]),
    }),
    {
      servers: 3,
      app: { tickHz: 20 },
      wrapStore: (store, host) => cutOffWhere(store, () => isCutOff && host === world.servers.get(owner)?.host),
    },
  );
  let owner = "";
  const client = await world.client("g1", room);
  await world.advance(1_000);
  owner = (await world.ownerOf(room)) ?? "";
  isCutOff = true;
  for (const other of ["g1", "s1", "s2", "s3"]) if (other !== owner) world.network.hold(owner, other);
  await world.advance(9_000);
  const lastOfFirst = Math.max(...turns.filter(([epoch]) => epoch === 1).map(([, atMs]) => atMs));
  const firstOfSecond = Math.min(...turns.filter(([epoch]) => epoch === 2).map(([, atMs]) => atMs));
  expect(Number.isFinite(firstOfSecond)).toBe(true);
  expect(lastOfFirst).toBeLessThan(firstOfSecond);
  isCutOff = false;
  for (const other of ["g1", "s1", "s2", "s3"]) if (other !== owner) world.network.release(owner, other);
  await world.advance(5_000);
  expect(turns.filter(([epoch, atMs]) => epoch === 1 && atMs > firstOfSecond)).toEqual([]);
  expect(world.servers.get(owner)?.running.rooms).toBe(0);
  expect(client.closeCode).toBeUndefined();
});

/** A store that answers `unavailable` to everything while `isAway`. */
function cutOffWhere(store: Store, isAway: () => boolean): Store {
  const away = { kind: "unavailable" as const, reason: "the store is away" };
  return storeWith(store, {
    members: {
      put: async (member) => (isAway() ? away : store.members.put(member)),
      list: async () => (isAway() ? away : store.members.list()),
      remove: async (...given) => (isAway() ? away : store.members.remove(...given)),
    },
    readHead: async (...given) => (isAway() ? away : store.readHead(...given)),
    takeover: async (requests) => (isAway() ? requests.map(() => away) : store.takeover(requests)),
    release: async (...given) => (isAway() ? away : store.release(...given)),
    saveSnapshot: async (...given) => (isAway() ? away : store.saveSnapshot(...given)),
    loadSnapshot: async (...given) => (isAway() ? away : store.loadSnapshot(...given)),
  });
}

// A server that freezes itself wins the heads of its rooms again.
test.each([
  [1_000, 1],
  [5_000, 2],
])("ROOM-20: a store that is away for %i ms stops rooms at most, and costs nobody anything", async (awayMs, epoch) => {
  let isAway = false;
  const { world, speakers } = await lineCluster({ wrapStore: (store) => cutOffWhere(store, () => isAway) });
  const owner = await world.ownerOf(room);
  await speak(world, speakers, 100);
  isAway = true;
  await speak(world, speakers, awayMs, 20);
  isAway = false;
  await speak(world, speakers, 2_000, 20);
  await world.advance(3_000);
  expectOneLine(speakers);
  expect(await world.ownerOf(room)).toBe(owner);
  expect(await world.store.readHead(room as never)).toMatchObject({ head: { epoch } });
  // Rooms go on standing: who comes is served.
  const late = await world.client("g1", "room/new");
  await world.advance(300);
  expect(late.frames).toHaveLength(1);
});

test("ROOM-20: a room whose move meets an absent store is with one owner when the store is back, and nothing is lost", async () => {
  for (let atMs = 0; atMs < 60; atMs += 4) {
    let isAway = false;
    const { world, speakers } = await lineCluster({ wrapStore: (store) => cutOffWhere(store, () => isAway) });
    const moving = moveAway(world, room);
    await speak(world, speakers, atMs, 2);
    isAway = true;
    await speak(world, speakers, 700, 10);
    isAway = false;
    const { kind } = await moving;
    await speak(world, speakers, 500, 10);
    await world.advance(2_000);
    expect(["moved", "failed"]).toContain(kind);
    expectOneLine(speakers);
  }
});

test("OWN-3: a head that was read before a second silence does not let a room run after it", async () => {
  let owner = "";
  let isAway = false;
  let delayMs = 0;
  const turns: [epoch: number, atMs: number][] = [];
  const world = await clusterOf(
    (context) => ({ onMessage: () => {}, onTick: () => turns.push([context.epoch, world.world.nowMs()]) }),
    {
      servers: 2,
      app: { tickHz: 50 },
      wrapStore: (store, host) => {
        const here = () => host === world?.servers.get(owner)?.host;
        return storeWith(
          cutOffWhere(store, () => isAway && here()),
          {
            // The head is read at once, and its answer is long under way.
            readHead: async (...given) => {
              const answer = await store.readHead(...given);
              const slowMs = here() ? delayMs : 0;
              if (slowMs > 0) await new Promise<void>((resolve) => host.after(slowMs, resolve));
              return answer;
            },
          },
        );
      },
    },
  );
  await world.client("g1", room);
  await world.advance(500);
  owner = (await world.ownerOf(room)) ?? "";
  // First silence; it ends, and the question for the head is answered very late.
  isAway = true;
  await world.advance(2_600);
  delayMs = 9_000;
  isAway = false;
  await world.advance(800);
  // Second silence, long enough for the other to take over.
  isAway = true;
  for (const other of ["g1", "s1", "s2"]) if (other !== owner) world.network.hold(owner, other);
  await world.advance(5_500);
  expect(await world.ownerOf(room)).not.toBe(owner);
  const takenAtMs = world.world.nowMs();
  isAway = false;
  await world.advance(8_000);
  expect(turns.filter(([epoch, atMs]) => epoch === 1 && atMs > takenAtMs)).toEqual([]);
});
