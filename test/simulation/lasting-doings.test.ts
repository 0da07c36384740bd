import { expect, test } from "vitest";
import type { AppDefinition, Room, RoomContext } from "../../gateway/room/sdk.ts";
import { moveAway } from "../support/cluster-of.ts";
import { VirtualCluster } from "../support/virtual-cluster.ts";

/** What happened in all rooms of all owners, by virtual time. */
interface Course {
  readonly fired: { readonly atMs: number; readonly name: string }[];
  readonly outcomes: { readonly name: string; readonly kind: string }[];
  readonly begun: string[];
}

async function worldOf(app: Partial<AppDefinition> = {}): Promise<{ world: VirtualCluster; course: Course }> {
  const course: Course = { fired: [], outcomes: [], begun: [] };
  const create = (room: RoomContext): Room => ({
    onMessage: (_session, message) => {
      const [verb, name = "", delayMs] = message.text().split(" ");
      if (verb === "set") room.setTimer(name, Number(delayMs));
      else if (verb === "clear") room.clearTimer(name);
      else if (verb === "work") {
        room.work(name, (signal) => {
          course.begun.push(name);
          return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("gone"))));
        });
      } else if (verb === "quick") room.work(name, async () => course.begun.push(name));
    },
    onTimer: (name) => course.fired.push({ atMs: world.world.nowMs(), name }),
    onWork: (name, { kind }) => course.outcomes.push({ name, kind }),
    apply: () => {},
    snapshot: () => new Uint8Array(1),
    restore: () => {},
  });
  const world: VirtualCluster = new VirtualCluster({
    apps: { room: { durability: "commit", create, idleMs: 500, ...app } },
  });
  for (const name of ["s1", "s2", "s3"]) await world.addServer(name);
  await world.addGateway("g1");
  await world.advance(1_500);
  return { world, course };
}

let servers = 0;

async function killOwner(world: VirtualCluster, room: string): Promise<void> {
  const owner = await world.ownerOf(room);
  if (owner) world.kill(owner);
  servers += 1;
  await world.addServer(`n${servers}`);
}

test("COMMIT-8: a timer that was acknowledged is there after a crash, though its turn did nothing else", async () => {
  const { world, course } = await worldOf();
  const client = await world.client("g1", "room/a");
  await world.advance(200);
  client.say("set x 8000");
  await world.advance(200);
  await killOwner(world, "room/a");
  await world.advance(15_000);
  expect(course.fired.map(({ name }) => name)).toEqual(["x"]);
});

test("COMMIT-8: a timer that was cleared stays cleared after a crash", async () => {
  const { world, course } = await worldOf();
  const client = await world.client("g1", "room/a");
  await world.advance(200);
  client.say("set x 6000");
  client.say("set y 6500");
  await world.advance(200);
  client.say("clear x");
  await world.advance(200);
  await killOwner(world, "room/a");
  await world.advance(15_000);
  expect(course.fired.map(({ name }) => name)).toEqual(["y"]);
});

test("ROOM-36: crashes that repeat do not put a timer off for ever, and it fires once", async () => {
  const { world, course } = await worldOf();
  const client = await world.client("g1", "room/a");
  await world.advance(200);
  client.say("set x 20000");
  await world.advance(100);
  const setMs = world.world.nowMs();
  for (let crash = 0; crash < 12 && course.fired.length === 0; crash += 1) {
    await world.advance(5_000);
    await killOwner(world, "room/a");
  }
  await world.advance(20_000);
  expect(course.fired).toHaveLength(1);
  // At most twice its time, and the pauses in between.
  expect((course.fired[0]?.atMs ?? 0) - setMs).toBeLessThan(60_000);
  expect((course.fired[0]?.atMs ?? 0) - setMs).toBeGreaterThan(19_900);
});

