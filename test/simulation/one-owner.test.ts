import { expect, test } from "vitest";
import type { Store } from "../../gateway/store/port.ts";
import type { RoomKey, ServerId } from "../../gateway/wire/ids.ts";
import { ledger } from "../../load/ledger.ts";
import { clusterOf } from "../support/cluster-of.ts";
import { RawGateway } from "../support/raw-gateway.ts";
import { storeWith } from "../support/store-with.ts";
import { VirtualCluster } from "../support/virtual-cluster.ts";
import type { VirtualHost } from "../support/virtual-host.ts";

// Nothing is ever appended for a memory room, so nothing but its head could tell two owners of each other.

const room = "room/a";
const lapseMs = 4_000;

/** Delays of one server's calls to the store, each at the moment when it is called. */
interface Slowness {
  server: string;
  takeoverMs: number;
  answerMs: number;
  takeoversAsked: number;
}

async function slowCluster(): Promise<{ world: VirtualCluster; slow: Slowness; owner: string; other: string }> {
  const slow: Slowness = { server: "", takeoverMs: 0, answerMs: 0, takeoversAsked: 0 };
  const wrapStore = (store: Store, host: VirtualHost): Store => {
    const pause = (ms: number): Promise<void> => new Promise((resolve) => world.world.after(ms, resolve));
    return storeWith(store, {
      takeover: async (requests) => {
        if (host !== world.servers.get(slow.server)?.host) return store.takeover(requests);
        slow.takeoversAsked += 1;
        const { takeoverMs, answerMs } = slow;
        if (takeoverMs > 0) await pause(takeoverMs);
        const answers = await store.takeover(requests);
        if (answerMs > 0) await pause(answerMs);
        return answers;
      },
    });
  };
  const world: VirtualCluster = await clusterOf(() => ({ onMessage: (session) => session.send("heard") }), {
    gateways: 2,
    wrapStore,
  });
  await world.client("g1", room);
  await world.advance(500);
  const owner = (await world.ownerOf(room)) ?? "";
  return { world, slow, owner, other: owner === "s1" ? "s2" : "s1" };
}

function ownersOf(world: VirtualCluster): string[] {
  return [...world.servers.keys()].filter((id) => {
    const { running } = world.servers.get(id) ?? {};
    return running !== undefined && running.rooms > 0;
  });
}

async function until(world: VirtualCluster, isSo: () => boolean): Promise<void> {
  for (let waitedMs = 0; !isSo(); waitedMs += 10) {
    if (waitedMs > 20_000) throw new Error("it does not come to that");
    await world.advance(10);
  }
}

test("OWN-3: of an owner that comes back and a takeover that was decided before and lands after, one has the room", async () => {
  const { world, slow, owner, other } = await slowCluster();
  Object.assign(slow, { server: other, takeoverMs: 800 });
  world.servers.get(owner)?.host.stop();
  await until(world, () => slow.takeoversAsked > 0);
  world.servers.get(owner)?.host.continue();
  await world.advance(5_000);
  expect(ownersOf(world)).toEqual([await world.ownerOf(room)]);
});

test("OWN-3: a server whose takeover lands while it stands still does not run the room that was taken from it meanwhile", async () => {
  const { world, slow, owner, other } = await slowCluster();
  await world.addServer("s3");
  await world.advance(1_500);
  // The takeover takes effect at once, and its answer comes when others have long had enough of waiting.
  Object.assign(slow, { server: other, answerMs: lapseMs + 1_500 });
  world.kill(owner);
  const heads: (string | null)[] = [];
  await until(world, () => slow.takeoversAsked > 0);
  await world.advance(20);
  heads.push(await world.ownerOf(room));
  world.servers.get(other)?.host.stop();
  await world.advance(lapseMs);
  await world.client("g2", room);
  await world.advance(500);
  heads.push(await world.ownerOf(room));
  world.servers.get(other)?.host.continue();
  await world.advance(5_000);
  expect(heads).toEqual([other, "s3"]);
  expect(ownersOf(world)).toEqual(["s3"]);
});

