import { expect, test } from "vitest";
import { RecordWriter } from "../../gateway/room/record-writer.ts";
import type { Room, RoomContext } from "../../gateway/room/sdk.ts";
import type { OperatedServer } from "../../gateway/room/server-requests.ts";
import type { RoomKey, ServerId } from "../../gateway/wire/ids.ts";
import { VirtualCluster } from "../support/virtual-cluster.ts";

/** Keeps a count; an entry `bad` is one that this code cannot apply. */
function counter(room: RoomContext): Room {
  let count = 0;
  return {
    onJoin: (session) => session.send(String(count)),
    onMessage: (_session, message) => room.append(message.text()),
    apply: (entry) => {
      if (new TextDecoder().decode(entry) === "bad") throw new Error("cannot apply that");
      count += 1;
    },
    snapshot: () => new TextEncoder().encode(String(count)),
    restore: (bytes) => {
      count = Number(new TextDecoder().decode(bytes));
    },
  };
}

const room = "counter/a" as RoomKey;

/** A room whose journal was written by somebody for whom more was possible. Nobody owns it. */
async function withRecords(write: (writer: RecordWriter) => void): Promise<VirtualCluster> {
  const world = new VirtualCluster({ apps: { counter: { durability: "commit", create: counter, idleMs: 300 } } });
  const owner = "before" as ServerId;
  const [taken] = await world.store.takeover([{ room, expect: undefined, owner, journaled: true }]);
  if (taken?.kind !== "taken") throw new Error("not taken");
  const writer = new RecordWriter();
  writer.entry(new TextEncoder().encode("one"));
  writer.endTurn();
  const records = [writer.take()];
  write(writer);
  writer.endTurn();
  records.push(writer.take());
  writer.entry(new TextEncoder().encode("three"));
  writer.endTurn();
  records.push(writer.take());
  const [appended] = await world.store.append([{ room, expect: taken.head, records }]);
  if (appended?.kind !== "appended") throw new Error("not appended");
  await world.store.release(room, { epoch: 1, tail: appended.tail }, owner);
  for (const name of ["s1", "s2"]) await world.addServer(name);
  await world.addGateway("g1");
  await world.advance(1_500);
  return world;
}

const operatedAt = (world: VirtualCluster, name: string) =>
  (world.servers.get(name)?.running as unknown as OperatedServer | undefined)?.operated;

const poisons: readonly (readonly [
  what: string,
  reason: RegExp,
  after: string,
  write: (writer: RecordWriter) => void,
])[] = [
  [
    "a message that no frame carries",
    /17825792 bytes cannot be delivered/,
    "2",
    (writer) => {
      const payload = new Uint8Array(17 * 1024 * 1024);
      writer.sent({ target: "all", refs: [], closeCode: 0, isText: false, payload });
    },
  ],
  [
    "an entry that apply throws at",
    /cannot apply that/,
    "3",
    (writer) => {
      writer.entry(new TextEncoder().encode("bad"));
      writer.entry(new TextEncoder().encode("two"));
    },
  ],
];

test.each(poisons)(
  "RECOVER-4: %s is refused by its record, ends no server, and is left out only by an operator's word",
  async (_what, reason, after, write) => {
    const world = await withRecords(write);
    // Position 1 is the fence of the owner before.
    const record = 3;
    const codes: (number | undefined)[] = [];
    for (let count = 0; count < 5; count += 1) {
      const client = await world.client("g1", room);
      await world.advance(4_000);
      codes.push(client.closeCode);
    }
    expect(codes).toEqual([4503, 4503, 4503, 4503, 4503]);
    expect(world.servers.size).toBe(2);
    const [line] = world.world.linesWith("room cannot be restored");
    expect(line?.fields["room"]).toBe(room);
    expect(String(line?.fields["err"])).toMatch(reason);
    expect(String(line?.fields["err"])).toContain(`roomgate skip ${room} ${record}`);
    expect(world.world.linesWith("quarantined").length).toBeGreaterThan(0);

    // Another record than the one that is at fault helps nothing.
    const wrong = await world.settle(operatedAt(world, "s1")?.skip(room, record + 1) ?? Promise.reject(new Error()));
    expect(wrong).toMatchObject({ kind: "failed", reason: expect.stringMatching(reason) });
    const right = await world.settle(operatedAt(world, "s1")?.skip(room, record) ?? Promise.reject(new Error()));
    expect(right).toMatchObject({ kind: "skipped" });
    // It is left out for good, although the room has not done anything yet: whoever runs it next asks nobody.
    world.kill((await world.ownerOf(room)) ?? "s1");
    // The other server has its own quarantine.
    await world.advance(61_000);

    const client = await world.client("g1", room);
    await world.advance(5_000);
    expect(client.frames).toEqual([after]);
    client.leave();
    await world.advance(61_000);
    const next = await world.client("g1", room);
    await world.advance(5_000);
    expect(next.frames).toEqual([after]);
  },
);

test("RECOVER-4: a room that runs has nothing to leave out", async () => {
  const world = await withRecords((writer) => writer.entry(new TextEncoder().encode("two")));
  const client = await world.client("g1", room);
  await world.advance(500);
  expect(client.frames).toEqual(["3"]);
  const owner = (await world.ownerOf(room)) ?? "";
  const result = await world.settle(operatedAt(world, owner)?.skip(room, 2) ?? Promise.reject(new Error()));
  expect(result).toMatchObject({ kind: "failed" });
});
