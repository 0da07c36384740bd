import { expect, test } from "vitest";
import type { RunningRoomServer } from "../../gateway/room/room-server.ts";
import { apps } from "../../load/rooms.ts";
import { storeWith } from "../support/store-with.ts";
import { VirtualCluster } from "../support/virtual-cluster.ts";

async function cluster(
  options: Partial<ConstructorParameters<typeof VirtualCluster>[0]> = {},
): Promise<VirtualCluster> {
  const world = new VirtualCluster({ apps, ...options });
  for (let index = 1; index <= 2; index += 1) await world.addServer(`s${index}`);
  await world.addGateway("g1");
  await world.advance(1_500);
  return world;
}

function sessions(world: VirtualCluster): number {
  return [...world.servers.values()].reduce((sum, { running }) => sum + (running as RunningRoomServer).sessions, 0);
}

test("ROOM-30: a session that was given up while its gateway was silent is closed, not taken for a new one", async () => {
  const world = await cluster();
  const client = await world.client("g1", "ledger/a");
  await world.advance(100);
  client.say("before");
  await world.advance(100);
  world.gateways.get("g1")?.host.stop();
  await world.advance(9_000);
  expect(sessions(world)).toBe(0);
  world.gateways.get("g1")?.host.continue();
  client.say("after");
  await world.advance(6_000);
  expect(client.closeCode).toBe(1012);
  const reader = await world.client("g1", "ledger/a");
  await world.advance(200);
  // What was not acknowledged when the room gave the session up is not applied behind its back.
  expect(JSON.parse(reader.frames[0] ?? "{}")).toMatchObject({ total: 1 });
});

test("GATE-13: a session without any ack whose gateway was silent is closed, since nobody can place it", async () => {
  const world = await cluster({ delayMs: () => 20 });
  const client = await world.client("g1", "ledger/a");
  client.say("one");
  // Its join is under way, and the ack is not back.
  await world.advance(50);
  expect(client.frames).toHaveLength(0);
  world.gateways.get("g1")?.host.stop();
  await world.advance(9_000);
  world.gateways.get("g1")?.host.continue();
  await world.advance(6_000);
  const reader = await world.client("g1", "ledger/a");
  await world.advance(500);
  const { total } = JSON.parse(reader.frames[0] ?? "{}") as { total: number };
  expect(total).toBeLessThanOrEqual(1);
  expect(client.closeCode).toBe(1012);
});

test("ROOM-34: a session whose join was not durable yet when its gateway had been silent goes on, and is in the room once", async () => {
  let release: (() => void) | undefined;
  let stuck: Promise<void> | undefined;
  const world = await cluster({
    wrapStore: (store) =>
      storeWith(store, {
        append: async (requests) => {
          await stuck;
          return store.append(requests);
        },
      }),
  });
  const first = await world.client("g1", "ledger/a");
  await world.advance(100);
  stuck = new Promise((resolve) => {
    release = resolve;
  });
  const late = await world.client("g1", "ledger/a");
  late.say("one");
  await world.advance(50);
  expect(sessions(world)).toBe(2);
  // Its clock says that it was silent for longer than a lease, so it cannot tell what became of the session.
  world.gateways.get("g1")?.host.jump(4_000);
  await world.advance(500);
  world.network.reset("g1", (await world.ownerOf("ledger/a")) ?? "");
  await world.advance(500);
  release?.();
  await world.advance(500);
  expect([first.closeCode, late.closeCode]).toEqual([undefined, undefined]);
  expect(late.frames.slice(1).map((frame) => JSON.parse(frame).body)).toEqual(["one"]);
  expect(sessions(world)).toBe(2);
  late.leave();
  await world.advance(500);
  expect(sessions(world)).toBe(1);
});

test("ROOM-31: a gateway that was started anew under its old id has none of the sessions of the process before it", async () => {
  const world = await cluster();
  await world.client("g1", "ledger/a");
  await world.advance(200);
  expect(sessions(world)).toBe(1);
  world.kill("g1");
  await world.addGateway("g1");
  // Long before its row could be taken for lost, had nobody come back.
  await world.advance(2_500);
  const reader = await world.client("g1", "ledger/a");
  await world.advance(300);
  expect(reader.frames).toHaveLength(1);
  expect(sessions(world)).toBe(1);
});

test("COMMIT-4: with a snapshot every few records, nothing is lost or applied twice across kills", async () => {
  const world = await cluster({ server: { snapshotAfter: { journalBytesMin: 64, journalRecordsMax: 3 } } });
  const client = await world.client("g1", "ledger/a");
  await world.advance(100);
  let said = 0;
  for (let round = 0; round < 10; round += 1) {
    for (let index = 0; index < 15; index += 1) {
      client.say(String(said));
      said += 1;
      await world.advance(2);
    }
    world.kill((await world.ownerOf("ledger/a")) ?? "");
    await world.addServer(`n${round}`);
    await world.advance(300);
  }
  await world.advance(2_000);
  const bodies = client.frames.slice(1).map((frame) => (JSON.parse(frame) as { body: string }).body);
  expect(bodies).toEqual(Array.from({ length: said }, (_, index) => String(index)));
});
