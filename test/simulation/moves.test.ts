import { expect, test } from "vitest";
import type { Apps, Room, RoomContext } from "../../gateway/room/sdk.ts";
import { VirtualCluster } from "../support/virtual-cluster.ts";

/** Answers each message with its place in the room and how many came of this sender; everything moves with the room. */
function countingRoom(room: RoomContext): Room {
  let total = 0;
  return {
    onJoin: (session) => {
      session.attachment = { count: 0 };
      session.send("hello");
    },
    onMessage: (session, message) => {
      total += 1;
      const count = (session.attachment as { count: number }).count + 1;
      session.attachment = { count };
      room.broadcast(`${total} ${session.id} ${count} ${message.text()}`);
    },
    snapshot: () => new TextEncoder().encode(String(total)),
    restore: (bytes) => {
      total = Number(new TextDecoder().decode(bytes));
    },
  };
}

const apps: Apps = { count: { durability: "memory", create: countingRoom } };

async function cluster(servers = 3): Promise<VirtualCluster> {
  const made = new VirtualCluster({ apps });
  for (let index = 1; index <= servers; index += 1) await made.addServer(`s${index}`);
  await made.addGateway("g1");
  await made.advance(1_500);
  return made;
}

/** All frames but the greeting, which must be one line 1, 2, 3, … without a hole. */
function expectOneLine(frames: readonly string[], messages: number): void {
  const places = frames.filter((frame) => frame !== "hello").map((frame) => Number(frame.split(" ")[0]));
  expect(places).toEqual(Array.from({ length: messages }, (_, index) => index + 1));
}

test("a client joins, speaks, and hears the room", async () => {
  const world = await cluster();
  const client = await world.client("g1", "count/a");
  await world.advance(50);
  client.say("x");
  await world.advance(50);
  expect(client.frames).toEqual(["hello", expect.stringMatching(/^1 g1\.\d+ 1 x$/)]);
});

test("MOVE-1: a room moves with its state, its sessions and their attachments while both sides speak", async () => {
  const world = await cluster();
  const clients = [await world.client("g1", "count/a"), await world.client("g1", "count/a")];
  await world.advance(50);
  const said = 200;
  for (let index = 0; index < said; index += 1) {
    for (const client of clients) client.say(String(index));
    if (index % 40 === 20) {
      const owner = await world.ownerOf("count/a");
      const target = [...world.servers.keys()].find((id) => id !== owner) ?? "";
      world.move("count/a", target);
    }
    await world.advance(5);
  }
  await world.advance(500);
  for (const client of clients) {
    expect(client.closeCode).toBeUndefined();
    expect(client.frames.filter((frame) => frame === "hello")).toHaveLength(1);
    expectOneLine(client.frames, said * clients.length);
  }
});

test("a drained server moves its rooms away and leaves, and no socket closes", async () => {
  const world = await cluster();
  const clients = await Promise.all(Array.from({ length: 30 }, (_, index) => world.client("g1", `count/r${index}`)));
  await world.advance(200);
  const drained = world.servers.get("s1");
  expect(drained?.running.rooms).toBeGreaterThan(0);
  const left = drained?.running.drain();
  for (let index = 0; index < 40; index += 1) {
    for (const client of clients) client.say(String(index));
    await world.advance(10);
  }
  await world.settle(left ?? Promise.resolve());
  for (const client of clients) {
    expect(client.closeCode).toBeUndefined();
    expectOneLine(client.frames, 40);
  }
  expect(drained?.running.rooms).toBe(0);
});

test("after a kill the room starts again elsewhere, its members are joined again, and no socket closes", async () => {
  const world = await cluster();
  const clients = [await world.client("g1", "count/a"), await world.client("g1", "count/a")];
  await world.advance(100);
  for (const client of clients) client.say("before");
  await world.advance(100);
  const owner = await world.ownerOf("count/a");
  world.kill(owner ?? "");
  await world.advance(300);
  for (const client of clients) client.say("after");
  await world.advance(300);
  expect(await world.ownerOf("count/a")).not.toBe(owner);
  for (const client of clients) {
    expect(client.closeCode).toBeUndefined();
    expect(client.frames.filter((frame) => frame === "hello")).toHaveLength(2);
    expect(client.frames.at(-1)).toMatch(/after$/);
  }
});
