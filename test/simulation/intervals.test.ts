import { expect, test } from "vitest";
import { ledger } from "../../load/ledger.ts";
import { VirtualCluster, type VirtualServer } from "../support/virtual-cluster.ts";

const intervalMs = 200;
const apps = { diary: { ...ledger, durability: { intervalMs } } };
const room = "diary/a";

/** `isAway`: the store takes no records just now. */
async function cluster(isAway = () => false): Promise<VirtualCluster> {
  const made = new VirtualCluster({
    apps,
    wrapStore: (store) => ({
      ...store,
      append: async (requests) =>
        isAway() ? requests.map(() => ({ kind: "unavailable", reason: "away" }) as const) : store.append(requests),
    }),
  });
  for (const name of ["s1", "s2"]) await made.addServer(name);
  await made.addGateway("g1");
  await made.advance(1_500);
  return made;
}

async function tailOf(world: VirtualCluster): Promise<number> {
  const answer = await world.store.readHead(room as never);
  return answer.kind === "head" ? (answer.head?.tail ?? 0) : 0;
}

async function ownerOf(world: VirtualCluster): Promise<VirtualServer> {
  const owner = world.servers.get((await world.ownerOf(room)) ?? "");
  if (!owner) throw new Error("nobody has the room");
  return owner;
}

test("COMMIT-6: what a room with an interval says leaves at once, and is in the store an interval later", async () => {
  const world = await cluster();
  const client = await world.client("g1", room);
  await world.advance(intervalMs * 2);
  const before = await tailOf(world);
  const { running } = await ownerOf(world);
  for (let n = 1; n <= 5; n += 1) {
    client.say(`said:${n}`);
    await world.advance(20);
    expect(client.frames).toHaveLength(1 + n);
  }
  expect(await tailOf(world)).toBe(before);
  expect(running.metrics().unstoredMs).toBe(100);
  await world.advance(intervalMs);
  // All of it is one record.
  expect(await tailOf(world)).toBe(before + 1);
  expect(running.metrics().unstoredMs).toBe(0);
});

test("COMMIT-6: a kill costs what was said within the last interval, and nothing from before", async () => {
  const world = await cluster();
  const client = await world.client("g1", room);
  await world.advance(intervalMs * 2);
  let said = 0;
  for (; said < 50; said += 1) {
    client.say(`said:${said}`);
    await world.advance(10);
  }
  world.kill((await ownerOf(world)).id);
  await world.advance(1_000);
  const late = await world.client("g1", room);
  await world.advance(100);
  const { total } = JSON.parse(late.frames[0] ?? "{}") as { total: number };
  expect(client.frames).toHaveLength(1 + said);
  expect(total).toBeLessThan(said);
  expect(total).toBeGreaterThanOrEqual(said - intervalMs / 10);
  // It goes on behind what is left, on the same socket.
  client.say("on");
  await world.advance(50);
  expect(client.closeCode).toBeUndefined();
  expect(client.frames.at(-1)).toBe(JSON.stringify({ n: total + 1, body: "on" }));
});

test("COMMIT-6: a move costs nothing", async () => {
  const world = await cluster();
  const client = await world.client("g1", room);
  await world.advance(100);
  const from = (await ownerOf(world)).id;
  for (let n = 1; n <= 5; n += 1) client.say(`said:${n}`);
  await world.advance(10);
  const moved = world.move(room, from === "s1" ? "s2" : "s1");
  expect(moved && (await world.settle(moved)).kind).toBe("moved");
  client.say("said:6");
  await world.advance(50);
  const places = client.frames.slice(1).map((frame) => (JSON.parse(frame) as { n: number }).n);
  expect(places).toEqual([1, 2, 3, 4, 5, 6]);
});

test("COMMIT-6: how much a crash would cost while the store takes nothing is told, and is nothing when it does again", async () => {
  let isAway = false;
  const world = await cluster(() => isAway);
  const client = await world.client("g1", room);
  await world.advance(intervalMs * 2);
  const { running } = await ownerOf(world);
  isAway = true;
  client.say("said:1");
  await world.advance(3_000);
  client.say("said:2");
  await world.advance(100);
  expect(client.frames).toHaveLength(3);
  expect(running.metrics().unstoredMs).toBe(3_100);
  isAway = false;
  await world.advance(2_000);
  expect(running.metrics().unstoredMs).toBe(0);
});
