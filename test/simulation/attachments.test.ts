import fc from "fast-check";
import { expect, test } from "vitest";
import { Attachment, attachmentBytesMax, attachmentsBytesMax } from "../../gateway/room/attachment.ts";
import { nameLengthMax } from "../../gateway/room/room-bounds.ts";
import type { Durability, RoomContext, Session } from "../../gateway/room/sdk.ts";
import { payloadBytesMax } from "../../gateway/wire/frame-layout.ts";
import { clusterOf, moveAway } from "../support/cluster-of.ts";

const room = "room/a";
type Act = (session: Session, context: RoomContext) => unknown;

/** A room that does what a test says, by name, and tells who has said the name what came of it. */
async function acting(acts: Readonly<Record<string, Act>>, durability: Durability = "memory") {
  const world = await clusterOf(
    (context) => ({
      onMessage: (session, message) => {
        let told: string;
        try {
          told = JSON.stringify(acts[message.text()]?.(session, context) ?? null);
        } catch (error) {
          const { name, message: text, code } = error as Error & { code?: string };
          told = `${code ?? name}: ${text}`;
        }
        session.send(told);
      },
      apply: () => {},
      snapshot: () => new Uint8Array(1),
    }),
    { app: { durability } },
  );
  const client = await world.client("g1", room);
  const said = async (name: string): Promise<string | undefined> => {
    client.say(name);
    await world.advance(100);
    return client.frames.at(-1);
  };
  await world.advance(100);
  return { world, client, said };
}

const loop: unknown[] = [];
loop.push(loop);

test.each([
  ["a function", () => 1, /^not-plain-data: the attachment of session g1\.\d+: value is a function/],
  ["an object of a class", new Map(), /^not-plain-data: .* an object of a class/],
  ["a loop", loop, /^not-plain-data: .* nested deeper/],
  [
    "too large",
    new Uint8Array(attachmentBytesMax),
    /^attachment-too-big: the attachment of session g1\.\d+: .* takes 16387 bytes, at most 16384/,
  ],
  ["of too many items", new Array(20_000).fill(0), /^attachment-too-big: .* at most 16384 bytes/],
] as const)(
  "ROOM-41: an attachment that is %s is refused in its turn, by name, and nothing has changed",
  async (_name, value, refusal) => {
    const { world, client, said } = await acting({
      keep: (session) => {
        session.attachment = "before";
      },
      attach: (session) => {
        session.attachment = value;
      },
      tell: (session) => session.attachment,
    });
    await said("keep");
    expect(await said("attach")).toMatch(refusal);
    expect(await said("tell")).toBe('"before"');
    expect(await moveAway(world, room)).toMatchObject({ kind: "moved" });
    expect(await said("tell")).toBe('"before"');
    expect(client.closeCode).toBeUndefined();
  },
);

test.each(["memory", "commit"] as const)(
  "ROOM-41: what a room of durability %s has attached is a copy, and what it reads is frozen",
  async (durability) => {
    const given = { list: [{ count: 1 }] };
    const { world, said } = await acting(
      {
        attach: (session) => {
          session.attachment = given;
          given.list.push({ count: 2 });
        },
        change: (session) => {
          (session.attachment as typeof given).list[0] = { count: 9 };
        },
        changeDeep: (session) => {
          const first = (session.attachment as typeof given).list[0];
          if (first) first.count = 9;
        },
        tell: (session) => session.attachment,
      },
      durability,
    );
    await said("attach");
    for (const change of ["change", "changeDeep"]) expect(await said(change)).toMatch(/^TypeError: .*read only/);
    expect(await said("tell")).toBe('{"list":[{"count":1}]}');
    await moveAway(world, room);
    expect(await said("tell")).toBe('{"list":[{"count":1}]}');
  },
);

test("ROOM-41: what is read of an attachment is what was set, whatever plain data it is", () => {
  const plain = fc.jsonValue({ maxDepth: 4 });
  fc.assert(
    fc.property(plain, (value) => {
      const { bytes } = Attachment.of(value, "g1.1");
      const expected = value === null ? undefined : value;
      expect(Attachment.read(bytes)?.value).toEqual(Attachment.of(expected, "g1.1").value);
    }),
  );
  for (const bytes of [[0xc1], [0x92, 1], [0xc7, 1, 1, 1], new Uint8Array(attachmentBytesMax + 1)]) {
    expect(Attachment.read(Uint8Array.from(bytes))).toBeUndefined();
  }
});

test("ROOM-41: all attachments of a room together have a bound, and who leaves makes room", async () => {
  const value = "x".repeat(attachmentBytesMax - 3);
  const fitting = attachmentsBytesMax / attachmentBytesMax;
  const { world, said } = await acting({
    attach: ({ id }, { sessions }) => {
      for (const session of sessions.values()) if (session.id !== id) session.attachment = value;
    },
    more: (session) => {
      session.attachment = "more";
    },
    less: (session, { sessions }) => {
      for (const other of sessions.values()) {
        if (other !== session) {
          other.attachment = "less";
          return;
        }
      }
    },
  });
  const others = [];
  for (let count = 0; count < fitting; count += 1) others.push(await world.client("g1", room));
  await world.advance(200);
  await said("attach");
  expect(await said("more")).toMatch(/^attachments-too-big: with 5 bytes for session g1\.\d+ .* at most 33554432/);
  // It is counted anew where the room goes.
  await moveAway(world, room);
  expect(await said("more")).toMatch(/^attachments-too-big/);
  others[0]?.leave();
  await world.advance(200);
  expect(await said("more")).toBe("null");
});

test("ROOM-43: what is too long to be sent is refused in its turn, and nobody is closed for it", async () => {
  const long = "x".repeat(payloadBytesMax + 1);
  const bytes = new Uint8Array(payloadBytesMax + 1);
  const key = "k".repeat(nameLengthMax + 1);
  const { client, said } = await acting(
    {
      send: (session) => session.send(long),
      broadcast: (_session, context) => context.broadcast(bytes, { delivery: "volatile" }),
      key: (session) => session.send("x", { delivery: { latest: key } }),
      append: (_session, context) => context.append(bytes),
    },
    "commit",
  );
  for (const name of ["send", "broadcast", "key", "append"]) expect(await said(name)).toMatch(/^RangeError: .*at most/);
  expect(client.closeCode).toBeUndefined();
});
