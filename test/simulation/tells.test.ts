import { expect, test } from "vitest";
import type { Apps, Room, RoomContext } from "../../gateway/room/sdk.ts";
import { decodeBody } from "../../gateway/room/state-body.ts";
import type { HearAnswer, TellDeskHost } from "../../gateway/room/tell-desk.ts";
import type { RoomKey } from "../../gateway/wire/ids.ts";
import { moveAway } from "../support/cluster-of.ts";
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

test("TELL-4: what a room has heard does not grow with those who have ever spoken, and nobody is deaf to the last of 200 000", async () => {
  const world = await cluster();
  const listener = "board/all" as RoomKey;
  const reader = await world.client("g1", listener);
  await world.advance(200);
  reader.leave();
  const owner = world.servers.get((await world.ownerOf(listener)) ?? "")?.running as unknown as TellDeskHost;
  const speakers = 200_000;
  const refused: HearAnswer[] = [];
  let heard = 0;
  const speak = (from: RoomKey): void => {
    const item = { number: 1, isText: true, bytes: new Uint8Array(0) };
    owner.hear(listener, from, { kind: "ask" }, (granted) => {
      if (granted.kind !== "line") return void refused.push(granted);
      const { line } = granted;
      owner.hear(listener, from, { kind: "say", line, items: [item] }, (answer) => {
        if (answer.kind === "heard") heard += 1;
        owner.hear(listener, from, { kind: "settle", line, upTo: 1 }, () => {});
      });
    });
  };
  for (let speaker = 1; speaker <= speakers; speaker += 1) {
    speak(`scout/${speaker}` as RoomKey);
    if (speaker % 2_000 === 0) await world.advance(20);
  }
  await world.advance(2_000);
  expect([heard, refused]).toEqual([speakers, []]);
  // Its state is what it keeps of its own, and the few lines that are open.
  await world.advance(5_000);
  const stored = await world.store.loadSnapshot(listener);
  if (stored.kind !== "snapshot") throw new Error(stored.kind);
  const { head } = decodeBody(stored.snapshot.bytes.slice(), undefined);
  expect(head.length).toBeLessThan(200_000);
}, 60_000);

test("TELL-4: a line that was settled takes nothing in any more, whatever comes late", async () => {
  const world = await cluster();
  const listener = "board/all" as RoomKey;
  const from = "scout/late" as RoomKey;
  (await world.client("g1", listener)).leave();
  await world.advance(100);
  const owner = world.servers.get((await world.ownerOf(listener)) ?? "")?.running as unknown as TellDeskHost;
  const ask = (saying: Parameters<TellDeskHost["hear"]>[2]): Promise<HearAnswer> =>
    world.settle(new Promise((resolve) => owner.hear(listener, from, saying, resolve)));
  const granted = await ask({ kind: "ask" });
  if (granted.kind !== "line") throw new Error(granted.kind);
  const { line } = granted;
  const item = { number: 7, isText: true, bytes: new TextEncoder().encode("once") };
  expect(await ask({ kind: "say", line, items: [item] })).toEqual({ kind: "heard", upTo: 7 });
  // A settling that is older than what was heard settles nothing.
  await ask({ kind: "settle", line, upTo: 6 });
  expect(await ask({ kind: "say", line, items: [item] })).toEqual({ kind: "heard", upTo: 7 });
  await ask({ kind: "settle", line, upTo: 7 });
  expect(await ask({ kind: "say", line, items: [item] })).toEqual({ kind: "heard", upTo: 7 });
  await killOwnerOf(world, listener);
  const next = await wakened(world, listener);
  const late = new Promise<HearAnswer>((resolve) =>
    next.hear(listener, from, { kind: "say", line, items: [item] }, resolve),
  );
  expect(await world.settle(late)).toEqual({ kind: "unknownLine" });
  expect((await heardBy(world)).filter((told) => told.includes("once"))).toHaveLength(1);
});

async function killOwnerOf(world: VirtualCluster, room: string): Promise<void> {
  await world.advance(2_000);
  const owner = await world.ownerOf(room);
  if (owner) world.kill(owner);
  await world.advance(5_000);
}