test("OWN-3, MOVE-10: an owner that wins its head again without hearing so writes nothing behind the epoch before", async () => {
  let owner = "";
  let isMute = false;
  let takeoversUnanswered = 0;
  let heldBack: Promise<void> | undefined;
  const wrapStore = (store: Store, host: VirtualHost): Store => {
    const isOwner = (): boolean => host === world?.servers.get(owner)?.host;
    return storeWith(store, {
      members: {
        ...{ list: () => store.members.list(), remove: (...given) => store.members.remove(...given) },
        put: async (row) => (isMute && isOwner() ? { kind: "unavailable", reason: "away" } : store.members.put(row)),
      },
      append: async (requests) => {
        if (isOwner()) await heldBack;
        return store.append(requests);
      },
      takeover: async (requests) => {
        const answers = await store.takeover(requests);
        if (!isOwner() || takeoversUnanswered === 0) return answers;
        takeoversUnanswered -= 1;
        await new Promise<void>((resolve) => world.world.after(50, resolve));
        return requests.map(() => ({ kind: "unknown", reason: "no answer in time" }) as const);
      },
    });
  };
  const world: VirtualCluster = new VirtualCluster({ apps: { ledger }, wrapStore });
  for (const name of ["s1", "s2"]) await world.addServer(name);
  await world.addGateway("g1");
  await world.advance(1_500);
  const [stays, leaves] = [await world.client("g1", "ledger/a"), await world.client("g1", "ledger/a")];
  await world.advance(500);
  owner = (await world.ownerOf("ledger/a")) ?? "";
  // Somebody's end is not durable yet when the server freezes itself; that everybody knows of it is noted with the next record.
  let letGo: () => void = () => {};
  heldBack = new Promise((resolve) => {
    letGo = resolve;
  });
  leaves.leave();
  await world.advance(20);
  isMute = true;
  await world.advance(2_400);
  isMute = false;
  await world.advance(700);
  takeoversUnanswered = 1;
  heldBack = undefined;
  letGo();
  await world.advance(1_000);
  expect(takeoversUnanswered).toBe(0);
  stays.say("still here");
  await world.advance(500);
  expect(stays.frames.at(-1)).toBe(JSON.stringify({ n: 1, body: "still here" }));
  expect(await world.ownerOf("ledger/a")).toBe(owner);
});

async function twoServers(): Promise<{ world: VirtualCluster; owner: string; other: string }> {
  const world = await clusterOf(() => ({ onMessage: (session) => session.send("heard") }));
  await world.client("g1", room);
  await world.advance(500);
  const owner = (await world.ownerOf(room)) ?? "";
  return { world, owner, other: owner === "s1" ? "s2" : "s1" };
}

test("OWN-11: an owner that was taken for dead and was not lets the room go when a gateway knows of the next one", async () => {
  const { world, owner, other } = await twoServers();
  const [taken] = await world.store.takeover([
    { room: room as RoomKey, expect: { epoch: 1, tail: 0 }, owner: other as ServerId, journaled: false },
  ]);
  expect(taken?.kind).toBe("taken");
  const raw = await world.settle(RawGateway.dial(world, owner));
  raw.bind([], { line: 0, seen: 0, epochSeen: 2 });
  await world.advance(1_000);
  // It is never told where the room stood here, and everybody else was sent to the other one.
  expect(raw.take()).toEqual([]);
  expect(ownersOf(world)).toEqual([other]);
  expect(await world.ownerOf(room)).toBe(other);
});

test("OWN-11: an owner whose gateway errs about the epoch wins its head again once and goes on", async () => {
  const { world, owner } = await twoServers();
  const stays = await world.client("g1", room);
  const raw = await world.settle(RawGateway.dial(world, owner));
  raw.bind([], { line: 0, seen: 0, epochSeen: 9 });
  await world.advance(1_000);
  expect(raw.take()).toContain("bound");
  expect(raw.epoch).toBe(2);
  stays.say("still here");
  await world.advance(500);
  expect(stays.frames.at(-1)).toBe("heard");
  expect(ownersOf(world)).toEqual([owner]);
});

test("LIVE-14: a memory room whose owner's connections are reset again and again while it is asked for stays whole", async () => {
  const world = await clusterOf((room) => ({ onMessage: () => room.broadcast("heard") }), {
    gateways: 2,
    delayMs: () => 1,
  });
  const members = [await world.client("g1", room), await world.client("g2", room)];
  await world.advance(500);
  const owner = (await world.ownerOf(room)) ?? "";
  const other = owner === "s1" ? "s2" : "s1";
  // g1 cannot come to the owner for a moment, and asks the other server, which cannot either.
  for (let ms = 0; ms < 600; ms += 1) {
    world.network.reset("g1", owner);
    world.network.reset(other, owner);
    await world.advance(1);
  }
  await world.advance(2_000);
  expect(ownersOf(world)).toEqual([owner]);
  members[0]?.say("to all");
  await world.advance(500);
  expect(members.map(({ frames }) => frames)).toEqual([["heard"], ["heard"]]);
});
