import { expect, test } from "vitest";
import type { Durability, Room, RoomContext } from "../../gateway/room/sdk.ts";
import { clusterOf, moveAway } from "../support/cluster-of.ts";
import type { VirtualCluster } from "../support/virtual-cluster.ts";

const tooMuch = new Uint8Array(18 * 1024 * 1024);
const limit = String(16 * 1024 * 1024);

/** Says too much in the method that its id names, by the call that its id names: `onTimer-broadcast`. */
function loudRoom(room: RoomContext): Room {
  const [method = "", call = ""] = room.id.split("-");
  const say = (here: string): void => {
    if (here !== method) return;
    const [session] = room.sessions.values();
    if (call === "broadcast") room.broadcast(tooMuch);
    else if (call === "volatile") room.broadcast(tooMuch, { delivery: "volatile" });
    else if (call === "append") room.append(tooMuch);
    else session?.send(tooMuch);
  };
  return {
    onJoin: (session) => {
      if (method === "onJoin" && room.sessions.size > 1) say("onJoin");
      else session.send("hello");
    },
    onMessage: (session, message) => {
      const text = message.text();
      if (text === "echo") session.send(text);
      else if (text === "onTimer") room.setTimer("x", 5);
      else if (text === "onWork") room.work("x", async () => 1);
      else say("onMessage");
    },
    onTimer: () => say("onTimer"),
    onWork: () => say("onWork"),
    onTick: () => room.sessions.size > 1 && say("onTick"),
    apply: () => {},
    snapshot: () => new Uint8Array(1),
    restore: () => {},
  };
}

const methods = ["onJoin", "onMessage", "onTimer", "onWork", "onTick"];
const durabilities: readonly Durability[] = ["memory", "commit", { intervalMs: 50 }];
const cases = durabilities.flatMap((durability) =>
  methods.flatMap((method) =>
    ["send", "broadcast", "volatile", ...(durability === "memory" ? [] : ["append"])].map(
      (call) => [JSON.stringify(durability), method, call, durability] as const,
    ),
  ),
);

test.each(cases)(
  "ROOM-37: in a room of %s %s says 18 MiB by %s: that room is closed with 1012 and no other notices",
  async (_name, method, call, durability) => {
    const world = await clusterOf(loudRoom, { servers: 2, app: { durability, tickHz: 20 } });
    const member = await world.client("g1", `room/${method}-${call}`);
    const neighbour = await world.client("g1", "room/neighbour");
    await world.advance(100);
    if (method === "onJoin" || method === "onTick") await world.client("g1", `room/${method}-${call}`);
    else member.say(method);
    await world.advance(500);
    expect(member.closeCode).toBe(1012);
    neighbour.say("echo");
    await world.advance(100);
    expect(neighbour.frames).toEqual(["hello", "echo"]);
    expect(neighbour.closeCode).toBeUndefined();
    const [line] = world.world.linesWith("room has thrown and is closed");
    expect(line?.fields["room"]).toBe(`room/${method}-${call}`);
    expect(String(line?.fields["err"])).toContain(limit);
    expect(world.servers.size).toBe(2);
  },
);

test("ROOM-37: a turn that says, appends and tells too much in all is closed for it, with both limits' names", async () => {
  const world = await clusterOf((room) => ({
    onMessage: () => {
      for (let count = 0; count < 5; count += 1) room.broadcast(new Uint8Array(15 * 1024 * 1024));
    },
  }));
  const member = await world.client("g1", "room/a");
  await world.advance(50);
  member.say("x");
  await world.advance(300);
  expect(member.closeCode).toBe(1012);
  expect(String(world.world.linesWith("room has thrown")[0]?.fields["err"])).toMatch(/at most 67108864 bytes/);
});

/** Each gives the room something of its code that breaks a rule outside of a plain turn. */
const oddities: Readonly<Record<string, (room: RoomContext) => Partial<Room>>> = {
  "an async onTimer": (room) => ({
    onMessage: () => room.setTimer("x", 1),
    onTimer: (async () => {
      throw new Error("late");
    }) as never,
  }),
  "an async onWork": (room) => ({
    onMessage: () => room.work("x", async () => 1),
    onWork: (async () => {
      throw new Error("late");
    }) as never,
  }),
  "an async apply": (room) => ({
    onMessage: () => room.append("x"),
    apply: (async () => {
      throw new Error("late");
    }) as never,
  }),
  "something without a prototype": () => ({
    onMessage: () => {
      throw Object.create(null);
    },
  }),
  "an error whose message throws": () => ({
    onMessage: () => {
      throw Object.defineProperty(new Error("x"), "message", {
        get: () => {
          throw new Error("hidden");
        },
      });
    },
  }),
  "data that is none": () => ({ onMessage: (session) => session.send(5 as never) }),
  "a delivery that is none": (room) => ({ onMessage: () => room.broadcast("x", { delivery: "fast" as never }) }),
};

