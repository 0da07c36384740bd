import { expect, test } from "vitest";
import type { Apps, Room, RoomContext } from "../../gateway/room/sdk.ts";
import { VirtualCluster } from "../support/virtual-cluster.ts";

/** Says everything on to the board, with its own count in front. */
function scout(room: RoomContext): Room {
  let said = 0;
  return {
    onMessage: (_session, message) => {
      room.append("said");
      room.tell("board/all", `${room.id} ${said} ${message.text()}`);
    },
    apply: () => {
      said += 1;
    },
    snapshot: () => new TextEncoder().encode(String(said)),
    restore: (bytes) => {
      said = Number(new TextDecoder().decode(bytes));
    },
  };
}

/** Keeps all that it was told, in order, and shows each to its members. */
function board(room: RoomContext): Room {
  let heard: string[] = [];
  return {
    onJoin: (session) => session.send(JSON.stringify(heard)),
    onMessage: () => {},
    onTell: (from, message) => room.append(`${from} ${message.text()}`),
    apply: (entry) => {
      heard.push(new TextDecoder().decode(entry));
    },
    snapshot: () => new TextEncoder().encode(JSON.stringify(heard)),
    restore: (bytes) => {
      heard = JSON.parse(new TextDecoder().decode(bytes)) as string[];
    },
  };
}

const apps: Apps = {
  scout: { durability: "commit", create: scout, idleMs: 300 },
  board: { durability: "commit", create: board, idleMs: 300 },
  soft: { durability: "memory", create: (room) => ({ onMessage: () => room.tell("board/all", "x") }) },
};

async function cluster(): Promise<VirtualCluster> {
  const world = new VirtualCluster({ apps });
  for (let index = 1; index <= 3; index += 1) await world.addServer(`s${index}`);
  await world.addGateway("g1");
  await world.advance(1_500);
  return world;
}

async function heardBy(world: VirtualCluster): Promise<string[]> {
  const reader = await world.client("g1", "board/all");
  await world.advance(1_000);
  const [first = "[]"] = reader.frames;
  reader.leave();
  return JSON.parse(first) as string[];
}

test("TELL-1: what rooms say to another wakes it, and it hears each once, in the order of who said it", async () => {
  const world = await cluster();
  const rooms = ["a", "b", "c", "d"];
  const clients = await Promise.all(rooms.map((room) => world.client("g1", `scout/${room}`)));
  await world.advance(100);
  for (let index = 0; index < 50; index += 1) {
    for (const client of clients) client.say(String(index));
    await world.advance(5);
  }
  await world.advance(2_000);
  const heard = await heardBy(world);
  expect(heard).toHaveLength(200);
  for (const room of rooms) {
    expect(heard.filter((line) => line.startsWith(`scout/${room} `))).toEqual(
      Array.from({ length: 50 }, (_, index) => `scout/${room} ${room} ${index + 1} ${index}`),
    );
  }
});

test("TELL-2: kills and moves of both sides lose and double nothing that was said", async () => {
  const world = await cluster();
  const client = await world.client("g1", "scout/a");
  await world.advance(100);
  let said = 0;
  for (let round = 0; round < 8; round += 1) {
    for (let index = 0; index < 10; index += 1) {
      client.say(String(said));
      said += 1;
      await world.advance(7);
    }
    const victim = round % 2 === 0 ? "board/all" : "scout/a";
    const owner = await world.ownerOf(victim);
    if (owner && round < 6) world.kill(owner);
    if (owner && round < 6) await world.addServer(`n${round}`);
    if (round >= 6) void world.move(victim, [...world.servers.keys()].find((id) => id !== owner) ?? "");
    await world.advance(100);
  }
  await world.advance(10_000);
  expect(client.closeCode).toBeUndefined();
  const heard = await heardBy(world);
  expect(heard).toEqual(Array.from({ length: said }, (_, index) => `scout/a a ${index + 1} ${index}`));
});

test("TELL-3: a room that is not of durability commit cannot tell, and says so", async () => {
  const world = await cluster();
  const client = await world.client("g1", "soft/a");
  await world.advance(50);
  client.say("x");
  await world.advance(200);
  expect(client.closeCode).toBe(1012);
  expect(JSON.stringify(world.world.linesWith("thrown").map(({ fields }) => String(fields["err"])))).toContain(
    "durability",
  );
});
