import { expect, test } from "vitest";
import type { Room, RoomContext } from "../../gateway/room/sdk.ts";
import { bytesOf, clusterOf, moveAway } from "../support/cluster-of.ts";
import { VirtualCluster } from "../support/virtual-cluster.ts";

/** Throws in whatever method a client's message, a join's query or the room's name asks for. */
function fragileRoom(room: RoomContext): Room {
  const fail = (): never => {
    throw new Error("the room's code has failed");
  };
  return {
    onJoin: (session, { query }) => {
      session.send("hello");
      if (query === "onJoin") fail();
    },
    onMessage: (session, message) => {
      const text = message.text();
      if (text === "onMessage") fail();
      else if (text === "onTimer") room.setTimer("fail", 10);
      else if (text === "onWork") room.work("fail", async () => 1);
      else session.send(text);
    },
    onLeave: () => room.id.startsWith("onLeave") && fail(),
    onTick: () => room.id.startsWith("onTick") && room.sessions.size > 1 && fail(),
    onTimer: fail,
    onWork: fail,
    snapshot: () => (room.id.startsWith("snapshot") ? fail() : bytesOf("x")),
  };
}

const fragile = { app: { tickHz: 20, snapshotEveryMs: 1_000 } };

/** Brings the room of that name to throw in the method of that name. */
const faults: Readonly<Record<string, (world: Awaited<ReturnType<typeof clusterOf>>) => Promise<void>>> = {
  onJoin: async (world) => void (await world.client("g1", "room/onJoin", undefined, "onJoin")),
  onMessage: async (world) => (await world.client("g1", "room/onMessage")).say("onMessage"),
  onLeave: async (world) => {
    const client = await world.client("g1", "room/onLeave");
    await world.advance(50);
    client.leave();
  },
  onTick: async (world) => void (await world.client("g1", "room/onTick")),
  onTimer: async (world) => (await world.client("g1", "room/onTimer")).say("onTimer"),
  onWork: async (world) => (await world.client("g1", "room/onWork")).say("onWork"),
  snapshot: async (world) => (await world.client("g1", "room/snapshot")).say("changed"),
};

test.each(Object.keys(faults))(
  "ROOM-9: a room that throws in %s is closed with 1012, and no other room notices",
  async (method) => {
    const world = await clusterOf(fragileRoom, { servers: 1, ...fragile });
    const member = await world.client("g1", `room/${method}`);
    const neighbour = await world.client("g1", "room/neighbour");
    await world.advance(60);
    await faults[method]?.(world);
    await world.advance(1_500);
    expect(member.closeCode).toBe(1012);
    neighbour.say("still here");
    await world.advance(50);
    expect(neighbour.frames).toEqual(["hello", "still here"]);
    expect(world.world.linesWith("room has thrown and is closed")).toHaveLength(1);
    expect(world.servers.get("s1")?.running.metrics().roomsThrown).toBe(1);
  },
);

test("ROOM-9: no turn follows the one that threw, not even of the same batch", async () => {
  const heard: string[] = [];
  const world = await clusterOf(() => ({
    onMessage: (_session, message) => {
      heard.push(message.text());
      if (message.text() === "throw") throw new Error("failed");
    },
    onLeave: () => heard.push("left"),
  }));
  const client = await world.client("g1", "room/a");
  await world.advance(50);
  for (const text of ["before", "throw", "behind"]) client.say(text);
  await world.advance(200);
  expect(heard).toEqual(["before", "throw"]);
  expect(client.closeCode).toBe(1012);
});

test("ROOM-9: a room that has failed can be joined anew, from the snapshot before it failed", async () => {
  let created = 0;
  const world = await clusterOf(() => {
    created += 1;
    let state = "empty";
    return {
      onJoin: (session) => session.send(state),
      onMessage: (_session, message) => {
        state = message.text();
        if (state === "throw") throw new Error("failed");
      },
      snapshot: () => bytesOf(state),
      restore: (bytes) => {
        state = new TextDecoder().decode(bytes);
      },
    };
  });
  const first = await world.client("g1", "room/a");
  await world.advance(50);
  first.say("kept");
  await world.advance(7_000);
  first.say("throw");
  await world.advance(100);
  expect(first.closeCode).toBe(1012);
  const second = await world.client("g1", "room/a");
  await world.advance(500);
  expect(second.frames).toEqual(["kept"]);
  expect(created).toBe(2);
});

