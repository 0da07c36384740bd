import { expect, test } from "vitest";
import type { AppDefinition, Room, RoomContext } from "../../gateway/room/sdk.ts";
import { VirtualCluster } from "../support/virtual-cluster.ts";

const stateBytesMax = 1_000;
const overLimit = "the room's state is over its limit: it is not stored";

/** A text that only grows; whoever joins is told how long it is. */
function growing(room: RoomContext, isJournaled: boolean): Room {
  let text = "";
  const grow = (more: string): void => {
    text += more;
  };
  return {
    onJoin: (session) => session.send(`${text.length}`),
    onMessage: (session, message) => {
      if (isJournaled) room.append(message.bytes);
      else grow(message.text());
      session.send(`${text.length}`);
    },
    apply: (entry) => grow(new TextDecoder().decode(entry)),
    snapshot: () => new TextEncoder().encode(text),
    restore: (snapshot) => grow(new TextDecoder().decode(snapshot)),
  };
}

async function cluster(app: Partial<AppDefinition>): Promise<VirtualCluster> {
  const isJournaled = app.durability === "commit";
  const create = (room: RoomContext): Room => growing(room, isJournaled);
  const world = new VirtualCluster({
    apps: { app: { durability: "memory", stateBytesMax, create, ...app } },
    server: { snapshotAfter: { journalBytesMin: 500, journalRecordsMax: 1_000 } },
  });
  for (const name of ["s1", "s2"]) await world.addServer(name);
  await world.addGateway("g1");
  await world.advance(1_500);
  return world;
}

async function storedBytes(world: VirtualCluster): Promise<number> {
  const found = await world.store.loadSnapshot("app/a" as never);
  return found.kind === "snapshot" ? found.snapshot.bytes.length : 0;
}

test("ROOM-33: a commit room whose state grows over its limit goes on, says so, and is whole after a crash", async () => {
  const world = await cluster({ durability: "commit" });
  const client = await world.client("g1", "app/a");
  for (let said = 0; said < 40; said += 1) {
    client.say("x".repeat(100));
    await world.advance(20);
  }
  expect(client.closeCode).toBeUndefined();
  expect(client.frames.at(-1)).toBe("4000");
  // Again as the journal grows, not with every turn.
  const errors = world.world.linesWith(overLimit);
  expect(errors.length).toBeGreaterThan(1);
  expect(errors.length).toBeLessThan(10);
  expect(errors[0]).toMatchObject({ level: "error", fields: { room: "app/a", stateBytesMax } });
  expect(await storedBytes(world)).toBeGreaterThan(0);
  expect(await storedBytes(world)).toBeLessThan(2 * stateBytesMax);
  world.kill((await world.ownerOf("app/a")) ?? "");
  await world.advance(1_000);
  const late = await world.client("g1", "app/a");
  await world.advance(100);
  expect(late.frames).toEqual(["4000"]);
});

test("ROOM-33: a memory room whose state is over its limit is let go with the snapshot from before", async () => {
  const world = await cluster({ snapshotEveryMs: 1_000, idleMs: 1_000 });
  const client = await world.client("g1", "app/a");
  client.say("x".repeat(600));
  await world.advance(2_000);
  expect(await storedBytes(world)).toBe(600);
  client.say("x".repeat(600));
  await world.advance(2_500);
  expect(client.frames.at(-1)).toBe("1200");
  expect(world.world.linesWith(overLimit)).toHaveLength(1);
  client.leave();
  await world.advance(5_000);
  expect(await world.ownerOf("app/a")).toBeNull();
  const again = await world.client("g1", "app/a");
  await world.advance(100);
  expect(again.frames).toEqual(["600"]);
});
