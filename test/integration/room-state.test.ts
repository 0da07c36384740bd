import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { roomModule } from "../support/room-module.ts";
import { until } from "../support/until.ts";

let cluster: Cluster;
let clients: Client[] = [];

async function join(room: string): Promise<Client> {
  const client = await connect(`${cluster.clientUrl}/rooms/${room}`);
  clients.push(client);
  return client;
}

const starts =
  (word: string) =>
  (text: string): boolean =>
    text.startsWith(word);

/** Moves the room to another server, and says which process it has left and which has it now. */
async function moveAway(room: string): Promise<{ readonly fromPid: number; readonly toPid: number }> {
  const owner = (await cluster.room(room))?.server;
  const servers = await cluster.liveServers();
  const target = servers.find(({ id }) => id !== owner);
  expect(await cluster.move(room, target?.id ?? "")).toMatchObject({ status: 200 });
  return { fromPid: servers.find(({ id }) => id === owner)?.pid ?? 0, toPid: target?.pid ?? 0 };
}

async function killOwner(room: string): Promise<void> {
  await cluster.signal((await cluster.room(room))?.server ?? "", "SIGKILL");
}

beforeAll(async () => {
  const modules = ["carrier-rooms.mjs", "fragile-rooms.mjs"].flatMap((name) => ["--rooms", roomModule(name)]);
  // Rooms move when a test says so, and then on a busy machine too.
  const moves = ["--rebalance-rooms-per-second", "0", "--freeze-budget-ms", "1500"];
  cluster = await startCluster({ flags: [...modules, ...moves] });
  return cluster.dispose;
});

beforeEach(({ onTestFailed }) => {
  onTestFailed(() => console.log(cluster.log.text().slice(-20_000)));
});

afterEach(async () => {
  for (const client of clients) client.leave();
  clients = [];
  await cluster.untilLive(3);
});

describe("what travels with a memory room in a planned move", () => {
  test("MOVE-17: its state, and what it keeps of each session", async () => {
    const room = "carrier/state";
    const [first, second] = [await join(room), await join(room)];
    await first.ask("add 40", starts("total"));
    await first.ask("note first", starts("noted"));
    await second.ask("note second", starts("noted"));
    await moveAway(room);
    expect(await first.ask("add 2", starts("total"))).toBe("total 42");
    expect(await first.ask("tell", starts("note"))).toContain('"note":"first"');
    expect(await second.ask("tell", starts("note"))).toContain('"note":"second"');
    expect(await second.ask("tell", starts("note"))).toContain('"list":[1,"two"');
    expect(await first.ask("who", starts("members"))).toBe("members 2");
    // Nobody was joined anew, and nobody has left.
    expect(first.got.filter(starts("joined"))).toHaveLength(1);
    expect(first.got.filter(starts("left"))).toEqual([]);
    second.leave();
    expect(await first.find(starts("left"))).toBe("left left");
  });

  test("ROOM-12: its timers, with the time that was left", async () => {
    const room = "carrier/timer";
    const client = await join(room);
    const setMs = performance.now();
    await client.ask("timer 1500", starts("timer set"));
    const { toPid } = await moveAway(room);
    expect(client.got.filter((text) => text.includes("fired"))).toEqual([]);
    const fired = await client.find((text) => text.includes("fired"));
    const afterMs = performance.now() - setMs;
    expect(fired).toBe(`timer once fired at ${toPid}`);
    expect(afterMs).toBeGreaterThan(1_400);
    expect(afterMs).toBeLessThan(3_500);
    expect(client.got.filter((text) => text.includes("fired"))).toHaveLength(1);
  });

  test("ROOM-7: its unfinished work, as interrupted, and the new owner can begin it again", async () => {
    const room = "carrier/work";
    const client = await join(room);
    await client.ask("work", starts("work begun"));
    const { toPid } = await moveAway(room);
    expect(await client.find(starts("work long interrupted"))).toBe(`work long interrupted at ${toPid}`);
    expect(await client.ask("work", starts("work begun"))).toBe(`work begun at ${toPid}`);
    expect(await client.ask("quick", starts("work quick"))).toBe("work quick done 42");
    expect(client.got.filter(starts("work long"))).toHaveLength(1);
  });
});