test("ROOM-4: a snapshot of another version refuses the room clearly and stays as it is", async () => {
  const world = await clusterOf(() => ({ onMessage: () => {} }), { servers: 1, app: { version: "2" } });
  const room = "room/a" as never;
  const [taken] = await world.store.takeover([{ room, expect: undefined, owner: "old" as never, journaled: false }]);
  if (taken?.kind !== "taken") throw new Error("not taken");
  await world.store.saveSnapshot(room, 1, { position: 0, version: "1", bytes: bytesOf("precious") });
  await world.store.release(room, taken.head, "old" as never);
  const client = await world.client("g1", "room/a");
  await world.advance(3_000);
  expect(client.closeCode).toBe(4503);
  expect(client.closeReason).toContain("cannot be restored");
  const [line] = world.world.linesWith("room cannot be restored");
  expect(String(line?.fields["err"])).toMatch(/version "1".*version "2"/);
  expect(await world.store.loadSnapshot(room)).toMatchObject({
    kind: "snapshot",
    snapshot: { bytes: bytesOf("precious") },
  });
});

test("ROOM-4: a room whose restore throws is refused, and its neighbours are not", async () => {
  const world = await clusterOf(
    (room) => ({
      onMessage: (session, message) => session.send(message.text()),
      snapshot: () => bytesOf("x"),
      restore: () => {
        if (room.id === "bad") throw new Error("cannot read that");
      },
    }),
    { servers: 1, app: { idleMs: 1_000 } },
  );
  for (const id of ["bad", "good"]) {
    const client = await world.client("g1", `room/${id}`);
    client.say("x");
    await world.advance(100);
    client.leave();
  }
  await world.advance(4_000);
  const [bad, good] = [await world.client("g1", "room/bad"), await world.client("g1", "room/good")];
  good.say("y");
  await world.advance(3_000);
  expect(bad.closeCode).toBe(4503);
  expect(good.frames).toEqual(["y"]);
});

test("ROOM-10: the join above sessionsMax is closed with 1013, and a place that is freed can be taken", async () => {
  const world = await clusterOf(() => ({ onMessage: (session) => session.send("heard") }), { app: { sessionsMax: 2 } });
  const members = [await world.client("g1", "room/a"), await world.client("g1", "room/a")];
  await world.advance(50);
  const third = await world.client("g1", "room/a");
  await world.advance(50);
  expect(third.closeCode).toBe(1013);
  members[0]?.leave();
  await world.advance(50);
  const fourth = await world.client("g1", "room/a");
  fourth.say("x");
  await world.advance(50);
  expect([fourth.closeCode, fourth.frames]).toEqual([undefined, ["heard"]]);
});

test("ROOM-10: a message above the app's messageBytesMax closes its sender with 1009 and nobody else", async () => {
  const heard: number[] = [];
  const world = await clusterOf(() => ({ onMessage: (_session, message) => heard.push(message.bytes.length) }), {
    app: { messageBytesMax: 10 },
  });
  const [large, small] = [await world.client("g1", "room/a"), await world.client("g1", "room/a")];
  await world.advance(50);
  large.say("x".repeat(10));
  large.say("x".repeat(11));
  large.say("x");
  small.say("x");
  await world.advance(50);
  expect(large.closeCode).toBe(1009);
  expect(small.closeCode).toBeUndefined();
  expect(heard).toEqual([10, 1]);
});

test("ROOM-10: more messages than the app's messagesPerSecondMax close their sender with 4429 and nobody else", async () => {
  const heard: string[] = [];
  const world = await clusterOf(() => ({ onMessage: (_session, message) => heard.push(message.text()) }), {
    app: { messagesPerSecondMax: 5 },
  });
  const [fast, steady] = [await world.client("g1", "room/a"), await world.client("g1", "room/a")];
  await world.advance(50);
  for (let second = 0; second < 3; second += 1) {
    for (let message = 0; message < 5; message += 1) steady.say("steady");
    await world.advance(1_000);
  }
  // What a gateway may have held, a burst of one second, and one.
  for (let message = 0; message < 1_024 + 5 + 1; message += 1) {
    fast.say("fast");
    if (message % 500 === 0) await world.advance(5);
  }
  await world.advance(50);
  expect([fast.closeCode, fast.closeReason]).toEqual([4429, "too many messages"]);
  expect(steady.closeCode).toBeUndefined();
  expect(heard.filter((text) => text === "steady")).toHaveLength(15);
  expect(heard.filter((text) => text === "fast")).toHaveLength(1_024 + 5);
});

test("ROOM-10: what a gateway held while the room was away does not count as too much at once", async () => {
  const heard: string[] = [];
  const world = await clusterOf(() => ({ onMessage: (_session, message) => heard.push(message.text()) }), {
    app: { messagesPerSecondMax: 5 },
  });
  const client = await world.client("g1", "room/a");
  client.say("first");
  await world.advance(50);
  world.kill((await world.ownerOf("room/a")) ?? "");
  for (let message = 0; message < 40; message += 1) client.say("held");
  await world.advance(10_000);
  expect(client.closeCode).toBeUndefined();
  expect(heard.filter((text) => text === "held")).toHaveLength(40);
  for (let message = 0; message < 2_000; message += 1) {
    client.say("flood");
    if (message % 500 === 0) await world.advance(5);
  }
  await world.advance(50);
  expect(client.closeCode).toBe(4429);
});

