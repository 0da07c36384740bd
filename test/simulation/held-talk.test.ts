import { expect, test } from "vitest";
import { defaultTiming } from "../../gateway/cluster/timing.ts";
import { clusterOf, moveAway } from "../support/cluster-of.ts";

const room = "room/a";
const perSecond = 10;

/** An app that takes little talk, at a gateway that holds much. */
async function held(holdFramesMax: number) {
  let heard = 0;
  const world = await clusterOf(
    () => ({
      onMessage: () => {
        heard += 1;
      },
    }),
    { servers: 3, timing: { holdFramesMax }, app: { messagesPerSecondMax: perSecond } },
  );
  const client = await world.client("g1", room);
  await world.advance(100);
  const sayMany = (count: number): void => {
    for (let said = 0; said < count; said += 1) client.say("x");
  };
  return { world, client, sayMany, heard: () => heard };
}

test("ROOM-10: what a gateway has held of a client comes at once and does not count against it, however much its gateway may hold", async () => {
  const { world, client, sayMany, heard } = await held(5_000);
  world.kill((await world.ownerOf(room)) ?? "");
  await world.advance(20);
  sayMany(4_000);
  await world.advance(1_000);
  expect([heard(), client.closeCode]).toEqual([4_000, undefined]);
  // And so with each owner.
  await world.advance(1_000);
  world.kill((await world.ownerOf(room)) ?? "");
  await world.advance(20);
  sayMany(4_000);
  await world.advance(1_000);
  expect([heard(), client.closeCode]).toEqual([8_000, undefined]);
});

test("ROOM-10: a client is excused as much as its gateway may hold, and no more", async () => {
  const { world, client, sayMany, heard } = await held(100);
  await moveAway(world, room);
  /** Less than the hold at a time. */
  const say = async (count: number): Promise<void> => {
    for (let left = count; left > 0; left -= 50) {
      sayMany(Math.min(left, 50));
      await world.advance(5);
    }
  };
  await say(100 + perSecond);
  expect([heard(), client.closeCode]).toEqual([100 + perSecond, undefined]);
  await say(5);
  await world.advance(10);
  expect(client.closeCode).toBe(4429);
});

test("ROOM-31: a gateway that holds for longer than its server would has as long to come back with its sessions", async () => {
  const left: string[] = [];
  const world = await clusterOf(
    () => ({
      onMessage: (session, message) => session.send(message.text()),
      onLeave: (_session, reason) => left.push(reason.kind),
    }),
    { servers: 1, timing: { holdMs: 60_000 }, server: { timing: defaultTiming } },
  );
  const client = await world.client("g1", room);
  await world.advance(100);
  world.network.hold("g1", "s1");
  await world.advance(5_000);
  client.say("held");
  await world.advance(30_000);
  world.network.release("g1", "s1");
  await world.advance(5_000);
  expect([left, client.frames, client.closeCode]).toEqual([[], ["held"], undefined]);
});