describe("what is left of a memory room whose server is killed", () => {
  test("ROOM-8: its last snapshot, and its members are joined again", async () => {
    const room = "carrier/killed";
    const [first, second] = [await join(room), await join(room)];
    await first.ask("add 7", starts("total"));
    await first.ask("note gone", starts("noted"));
    // The second of two snapshots begins only when the first is stored.
    await snapshotsTaken(room, 7, 1);
    await first.ask("add 0", starts("total"));
    await snapshotsTaken(room, 7, 2);
    await killOwner(room);
    for (const client of [first, second]) {
      await until(
        () => client.got.filter(starts("joined")),
        (joined) => joined.length === 2,
      );
      expect(client.got.filter(starts("joined"))[1]).toContain("total 7");
    }
    expect(await first.ask("add 1", starts("total"))).toBe("total 8");
    expect(await first.ask("who", starts("members"))).toBe("members 2");
    // A new session: what the room had kept of the old one is not its.
    expect(await first.ask("tell", starts("note"))).toBe("note null");
    expect([first.closeCode, second.closeCode]).toEqual([undefined, undefined]);
  });
});

describe("a room whose code throws", () => {
  test.each([
    ["in a message", "throw"],
    ["in a timer", "throw-timer"],
  ])("ROOM-9: %s closes its members with 1012, and nobody else", async (_where, text) => {
    const [first, second] = [await join("fragile/broken"), await join("fragile/broken")];
    await Promise.all([first.ask("one"), second.ask("two")]);
    const owner = (await cluster.room("fragile/broken"))?.server;
    const neighbours: Client[] = [];
    for (let index = 0; neighbours.length < 2; index += 1) {
      const client = await join(`fragile/neighbour-${index}`);
      await client.ask("hello");
      if ((await cluster.room(`fragile/neighbour-${index}`))?.server === owner) neighbours.push(client);
    }
    const pidsBefore = (await cluster.servers()).map(({ pid }) => pid);

    first.send(text);
    expect(await first.closed()).toBe(1012);
    expect(await second.closed()).toBe(1012);
    for (const client of neighbours) expect(await client.ask("still here")).toBe("still here");
    expect((await cluster.servers()).map(({ pid }) => pid)).toEqual(pidsBefore);
    await cluster.log.find((line) => line.msg.includes("has thrown") && line["room"] === "fragile/broken");
    // Whoever comes next gets a room that works.
    const late = await join("fragile/broken");
    expect(await late.ask("again")).toBe("again");
  });

  test("ROOM-9: when a session leaves closes the others with 1012", async () => {
    const [first, second] = [await join("fragile/leaving"), await join("fragile/leaving")];
    await first.ask("throw-leave");
    await second.ask("hello");
    first.leave();
    expect(await second.closed()).toBe(1012);
  });

  test("ROOM-9: before it is there at all, its clients are closed with a code that says so", async () => {
    const client = await join("unopened/never");
    client.send("hello");
    expect(await client.closed()).toBe(4503);
  });
});

describe("the bounds of an app", () => {
  test("ROOM-10: a room that is full closes who comes with 1013, and the others stay", async () => {
    const [first, second] = [await join("small/full"), await join("small/full")];
    await Promise.all([first.ask("one"), second.ask("two")]);
    const third = await join("small/full");
    expect(await third.closed()).toBe(1013);
    expect(await first.ask("three")).toBe("three");
    second.leave();
    await until(
      () => cluster.room("small/full"),
      (status) => status?.sessions === 1,
    );
    const fourth = await join("small/full");
    expect(await fourth.ask("four")).toBe("four");
    expect(first.closeCode).toBeUndefined();
  });

  test("ROOM-10: a message above the app's bound closes its sender with 1009, one at the bound does not", async () => {
    const [first, second] = [await join("small/big"), await join("small/big")];
    await first.ask("x".repeat(1_000));
    await second.ask("hello");
    first.send("x".repeat(1_001));
    expect(await first.closed()).toBe(1009);
    expect(await second.ask("still here")).toBe("still here");
  });
});

async function snapshotsTaken(room: string, total: number, count: number): Promise<void> {
  await until(
    () => cluster.log.lines.filter(({ msg }) => msg === `snapshot of ${room} at ${total}`).length,
    (taken) => taken >= count,
  );
}
