import { expect, test } from "vitest";
import type { Room } from "../../gateway/room/sdk.ts";
import { bytesOf, type ClusterShape, clusterOf, moveAway } from "../support/cluster-of.ts";
import { expectOneLine, LineSpeaker, lineRoom, speak, speakersIn } from "../support/line-room.ts";
import type { VirtualCluster } from "../support/virtual-cluster.ts";

const room = "room/a";

async function lineCluster(shape: ClusterShape): Promise<{ world: VirtualCluster; speakers: LineSpeaker[] }> {
  const world = await clusterOf(lineRoom, { gateways: 2, ...shape });
  return { world, speakers: await speakersIn(world, room) };
}

test("MOVE-21: a server that drains without another keeps its rooms for a while, then lets them go with what they were", async () => {
  const { world, speakers } = await lineCluster({ servers: 1 });
  await speak(world, speakers, 50);
  const left = world.servers.get("s1")?.running.drain();
  await speak(world, speakers, 5_000, 100);
  expectOneLine(speakers);
  await world.settle(left ?? Promise.resolve());
  expect(await world.ownerOf(room)).toBeNull();
  const said = speakers.reduce((sum, speaker) => sum + speaker.said, 0);
  const snapshot = await world.store.loadSnapshot(room as never);
  expect(snapshot).toMatchObject({ kind: "snapshot", snapshot: { bytes: bytesOf(String(said)) } });
});

test("MOVE-21: a drain waits for a server that comes, and moves everything there", async () => {
  const { world, speakers } = await lineCluster({ servers: 1 });
  const left = world.servers.get("s1")?.running.drain();
  await speak(world, speakers, 2_000, 20);
  await world.addServer("s2");
  await speak(world, speakers, 2_000, 20);
  await world.settle(left ?? Promise.resolve());
  expect(await world.ownerOf(room)).toBe("s2");
  await world.advance(200);
  expectOneLine(speakers);
});

test("MOVE-22: a room that cannot be moved does not keep its server from leaving", async () => {
  const heavy = (): Room => ({
    onMessage: (session, message) => session.send(message.text()),
    snapshot: () => new Uint8Array(2_000),
  });
  const world = await clusterOf(heavy, { servers: 2, app: { stateBytesMax: 1_000 } });
  const client = await world.client("g1", room);
  await world.advance(50);
  const owner = world.servers.get((await world.ownerOf(room)) ?? "");
  await world.settle(owner?.running.drain() ?? Promise.resolve());
  expect(owner?.running.state).toBe("stopped");
  await world.advance(1_000);
  client.say("still here");
  await world.advance(200);
  expect(client.closeCode).toBeUndefined();
  expect(client.frames).toEqual(["still here"]);
});

test("PLACE-11: rooms move to a server that has joined, slowly, but not the ones that were put by hand", async () => {
  const world = await clusterOf(lineRoom, { servers: 2, gateways: 2, server: { rebalanceRoomsPerSecond: 5 } });
  const keys = Array.from({ length: 40 }, (_, index) => `room/${index}`);
  const speakers = await Promise.all(keys.map(async (key) => new LineSpeaker(await world.client("g1", key))));
  await world.advance(500);
  const pinned = keys.slice(0, 6);
  for (const key of pinned) await moveAway(world, key, "s2").catch(() => undefined);
  const pinnedAtS2 = pinned;
  await world.addServer("s3");
  for (let second = 0; second < 30; second += 1) {
    const before = world.servers.get("s3")?.running.rooms ?? 0;
    for (const speaker of speakers) speaker.say();
    await world.advance(1_000);
    const after = world.servers.get("s3")?.running.rooms ?? 0;
    if (second < 4) expect(after).toBe(0);
    // Two sources, five a second each.
    expect(after - before).toBeLessThanOrEqual(10);
  }
  expect(world.servers.get("s3")?.running.rooms).toBeGreaterThanOrEqual(5);
  const owners = await Promise.all(pinnedAtS2.map((key) => world.ownerOf(key)));
  const byHand = owners.filter((owner) => owner === "s2");
  // Those that were at s2 by themselves could not be moved there by hand, and may have gone.
  expect(byHand.length).toBeGreaterThanOrEqual(1);
  for (const speaker of speakers) expectOneLine([speaker]);
});