test.each(Object.entries(oddities))("ROOM-38: %s closes its room, once, and ends nothing else", async (_name, odd) => {
  const create = (room: RoomContext): Room => ({
    onMessage: (session, message) => session.send(message.text()),
    apply: () => {},
    ...(room.id === "odd" ? odd(room) : {}),
  });
  const world = await clusterOf(create, { servers: 1, app: { durability: "commit" } });
  const member = await world.client("g1", "room/odd");
  const neighbour = await world.client("g1", "room/even");
  await world.advance(50);
  member.say("x");
  await world.advance(300);
  expect(member.closeCode).toBe(1012);
  expect(world.world.linesWith("room has thrown and is closed")).toHaveLength(1);
  neighbour.say("still here");
  await world.advance(50);
  expect(neighbour.frames).toEqual(["still here"]);
});

test.each([
  ["a text", "text" as never],
  ["a promise", Promise.resolve(new Uint8Array(1)) as never],
])("ROOM-38: a snapshot that is %s closes its room when it is taken", async (_name, snapshot) => {
  const world = await clusterOf(() => ({ onMessage: () => {}, snapshot: () => snapshot }), {
    app: { snapshotEveryMs: 500 },
  });
  const member = await world.client("g1", "room/a");
  await world.advance(50);
  member.say("x");
  await world.advance(3_000);
  expect(member.closeCode).toBe(1012);
});

async function failTimes(world: VirtualCluster, room: string, times: number): Promise<number | undefined> {
  let code: number | undefined;
  for (let count = 0; count < times; count += 1) {
    const client = await world.client("g1", room);
    await world.advance(100);
    client.say("fail");
    await world.advance(400);
    code = client.closeCode;
  }
  return code;
}

test("QUAR-4: a room that fails three times within a minute is refused with 4503, by its name in the log, and is taken again later", async () => {
  const world = await clusterOf(() => ({
    onMessage: () => {
      throw new Error("every turn");
    },
  }));
  expect(await failTimes(world, "room/a", 3)).toBe(1012);
  const late = await world.client("g1", "room/a");
  await world.advance(500);
  expect(late.closeCode).toBe(4503);
  expect(world.world.linesWith("quarantined")[0]?.fields).toMatchObject({ room: "room/a" });
  expect((await world.client("g1", "room/b")).closeCode).toBeUndefined();
  await world.advance(61_000);
  const later = await world.client("g1", "room/a");
  await world.advance(500);
  expect(later.closeCode).toBeUndefined();
});

test("QUAR-4: a room that is refused again and again is named in the log once in a while, not each time", async () => {
  const world = await clusterOf(() => ({
    onMessage: () => {
      throw new Error("every turn");
    },
  }));
  await failTimes(world, "room/a", 3);
  for (let count = 0; count < 40; count += 1) {
    const late = await world.client("g1", "room/a");
    await world.advance(500);
    expect(late.closeCode).toBe(4503);
  }
  const lines = world.world.linesWith("quarantined");
  expect(lines.length).toBeGreaterThanOrEqual(2);
  expect(lines.length).toBeLessThanOrEqual(3);
});

test("ROOM-38: a room whose state cannot be taken in a move is closed, and its server goes on", async () => {
  let isBad = false;
  const world = await clusterOf((room) => ({
    onMessage: (session, message) => session.send(message.text()),
    snapshot: () => {
      if (isBad && room.id === "a") throw new Error("cannot say what I am");
      return new Uint8Array(1);
    },
  }));
  const member = await world.client("g1", "room/a");
  const neighbour = await world.client("g1", "room/b");
  await world.advance(100);
  isBad = true;
  expect(await moveAway(world, "room/a")).toMatchObject({ kind: "failed" });
  await world.advance(500);
  expect(member.closeCode).toBe(1012);
  neighbour.say("here");
  await world.advance(100);
  expect(neighbour.frames).toEqual(["here"]);
});