test("ROOM-17: a session that the room closes gets everything that was sent before, nothing behind, and is out at once", async () => {
  const left: string[] = [];
  const world = await clusterOf((room) => ({
    onMessage: (session) => {
      session.send("one");
      room.broadcast("two");
      session.close(4000, "done");
      session.send("never");
      room.broadcast(`left: ${room.sessions.size}`);
    },
    onLeave: (_session, reason) => left.push(`${reason.kind} ${reason.code}`),
  }));
  const [closed, other] = [await world.client("g1", "room/a"), await world.client("g1", "room/a")];
  await world.advance(50);
  closed.say("x");
  closed.say("not heard any more");
  await world.advance(50);
  expect([closed.frames, closed.closeCode, closed.closeReason]).toEqual([["one", "two"], 4000, "done"]);
  expect(other.frames).toEqual(["two", "left: 1"]);
  expect(left).toEqual(["closed 4000"]);
});

test("ROOM-17: a close that a frozen trunk has not carried yet is carried by the next owner, once and in its place", async () => {
  const world = await clusterOf(
    (room) => ({
      onMessage: (session) => {
        session.send("before");
        session.close(4001, "moved on");
        room.broadcast("after");
      },
    }),
    { servers: 2, delayMs: () => 5 },
  );
  const [closed, other] = [await world.client("g1", "room/a"), await world.client("g1", "room/a")];
  await world.advance(100);
  const owner = (await world.ownerOf("room/a")) ?? "";
  closed.say("x");
  // The gateway's frame has arrived, what comes back has not.
  await world.advance(8);
  world.network.reset("g1", owner);
  world.network.hold("g1", owner);
  expect([closed.frames, other.frames]).toEqual([[], []]);
  expect((await moveAway(world, "room/a")).kind).toBe("moved");
  await world.advance(5_000);
  expect([closed.frames, closed.closeCode]).toEqual([["before"], 4001]);
  expect(other.frames).toEqual(["after"]);
});

test("ROOM-18: a broadcast reaches all, or all but one, or only some, each once", async () => {
  const world = await clusterOf(
    (room) => ({
      onMessage: (session, message) => {
        const others = [...room.sessions.values()].filter((one) => one !== session);
        if (message.text() === "all") room.broadcast("all");
        if (message.text() === "except") room.broadcast("except", { except: session });
        if (message.text() === "to") room.broadcast("to", { to: [...others, ...others] });
        if (message.text() === "nobody") room.broadcast("nobody", { to: [] });
      },
    }),
    { gateways: 2 },
  );
  const clients = [
    await world.client("g1", "room/a"),
    await world.client("g1", "room/a"),
    await world.client("g2", "room/a"),
  ];
  await world.advance(100);
  for (const text of ["all", "except", "to", "nobody"]) clients[0]?.say(text);
  await world.advance(50);
  expect(clients.map((client) => client.frames)).toEqual([["all"], ["all", "except", "to"], ["all", "except", "to"]]);
});

test("ROOM-11: turns outside of turns are refused: a room's promises cannot act for it", async () => {
  const refused: string[] = [];
  const world = await clusterOf((room) => ({
    onMessage: (session) => {
      void Promise.resolve().then(() => {
        const calls: Record<string, () => void> = {
          send: () => session.send("x"),
          close: () => session.close(),
          broadcast: () => room.broadcast("x"),
          setTimer: () => room.setTimer("x", 1),
          clearTimer: () => room.clearTimer("x"),
          work: () => room.work("x", async () => {}),
        };
        for (const [name, call] of Object.entries(calls)) {
          try {
            call();
          } catch {
            refused.push(name);
          }
        }
      });
    },
  }));
  const client = await world.client("g1", "room/a");
  client.say("x");
  await world.advance(100);
  expect(refused).toEqual(["send", "close", "broadcast", "setTimer", "clearTimer", "work"]);
  expect([client.frames, client.closeCode]).toEqual([[], undefined]);
});

test("ROOM-27: a handler that returns a promise closes its room, and an awaited failure ends no process", async () => {
  const world = new VirtualCluster({
    apps: {
      late: {
        durability: "memory",
        create: () => ({
          onMessage: (async () => {
            await Promise.resolve();
            throw new Error("too late");
          }) as () => void,
        }),
      },
    },
  });
  await world.addServer("s1");
  await world.addGateway("g1");
  await world.advance(1_500);
  const client = await world.client("g1", "late/a");
  await world.advance(50);
  client.say("x");
  await world.advance(200);
  expect(client.closeCode).toBe(1012);
  expect(world.servers.get("s1")?.running.state).toBe("live");
});
