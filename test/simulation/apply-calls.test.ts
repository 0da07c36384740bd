import { expect, test } from "vitest";
import type { Room, RoomContext } from "../../gateway/room/sdk.ts";
import { VirtualCluster } from "../support/virtual-cluster.ts";

const room = "room/a";

async function worldOf(create: (room: RoomContext) => Room, heard: string[] = []): Promise<VirtualCluster> {
  const ear = (): Room => ({ onMessage: () => {}, onTell: (_from, message) => heard.push(message.text()) });
  const world = new VirtualCluster({
    apps: {
      room: { durability: "commit", create, idleMs: 60_000 },
      ear: { durability: "commit", create: ear },
    },
  });
  for (const name of ["s1", "s2", "s3"]) await world.addServer(name);
  await world.addGateway("g1");
  await world.advance(1_500);
  return world;
}

async function killOwner(world: VirtualCluster): Promise<void> {
  const owner = await world.ownerOf(room);
  if (owner === null) throw new Error(`nobody has ${room}`);
  world.kill(owner);
  await world.advance(6_000);
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test("COMMIT-9: what apply says, closes, attaches and tells is there once after crashes, also where its turn says more", async () => {
  const heard: string[] = [];
  const world = await worldOf(
    (context) => ({
      onMessage: (session, message) => {
        context.append(message.text());
        session.send(`after ${message.text()} ${String(session.attachment)}`);
      },
      apply: (entry) => {
        const text = textOf(entry);
        context.broadcast(text);
        context.tell("ear/x", text);
        for (const session of context.sessions.values()) {
          session.attachment = text;
          if (text === "bye") session.close(4000, text);
        }
      },
    }),
    heard,
  );
  const client = await world.client("g1", room);
  await world.advance(200);
  for (const text of ["one", "two", "three"]) {
    client.say(text);
    await world.advance(200);
    await killOwner(world);
    await world.addServer(`after-${text}`);
  }
  expect(client.frames).toEqual(["one", "after one one", "two", "after two two", "three", "after three three"]);
  expect(heard).toEqual(["one", "two", "three"]);
  client.say("bye");
  await world.advance(200);
  await killOwner(world);
  expect(client.frames.at(-1)).toBe("bye");
  expect(client.closeCode).toBe(4000);
  const next = await world.client("g1", room);
  next.say("again");
  await world.advance(1_000);
  expect(next.frames).toEqual(["again", "after again again"]);
  expect(heard).toEqual(["one", "two", "three", "bye", "again"]);
});

test("COMMIT-9: a timer that apply sets is not due sooner after a crash, and however many were set before cost a recovery nothing", async () => {
  const fired: number[] = [];
  let cluster: VirtualCluster | undefined;
  const world = await worldOf((context) => ({
    onMessage: (_session, message) => context.append(message.text()),
    onTimer: () => fired.push(cluster?.world.nowMs() ?? 0),
    apply: (entry) => {
      if (textOf(entry) === "set") context.setTimer("t", 20_000);
      // As much as a turn may do, in many turns: a recovery does not count it as one.
      else for (let count = 0; count < 150_000; count += 1) context.setTimer(`filler ${"x".repeat(100)}`, 3_600_000);
    },
  }));
  cluster = world;
  const client = await world.client("g1", room);
  await world.advance(200);
  for (let turn = 0; turn < 4; turn += 1) {
    client.say("fill");
    await world.advance(100);
  }
  await world.advance(10_000);
  const setMs = world.world.nowMs();
  client.say("set");
  await world.advance(1_300);
  await killOwner(world);
  expect(client.closeCode).toBeUndefined();
  await world.advance(60_000);
  expect(fired).toHaveLength(1);
  expect((fired[0] ?? 0) - setMs).toBeGreaterThan(20_000);
});

test.each(["broadcast", "tell", "append"] as const)(
  "COMMIT-9: a room that calls %s while it is created is refused, and says why",
  async (call) => {
    const world = await worldOf((context) => {
      if (call === "tell") context.tell("ear/x", "hello");
      else context[call]("hello");
      return { onMessage: () => {}, apply: () => {} };
    });
    const client = await world.client("g1", room);
    await world.advance(5_000);
    expect(client.closeCode).toBe(4503);
    expect(world.world.linesWith("room cannot be restored")[0]?.fields).toMatchObject({
      err: { message: `${call} is not allowed while room ${room} is being created or restored` },
    });
  },
);

test.each(["append", "work"] as const)(
  "COMMIT-9: %s within apply is refused in the turn that does it",
  async (call) => {
    const world = await worldOf((context) => ({
      onMessage: () => context.append("entry"),
      apply: () => (call === "append" ? context.append("more") : context.work("w", async () => undefined)),
    }));
    const client = await world.client("g1", room);
    await world.advance(200);
    client.say("x");
    await world.advance(1_000);
    expect(world.world.linesWith("room has thrown and is closed")[0]?.fields).toMatchObject({
      err: { message: `${call} is not allowed within apply of room ${room}` },
    });
  },
);
