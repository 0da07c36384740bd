import { expect, test } from "vitest";
import { apps } from "../../load/rooms.ts";
import { storeWith } from "../support/store-with.ts";
import { VirtualCluster } from "../support/virtual-cluster.ts";

async function cluster(servers = 3): Promise<VirtualCluster> {
  const made = new VirtualCluster({ apps });
  for (let index = 1; index <= servers; index += 1) await made.addServer(`s${index}`);
  await made.addGateway("g1");
  await made.advance(1_500);
  return made;
}

function places(frames: readonly string[]): number[] {
  return frames.map((frame) => JSON.parse(frame) as { n?: number }).flatMap(({ n }) => (n === undefined ? [] : [n]));
}

function oneTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

test("COMMIT-1: a ledger goes on exactly across kills of its servers", async () => {
  const world = await cluster();
  const clients = [await world.client("g1", "ledger/a"), await world.client("g1", "ledger/a")];
  await world.advance(100);
  let said = 0;
  for (let round = 0; round < 12; round += 1) {
    for (let index = 0; index < 20; index += 1) {
      for (const [who, client] of clients.entries()) client.say(`${who}:${said}`);
      said += 1;
      await world.advance(3);
    }
    const owner = await world.ownerOf("ledger/a");
    if (owner) world.kill(owner);
    await world.addServer(`n${round}`);
    await world.advance(200);
  }
  await world.advance(2_000);
  for (const [who, client] of clients.entries()) {
    expect(client.closeCode).toBeUndefined();
    expect(places(client.frames)).toEqual(oneTo(said * 2));
    const bodies = client.frames.slice(1).map((frame) => (JSON.parse(frame) as { body: string }).body);
    expect(bodies.filter((body) => body.startsWith(`${who}:`))).toEqual(
      Array.from({ length: said }, (_, index) => `${who}:${index}`),
    );
  }
  const late = await world.client("g1", "ledger/a");
  await world.advance(100);
  expect(JSON.parse(late.frames[0] ?? "{}")).toMatchObject({ total: said * 2 });
});

test("MOVE-6: a ledger that moves and drains has said everything before it goes, and is there after all servers were killed", async () => {
  const world = await cluster();
  const client = await world.client("g1", "ledger/a");
  await world.advance(100);
  for (let index = 0; index < 100; index += 1) client.say(String(index));
  const drained = world.servers.get((await world.ownerOf("ledger/a")) ?? "");
  const left = drained?.running.drain();
  for (let index = 100; index < 200; index += 1) client.say(String(index));
  await world.settle(left ?? Promise.resolve());
  for (let index = 200; index < 250; index += 1) client.say(String(index));
  await world.advance(500);
  expect(places(client.frames)).toEqual(oneTo(250));
  for (const id of [...world.servers.keys()]) world.kill(id);
  await world.advance(100);
  client.say("250");
  await world.addServer("n1");
  await world.advance(3_000);
  expect(client.closeCode).toBeUndefined();
  expect(places(client.frames)).toEqual(oneTo(251));
});

test("COMMIT-1: a gateway is not told of a join that is not durable, also when it asks where its sessions stand", async () => {
  let owner = "";
  let isStuck = false;
  const world = new VirtualCluster({
    apps,
    wrapStore: (store, host) =>
      storeWith(store, {
        append: (requests) => {
          const isLost = isStuck && host === world.servers.get(owner)?.host;
          return isLost ? new Promise(() => {}) : store.append(requests);
        },
      }),
  });
  for (const name of ["s1", "s2"]) await world.addServer(name);
  await world.addGateway("g1");
  await world.advance(1_500);
  await world.client("g1", "ledger/a");
  await world.advance(100);
  owner = (await world.ownerOf("ledger/a")) ?? "";
  isStuck = true;
  const late = await world.client("g1", "ledger/a");
  await world.advance(50);
  world.network.reset("g1", owner);
  await world.advance(200);
  expect(late.frames).toEqual([]);
  world.kill(owner);
  await world.advance(3_000);
  late.say("in at last");
  await world.advance(100);
  expect(late.closeCode).toBeUndefined();
  expect(places(late.frames)).toEqual([1]);
});
