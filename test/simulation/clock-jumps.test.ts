import { expect, test } from "vitest";
import type { RunningRoomServer } from "../../gateway/room/room-server.ts";
import { apps } from "../../load/rooms.ts";
import type { VirtualClient } from "../support/virtual-client.ts";
import { VirtualCluster } from "../support/virtual-cluster.ts";

const jumpMs = 60_000;

/** One server and one gateway, and a client whose messages have come back. */
async function cluster(room: string): Promise<{ world: VirtualCluster; client: VirtualClient }> {
  const world = new VirtualCluster({ apps });
  await world.addServer("s1");
  await world.addGateway("g1");
  await world.advance(1_500);
  const client = await world.client("g1", room);
  await world.advance(100);
  client.say("before");
  await world.advance(100);
  expect(client.frames.length).toBeGreaterThan(0);
  return { world, client };
}

function sessionsAt(world: VirtualCluster): number | undefined {
  const server = world.servers.get("s1")?.running as RunningRoomServer | undefined;
  return server?.sessions;
}

/** Whether what the client says now comes back. */
async function isServed(world: VirtualCluster, client: VirtualClient): Promise<boolean> {
  const heard = client.frames.length;
  client.say("after");
  await world.advance(6_000);
  return client.closeCode === undefined && client.frames.length > heard;
}

test.each([
  ["its clock jumps", async (world: VirtualCluster) => world.servers.get("s1")?.host.jump(jumpMs)],
  [
    "its process stands still",
    async (world: VirtualCluster) => {
      world.servers.get("s1")?.host.stop();
      await world.advance(8_000);
      world.servers.get("s1")?.host.jump(jumpMs);
      world.servers.get("s1")?.host.continue();
    },
  ],
])("LIVE-15: a server keeps the sessions of a gateway that is cut off from it while %s", async (_what, happens) => {
  const { world, client } = await cluster("ledger/a");
  world.network.hold("s1", "g1");
  // Its link has ended for silence, and the server looks at who is away once a second.
  await world.advance(3_500);
  await happens(world);
  await world.advance(2_500);
  expect(sessionsAt(world)).toBe(1);
  world.network.release("s1", "g1");
  await world.advance(3_000);
  expect(await isServed(world, client)).toBe(true);
});

test("LIVE-15: a server still gives up what a gateway that has been cut off for long enough had", async () => {
  const { world } = await cluster("ledger/a");
  world.network.hold("s1", "g1");
  await world.advance(30_000);
  expect(sessionsAt(world)).toBe(0);
});

test("LIVE-15: a gateway whose clock jumps during an outage holds its clients as long as without", async () => {
  const { world, client } = await cluster("ledger/a");
  world.network.hold("s1", "g1");
  await world.advance(4_000);
  world.gateways.get("g1")?.host.jump(jumpMs);
  await world.advance(5_000);
  expect(client.closeCode).toBeUndefined();
  world.network.release("s1", "g1");
  await world.advance(3_000);
  expect(await isServed(world, client)).toBe(true);
});

test("LIVE-15: a gateway still closes its clients with 4503 when an outage lasts as long as it holds", async () => {
  const { world, client } = await cluster("ledger/a");
  world.network.hold("s1", "g1");
  await world.advance(4_000);
  world.gateways.get("g1")?.host.jump(jumpMs);
  await world.advance(16_000);
  expect(client.closeCode).toBe(4503);
});