test("ROOM-36: a room that waits for one long timer records its clock ever more rarely", async () => {
  const { world } = await worldOf();
  const client = await world.client("g1", "room/a");
  await world.advance(200);
  client.say("set x 3600000");
  await world.advance(600_000);
  const answer = await world.store.readHead("room/a" as never);
  const records = answer.kind === "head" ? (answer.head?.tail ?? 0) : 0;
  expect(records).toBeLessThan(10 + 600 / 30 + 10);
  expect(records).toBeGreaterThan(600 / 30);
});

test("ROOM-36: what create sets is set for a new room, and not again by the next owner", async () => {
  const fired: string[] = [];
  const { world } = await worldOf({
    create: (room) => {
      room.setTimer("first", 1_000);
      return {
        onMessage: () => room.append("x"),
        onTimer: (name) => fired.push(name),
        apply: () => {},
        snapshot: () => new Uint8Array(1),
        restore: () => {},
      };
    },
  });
  const client = await world.client("g1", "room/a");
  await world.advance(2_000);
  expect(fired).toEqual(["first"]);
  for (let owner = 0; owner < 3; owner += 1) {
    client.say("x");
    await world.advance(100);
    await killOwner(world, "room/a");
    await world.advance(6_000);
  }
  expect(await moveAway(world, "room/a")).toMatchObject({ kind: "moved" });
  await world.advance(5_000);
  expect(fired).toEqual(["first"]);
});

test("COMMIT-8: work begins when its turn is durable, and after a crash its room hears that it was interrupted", async () => {
  const { world, course } = await worldOf();
  const client = await world.client("g1", "room/a");
  await world.advance(200);
  client.say("work w");
  client.say("quick q");
  await world.advance(300);
  expect([course.begun, course.outcomes]).toEqual([["w", "q"], [{ name: "q", kind: "done" }]]);
  await killOwner(world, "room/a");
  await world.advance(6_000);
  expect(course.outcomes).toEqual([
    { name: "q", kind: "done" },
    { name: "w", kind: "interrupted" },
  ]);
});

test("ROOM-7: work that ends while its room is frozen in a move is heard of, here or there, once", async () => {
  const { world, course } = await worldOf({ durability: "memory" });
  const client = await world.client("g1", "room/a");
  await world.advance(200);
  for (let round = 0; round < 20; round += 1) {
    client.say(`quick q${round}`);
    const moving = moveAway(world, "room/a");
    await world.advance(round);
    await moving;
    await world.advance(300);
  }
  expect(course.outcomes.map(({ name }) => name)).toEqual(Array.from({ length: 20 }, (_, round) => `q${round}`));
});

test("RUN-1: a room with a timer, work or something told runs again after a crash though nobody is in it", async () => {
  const { world, course } = await worldOf();
  for (let index = 0; index < 6; index += 1) {
    const client = await world.client("g1", `room/${index}`);
    await world.advance(100);
    client.say(index % 2 === 0 ? "set x 4000" : "work w");
    await world.advance(100);
    client.leave();
  }
  await world.advance(1_000);
  const victims = new Set<string>();
  for (let index = 0; index < 6; index += 1) victims.add((await world.ownerOf(`room/${index}`)) ?? "");
  for (const name of ["m1", "m2"]) await world.addServer(name);
  for (const victim of victims) if (victim !== "") world.kill(victim);
  await world.advance(20_000);
  expect(course.fired).toHaveLength(3);
  expect(course.outcomes).toHaveLength(3);
  // Then nothing is left to do, and they are let go.
  const heads = await world.store.listHeads({ mustRun: true, limit: 100 });
  expect(heads).toMatchObject({ kind: "heads", heads: [] });
  for (let index = 0; index < 6; index += 1) expect(await world.ownerOf(`room/${index}`)).toBeNull();
});

test("RUN-1: a room that waits for its timer is not let go though nobody is in it", async () => {
  const { world, course } = await worldOf({ durability: "memory" });
  const client = await world.client("g1", "room/a");
  await world.advance(100);
  client.say("set x 5000");
  await world.advance(100);
  client.leave();
  await world.advance(8_000);
  expect(course.fired).toHaveLength(1);
  expect(await world.ownerOf("room/a")).toBeNull();
});