async function wakened(world: VirtualCluster, room: string): Promise<TellDeskHost> {
  const client = await world.client("g1", room);
  await world.advance(1_000);
  client.leave();
  return world.servers.get((await world.ownerOf(room)) ?? "")?.running as unknown as TellDeskHost;
}

test("TELL-5: a room sees that too much waits to be heard, is told when there is place again, and loses nothing", async () => {
  let isDeaf = true;
  const heard: string[] = [];
  const ready: string[] = [];
  let said = 0;
  let refused = 0;
  const world = new VirtualCluster({
    apps: {
      talker: {
        durability: "commit",
        idleMs: 300,
        create: (room) => ({
          onMessage: (session, message) => {
            for (let count = 0; count < Number(message.text()); count += 1) {
              if (room.tell("ear/a", String(said + 1))) said += 1;
              else refused += 1;
            }
            session.send(String(room.unheardBy("ear/a")));
          },
          onTellReady: (to) => ready.push(to),
          apply: () => {},
          snapshot: () => new Uint8Array(0),
          restore: () => {},
        }),
      },
      ear: {
        durability: "commit",
        create: (room) => ({
          onMessage: () => {},
          onTell: (_from, message) => {
            if (isDeaf) throw new Error("will not hear");
            room.append(message.text());
            heard.push(message.text());
          },
          apply: () => {},
        }),
      },
    },
  });
  for (const name of ["s1", "s2"]) await world.addServer(name);
  await world.addGateway("g1");
  await world.advance(1_500);
  const client = await world.client("g1", "talker/a");
  await world.advance(100);
  client.say("9999");
  client.say("5");
  await world.advance(1_000);
  expect(client.frames).toEqual(["9999", "10000"]);
  expect([said, refused, client.closeCode]).toEqual([10_000, 4, undefined]);
  // It is still to be told so when another owner has it.
  const owner = (await world.ownerOf("talker/a")) ?? "";
  world.kill(owner);
  await world.addServer("s3");
  await world.advance(6_000);
  expect(ready).toEqual([]);
  isDeaf = false;
  await world.advance(130_000);
  expect(heard).toEqual(Array.from({ length: 10_000 }, (_, index) => String(index + 1)));
  expect(ready).toEqual(["ear/a"]);
  client.say("1");
  await world.advance(3_000);
  expect(heard).toHaveLength(10_001);
});

test("TELL-4: what is said again on a line that was just settled is heard once, also by the owner after the next", async () => {
  const world = await cluster();
  const listener = "board/all" as RoomKey;
  const from = "scout/late" as RoomKey;
  (await world.client("g1", listener)).leave();
  await world.advance(100);
  const item = (number: number) => ({ number, isText: true, bytes: new TextEncoder().encode(`#${number}`) });
  const ask = (at: TellDeskHost, saying: Parameters<TellDeskHost["hear"]>[2]): Promise<HearAnswer> =>
    world.settle(new Promise((resolve) => at.hear(listener, from, saying, resolve)));
  const owner = world.servers.get((await world.ownerOf(listener)) ?? "")?.running as unknown as TellDeskHost;
  const granted = await ask(owner, { kind: "ask" });
  if (granted.kind !== "line") throw new Error(granted.kind);
  const { line } = granted;
  await ask(owner, { kind: "say", line, items: [item(7)] });
  await ask(owner, { kind: "settle", line, upTo: 7 });
  await ask(owner, { kind: "say", line, items: [item(8)] });
  // Its speaker has not got the answer, and says it again to whoever is the owner after two more.
  await killOwnerOf(world, listener);
  await wakened(world, listener);
  expect(await moveAway(world, listener)).toMatchObject({ kind: "moved" });
  const next = world.servers.get((await world.ownerOf(listener)) ?? "")?.running as unknown as TellDeskHost;
  expect(await ask(next, { kind: "say", line, items: [item(8)] })).toEqual({ kind: "heard", upTo: 8 });
  expect((await heardBy(world)).map((told) => told.split(" ").at(-1))).toEqual(["#7", "#8"]);
});
