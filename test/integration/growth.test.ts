import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RoomStatus } from "../support/admin-calls.ts";
import { type Cluster, type StartedProcess, startCluster } from "../support/cluster.ts";
import { Crowd, flawless } from "../support/crowd.ts";
import { roomModule } from "../support/room-module.ts";
import { until } from "../support/until.ts";

const roomCount = 40;
const membersPerRoom = 5;
const rooms = Array.from({ length: roomCount }, (_none, index) => `witness/w${index}`);

let cluster: Cluster;
let crowd: Crowd;

/** A move that is asked for is to be made on a busy machine too. */
const serverFlags = ["--rooms", roomModule("witness-rooms.mjs"), "--freeze-budget-ms", "1500"];
const unbalanced = ["--rebalance-rooms-per-second", "0"];

async function gather(...flags: readonly string[]): Promise<void> {
  cluster = await startCluster({ flags: [...serverFlags, ...flags, "--no-restart"] });
  crowd = await Crowd.join({ clientUrl: cluster.clientUrl, rooms, membersPerRoom, perSecond: 10 });
}

beforeEach(({ onTestFailed }) => {
  onTestFailed(() => console.log(cluster.log.text().slice(-20_000)));
});

afterEach(async () => {
  crowd.leave();
  await cluster.dispose();
});

/** Each server is asked for itself: in how many of their lists each room is. */
async function ownersByRoom(): Promise<Map<string, RoomStatus[]>> {
  const owners = new Map<string, RoomStatus[]>(rooms.map((room) => [room, []]));
  for (const { id } of await cluster.servers()) {
    for (const status of await cluster.rooms(`server=${id}&limit=1000`)) owners.get(status.room)?.push(status);
  }
  return owners;
}

async function expectOneOwnerEach(): Promise<void> {
  const owners = await until(ownersByRoom, (found) => [...found.values()].every(({ length }) => length === 1));
  for (const [only] of owners.values()) expect(only?.sessions).toBe(membersPerRoom);
}

const spread = async (): Promise<string> =>
  (await cluster.liveServers()).map(({ id, rooms: count }) => `${id} ${count}`).join(", ");

describe("a cluster that changes its size under load", () => {
  test("PLACE-12: growing from 3 to 5 servers splits no room, and the new servers get rooms", async () => {
    await gather();
    crowd.start();
    const before = new Map((await cluster.rooms()).map(({ room, server }) => [room, server]));
    const added = await Promise.all(["added-1", "added-2"].map((id) => cluster.addServer(id, serverFlags)));
    expect(await cluster.liveServers()).toHaveLength(5);
    // A server that joins takes no live room by itself.
    const joined = new Map((await cluster.rooms()).map(({ room, server }) => [room, server]));
    const moved = rooms.filter((room) => joined.get(room) !== before.get(room));
    expect(moved.filter((room) => joined.get(room)?.startsWith("added"))).toEqual([]);
    await expectOneOwnerEach();

    // Then the others hand it what it should have.
    await cluster.untilServers(
      (all) => all.filter(({ id, rooms: count }) => id.startsWith("added") && count > 0).length === 2,
      30_000,
    );
    await expectOneOwnerEach();
    console.log(`grown: ${await spread()}`);
    const verdict = await crowd.stop();
    console.log(`grown: ${verdict.sent} sent, ${verdict.received} received`);
    expect(verdict).toMatchObject(flawless);
    for (const server of added) await endByDraining(server);
  });

  test("PLACE-12: shrinking from 5 to 2 servers at once splits no room", async () => {
    await gather(...unbalanced);
    for (const id of ["added-1", "added-2"]) await cluster.addServer(id, [...serverFlags, ...unbalanced]);
    const leaving = (await cluster.liveServers()).map(({ id }) => id).slice(0, 3);
    const targets = (await cluster.liveServers()).map(({ id }) => id).slice(3);
    // Everybody has some rooms to begin with.
    for (const [index, room] of rooms.entries()) {
      const all = [...leaving, ...targets];
      const to = all[index % all.length] ?? "";
      if ((await cluster.room(room))?.server !== to) expect((await cluster.move(room, to)).status).toBe(200);
    }
    crowd.start();
    const startMs = performance.now();
    await Promise.all(leaving.map((id) => cluster.drain(id)));
    await cluster.untilServers((all) => !all.some(({ id }) => leaving.includes(id)), 30_000);
    console.log(
      `shrunk by ${leaving.length} servers in ${(performance.now() - startMs).toFixed(0)} ms: ${await spread()}`,
    );
    expect((await cluster.liveServers()).map(({ id }) => id)).toEqual(targets);
    await expectOneOwnerEach();
    expect(await crowd.stop()).toMatchObject(flawless);
  });
});

async function endByDraining(server: StartedProcess): Promise<void> {
  server.kill("SIGTERM");
  expect(await server.ended).toBe(0);
}