test("COMMIT-8: what happens to a timer of create in the very first turns is what the next owner finds", async () => {
  const fired: string[] = [];
  const { world } = await worldOf({
    create: (room) => {
      room.setTimer("now", 0);
      room.setTimer("cleared", 3_000);
      room.setTimer("sooner", 60_000);
      return {
        onJoin: () => {
          room.clearTimer("cleared");
          room.setTimer("sooner", 9_000);
        },
        onMessage: () => {},
        onTimer: (name) => fired.push(name),
        apply: () => {},
        snapshot: () => new Uint8Array(1),
        restore: () => room.setTimer("restored", 1_000),
      };
    },
  });
  await world.client("g1", "room/a");
  await world.advance(1_000);
  await killOwner(world, "room/a");
  await world.advance(20_000);
  expect(fired).toEqual(["now", "sooner"]);
  // A snapshot is restored, and what restore sets does not count, for this owner and the next.
  await moveAway(world, "room/a");
  await killOwner(world, "room/a");
  await world.advance(20_000);
  expect(fired).toEqual(["now", "sooner"]);
});

test("RUN-1: a timer whose turn has failed is due again, though its room had nobody in it", async () => {
  let isBad = true;
  const fired: string[] = [];
  const { world } = await worldOf({
    create: (room) => ({
      onMessage: () => room.setTimer("x", 1_000),
      onTimer: (name) => {
        if (isBad) throw new Error("not now");
        fired.push(name);
      },
      apply: () => {},
      snapshot: () => new Uint8Array(1),
      restore: () => {},
    }),
  });
  const client = await world.client("g1", "room/a");
  await world.advance(100);
  client.say("go");
  await world.advance(100);
  client.leave();
  await world.advance(1_500);
  expect(world.world.linesWith("room has thrown")).toHaveLength(1);
  isBad = false;
  await world.advance(90_000);
  expect(fired).toEqual(["x"]);
});

test("ROOM-38: a room that has failed leaves no timer behind, and nothing of it is counted", async () => {
  const { world } = await worldOf({
    create: (room) => ({
      onMessage: () => {
        room.setTimer("x", 3_600_000);
        throw new Error("failed");
      },
      apply: () => {},
    }),
  });
  await world.advance(5_000);
  const before = world.world.timerCount;
  for (let index = 0; index < 20; index += 1) {
    const client = await world.client("g1", `room/${index}`);
    await world.advance(50);
    client.say("fail");
    await world.advance(500);
  }
  // They are woken once more, for what may have been lost with them, and lose the members whose gateway does not come.
  await world.advance(60_000);
  expect(world.world.linesWith("room has thrown")).toHaveLength(20);
  for (const { running } of world.servers.values()) expect(running.metrics()).toMatchObject({ sessions: 0, rooms: 0 });
  expect(world.world.timerCount).toBeLessThanOrEqual(before);
  expect(await world.store.listHeads({ mustRun: true, owner: null, limit: 100 })).toMatchObject({ heads: [] });
});

test("ROOM-7: the name of work that was interrupted is taken until its room has heard so", async () => {
  const heard: string[] = [];
  const { world } = await worldOf({
    create: (room) => ({
      onMessage: () => {
        for (const name of ["a", "b"]) room.work(name, () => new Promise(() => {}));
      },
      onWork: (name, { kind }) => {
        heard.push(`${name} ${kind}`);
        if (name !== "a") return;
        try {
          room.work("b", async () => 1);
        } catch (error) {
          heard.push((error as Error).message);
        }
      },
      apply: () => {},
    }),
  });
  const client = await world.client("g1", "room/a");
  await world.advance(100);
  client.say("go");
  await world.advance(300);
  await killOwner(world, "room/a");
  await world.advance(6_000);
  expect(heard).toEqual(["a interrupted", 'work "b" was interrupted, and the room hears so first', "b interrupted"]);
});
