import { expect, test } from "vitest";
import { clusterOf, moveAway } from "../support/cluster-of.ts";
import { RawGateway } from "../support/raw-gateway.ts";

/** A room that tells what it has heard, and a gateway that can say anything. */
async function streams() {
  const turns: string[] = [];
  const world = await clusterOf(
    () => ({
      onJoin: (session, { query }) => {
        session.attachment = query;
        turns.push(`join ${query}`);
      },
      onMessage: (session, message) => {
        turns.push(`${session.attachment} says ${message.text()}`);
        if (message.text() === "close me") session.close(4000, "closed");
      },
      onLeave: (session, reason) => turns.push(`${session.attachment} ${reason.kind}`),
    }),
    { servers: 2 },
  );
  const dialling = RawGateway.dial(world, "s1");
  const gateway = await world.settle(dialling);
  gateway.bind([[7, 0]]);
  await world.advance(10);
  expect(gateway.take()).toEqual(["bound 7:0"]);
  /** What the gateway hears and the room has done, once everything has arrived. */
  const outcome = async (): Promise<[string[], string[]]> => {
    await world.advance(10);
    return [gateway.take(), turns.splice(0)];
  };
  return { world, gateway, outcome };
}

test("ROOM-1: a message is applied only in its place: repetitions are acknowledged again, what is behind a gap is dropped", async () => {
  const { gateway, outcome } = await streams();
  gateway.join(7, 1);
  gateway.up(7, 2, "a");
  gateway.up(7, 3, "b");
  expect(await outcome()).toEqual([["ack 7:3"], ["join 7", "7 says a", "7 says b"]]);
  gateway.up(7, 2, "a");
  gateway.join(7, 1);
  expect(await outcome()).toEqual([["ack 7:3"], []]);
  gateway.up(7, 5, "d");
  expect(await outcome()).toEqual([[], []]);
  gateway.up(7, 4, "c");
  gateway.up(7, 5, "d");
  expect(await outcome()).toEqual([["ack 7:5"], ["7 says c", "7 says d"]]);
});

test("ROOM-1: messages and leaves of a session that never joined are nobody's", async () => {
  const { gateway, outcome } = await streams();
  gateway.up(9, 2, "x");
  gateway.leave(9, 3);
  expect(await outcome()).toEqual([[], []]);
});

test("ROOM-1: a join sets where a stream begins, as after a crash", async () => {
  const { gateway, outcome } = await streams();
  gateway.join(7, 40);
  gateway.up(7, 40, "old");
  gateway.up(7, 42, "gap");
  gateway.up(7, 41, "next");
  expect(await outcome()).toEqual([["ack 7:41"], ["join 7", "7 says next"]]);
});

test("ROOM-1: a leave behind a gap waits for what is missing; a repeated one is not a second", async () => {
  const { gateway, outcome } = await streams();
  gateway.join(7, 1);
  gateway.leave(7, 3);
  expect(await outcome()).toEqual([["ack 7:1"], ["join 7"]]);
  gateway.up(7, 2, "a");
  gateway.leave(7, 3);
  gateway.leave(7, 3);
  expect(await outcome()).toEqual([["ack 7:3"], ["7 says a", "7 left"]]);
});

test("ROOM-5: what a closed session still says is acknowledged and not heard", async () => {
  const { gateway, outcome } = await streams();
  gateway.join(7, 1);
  gateway.up(7, 2, "close me");
  gateway.up(7, 3, "too late");
  gateway.leave(7, 4);
  const [heard, turns] = await outcome();
  expect(turns).toEqual(["join 7", "7 says close me", "7 closed"]);
  expect(heard.filter((line) => line.startsWith("close"))).toEqual(["close 7 4000"]);
  expect(heard.some((line) => line.startsWith("ack 7:"))).toBe(true);
});

test("ROOM-2: a gateway that binds again is told where its sessions stand; those that it does not name have left", async () => {
  const { gateway, outcome } = await streams();
  for (const session of [7, 8]) gateway.join(session, 1);
  gateway.up(7, 2, "a");
  await outcome();
  gateway.bind([[7, 1]]);
  expect(await outcome()).toEqual([["bound 7:2"], ["8 lost"]]);
});

test("ROOM-3: what a gateway calls acknowledged is not applied again", async () => {
  const { gateway, outcome } = await streams();
  gateway.join(7, 1);
  await outcome();
  gateway.bind([[7, 5]]);
  expect(await outcome()).toEqual([["bound 7:5"], []]);
  gateway.up(7, 5, "again");
  gateway.up(7, 6, "new");
  expect(await outcome()).toEqual([["ack 7:6"], ["7 says new"]]);
});

test("MOVE-2: a frozen room takes nothing in; the gateway is told to wait, then where to go", async () => {
  const { world, gateway, outcome } = await streams();
  gateway.join(7, 1);
  await outcome();
  expect((await moveAway(world, "room/a")).kind).toBe("moved");
  gateway.up(7, 2, "too late");
  const [heard, turns] = await outcome();
  expect(heard).toEqual(["flow 0"]);
  expect(turns).toEqual([]);
});
