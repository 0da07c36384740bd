import { expect, test } from "vitest";
import type { Durability } from "../../gateway/room/sdk.ts";
import { clusterOf, moveAway, textOf } from "../support/cluster-of.ts";
import { storeWith } from "../support/store-with.ts";

const room = "room/a";
const query = "token=0123456789abcdef";

/** A room that writes down what its joins are told; and all that its servers give to the store, as text. */
async function joinsOf(durability: Durability) {
  const stored: string[] = [];
  const told: string[] = [];
  const world = await clusterOf(
    (context) => ({
      onJoin: (_session, request) => told.push(`${context.epoch} ${request.query}`),
      onMessage: (session, message) => {
        if (durability !== "memory") context.append(message.bytes);
        session.send(`${context.epoch} said`);
      },
      apply: () => {},
      snapshot: () => new TextEncoder().encode("state"),
    }),
    {
      app: { durability, snapshotEveryMs: 500, idleMs: 1_000 },
      wrapStore: (store) =>
        storeWith(store, {
          append: (requests) => {
            for (const { records } of requests) stored.push(...records.map(textOf));
            return store.append(requests);
          },
          saveSnapshot: (key, epoch, snapshot) => {
            stored.push(textOf(snapshot.bytes));
            return store.saveSnapshot(key, epoch, snapshot);
          },
        }),
    },
  );
  const client = await world.client("g1", room, undefined, query);
  await world.advance(100);
  return { world, client, stored, told };
}

test.each(["memory", "commit", { intervalMs: 20 }] as const)(
  "ROOM-40: what a client of a room of durability %j asks with is in no record and no snapshot, and its join is told of it",
  async (durability) => {
    const { world, client, stored, told } = await joinsOf(durability);
    expect(told).toEqual([`1 ${query}`]);
    await moveAway(world, room);
    client.say("x");
    await world.advance(1_500);
    client.leave();
    // The room is let go, with a snapshot of all that it has.
    await world.advance(3_000);
    expect(stored.some((text) => text.includes("state"))).toBe(true);
    expect(stored.filter((text) => text.includes("0123456789"))).toEqual([]);
  },
);

test("ROOM-40: a memory room that begins again is told again what its clients had asked with", async () => {
  const { world, told } = await joinsOf("memory");
  world.kill((await world.ownerOf(room)) ?? "");
  await world.advance(1_000);
  expect(told).toEqual([`1 ${query}`, `2 ${query}`]);
});
