import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { type Cluster, type ClusterOptions, startCluster } from "../support/cluster.ts";
import { flawlessLedgers, LedgerCrowd } from "../support/ledger-crowd.ts";
import { quantiles } from "../support/quantiles.ts";
import { roomModule } from "../support/room-module.ts";
import { sleep, until } from "../support/until.ts";

const houseRooms = fileURLToPath(new URL("../../dist/load/rooms.js", import.meta.url));
const oddRooms = ["--rooms", roomModule("odd-ledgers.mjs"), "--rooms", houseRooms];

/** So that no socket is closed because this machine is slow. */
const patience = ["--hold-ms", "120000", "--hold-frames-max", "10000"];

let folder: string;
let cluster: Cluster | undefined;
let crowd: LedgerCrowd | undefined;
let clients: Client[] = [];

async function start(options: ClusterOptions = {}): Promise<Cluster> {
  await cluster?.dispose();
  const flags = [...patience, ...(options.flags ?? [])];
  cluster = await startCluster({ store: `lmdb:${join(folder, "store")}`, ...options, flags });
  return cluster;
}

/** Everything at once, the supervisor too. */
async function killAll({ pid, ended }: Cluster): Promise<void> {
  process.kill(-pid, "SIGKILL");
  await ended;
}

async function enter(room: string): Promise<Client> {
  const client = await connect(`${cluster?.clientUrl}/rooms/${room}`);
  clients.push(client);
  return client;
}

const isWelcome = (text: string): boolean => text.startsWith("all ") || text.includes('"total"');

beforeEach(({ onTestFailed }) => {
  cluster = undefined;
  crowd = undefined;
  folder = mkdtempSync(join(tmpdir(), "roomgate-ledgers-"));
  onTestFailed(() => console.log(`${crowd?.examples.join("\n")}\n${cluster?.log.text().slice(-20_000)}`));
});

afterEach(async () => {
  crowd?.leave();
  for (const client of clients) client.leave();
  await cluster?.dispose();
  clients = [];
  rmSync(folder, { recursive: true, force: true });
});

describe("RECOVER-2: a cluster that is started anew on the store of one that was killed", () => {
  test("has every room as its clients left it, and they go on", async () => {
    const first = await start();
    crowd = await LedgerCrowd.join({ clientUrl: first.clientUrl, rooms: 30, membersPerRoom: 3, perSecond: 10 });
    crowd.start();
    await sleep(2_000);
    expect(await crowd.stop()).toMatchObject(flawlessLedgers);
    crowd.leave();
    await killAll(first);

    const second = await start();
    await crowd.enter(second.clientUrl);
    crowd.start();
    await sleep(1_000);
    const verdict = await crowd.stop();
    await crowd.visit(crowd.keys);
    expect(crowd.examples).toEqual([]);
    expect(verdict).toMatchObject(flawlessLedgers);
  });

  test("has everything that a client was told, also when it was killed in the middle of it", async () => {
    const first = await start();
    const rooms = Array.from({ length: 20 }, (_none, index) => `ledger/r${index}`);
    const writers = await Promise.all(rooms.map(enter));
    for (const writer of writers) await writer.find(isWelcome);
    let said = 0;
    const pace = setInterval(() => {
      said += 1;
      for (const writer of writers) if (writer.closeCode === undefined) writer.send(`w:${said}`);
    }, 5);
    await sleep(1_500);
    await killAll(first);
    clearInterval(pace);
    await Promise.all(writers.map((writer) => writer.closed()));

    await start();
    for (const [index, room] of rooms.entries()) {
      const told = (writers[index]?.got.length ?? 0) - 1;
      expect(told).toBeGreaterThan(0);
      const welcome = JSON.parse(await (await enter(room)).find(isWelcome)) as { readonly total: number };
      expect(welcome.total).toBeGreaterThanOrEqual(told);
      expect(welcome.total).toBeLessThanOrEqual(said);
    }
  });
});

describe("a disk that is full", () => {
  const diskBytes = 32 * 1024 * 1024;
  const fullMs = 1_500;

  test("COMMIT-5: acks stop and nothing is lost; they go on when there is space again", async (context) => {
    const disk = mkdtempSync(join(tmpdir(), "roomgate-disk-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${diskBytes}`, "tmpfs", disk], { stdio: "ignore" });
    } catch {
      rmSync(disk, { recursive: true });
      return context.skip("no right to mount a small file system");
    }
    try {
      const { clientUrl, log } = await start({ store: `lmdb:${join(disk, "store")}` });
      crowd = await LedgerCrowd.join({ clientUrl, rooms: 12, membersPerRoom: 3, perSecond: 10, paddingBytes: 2_000 });
      crowd.start();
      const filler = join(disk, "filler");
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 100_000)));
      await log.find(({ msg }) => msg.includes("the store does not take records"));
      // Small records still find place for a while. A room that goes on is behind only for moments: all are, and stay so.
      let behindSinceMs = performance.now();
      await until(
        () => {
          if (crowd?.behind !== 36) behindSinceMs = performance.now();
          return performance.now() - behindSinceMs;
        },
        (behindMs) => behindMs > 700,
      );
      const stoodStill = crowd.probe(crowd.keys, 100_000);
      await sleep(fullMs);
      unlinkSync(filler);
      const waits = await stoodStill;
      console.log(`with a disk that was full for ${fullMs} ms bodies waited ${quantiles(waits)}`);
      expect(Math.min(...waits)).toBeGreaterThan(fullMs - 100);
      const verdict = await crowd.stop();
      await crowd.visit(crowd.keys);
      expect(crowd.examples).toEqual([]);
      expect(verdict).toMatchObject(flawlessLedgers);
    } finally {
      await cluster?.dispose();
      // A killed process lets go of its files a little after it is gone.
      execFileSync("umount", ["--lazy", disk]);
      rmSync(disk, { recursive: true });
    }
  });
});

describe("rooms of a bad version", () => {
  /** Two texts in the room's snapshot, one behind it. */
  async function fill(room: string): Promise<void> {
    const first = await enter(room);
    await first.ask("one", (text) => text === "1 one");
    await first.ask("two", (text) => text === "2 two");
    first.leave();
    await until(
      () => cluster?.room(room),
      (found) => found === undefined,
    );
    const second = await enter(room);
    expect(await second.find(isWelcome)).toBe("all one two");
    await second.ask("three", (text) => text === "3 three");
  }

  test.each([
    ["version", "ROOM-4", `its state is of version "1", the app is of version "2"`],
    ["restore", "ROOM-4", "restore cannot read this"],
    ["apply", "RECOVER-1", "apply cannot take three"],
  ])(
    "whose %s does not fit: %s, the room is refused with a clear error, and its data stays as it is",
    async (fault, _rule, error) => {
      const room = "odd/a";
      await killAllAfter(() => fill(room));
      const bad = await start({ flags: oddRooms, env: { ODD_LEDGERS: fault } });
      const refused = await enter(room);
      expect(await refused.closed()).toBe(4503);
      expect(refused.got).toEqual([]);
      const line = await bad.log.find(({ msg }) => msg === "room cannot be restored");
      expect(JSON.stringify(line)).toContain(JSON.stringify(error).slice(1, -1));
      // Others are none the worse for it.
      expect(await (await enter("ledger/a")).find(isWelcome)).toContain('"total":0');
      await killAll(bad);

      await start({ flags: oddRooms });
      expect(await (await enter(room)).find(isWelcome)).toBe("all one two three");
    },
  );

  async function killAllAfter(work: () => Promise<void>): Promise<void> {
    const good = await start({ flags: oddRooms });
    await work();
    await killAll(good);
  }
});

describe("rooms that fail while they run", () => {
  test.each(["poison", "big"])("ROOM-5: on %s: the room is closed with 1012, and has all from before", async (bad) => {
    await start({ flags: oddRooms });
    const [one, other] = [await enter("odd/a"), await enter("odd/b")];
    await one.ask("one", (text) => text === "1 one");
    one.send(bad);
    expect(await one.closed()).toBe(1012);
    expect(one.got).toEqual(["all ", "1 one"]);
    await other.ask("two", (text) => text === "1 two");
    expect(other.closeCode).toBeUndefined();
    const again = await enter("odd/a");
    expect(await again.find(isWelcome)).toBe("all one");
    await again.ask("two", (text) => text === "2 two");
  });

  test("LIVE-9: one that blocks its server for 5 s: others take its rooms over, and as a zombie it does no harm", async () => {
    const { clientUrl, rooms, room, move } = await start({ flags: oddRooms });
    crowd = await LedgerCrowd.join({ clientUrl, rooms: 18, membersPerRoom: 3, perSecond: 5 });
    const blocker = await enter("odd/a");
    await blocker.ask("one", (text) => text === "1 one");
    const owners = (await rooms()).filter(({ room }) => room !== "odd/a");
    const home = owners[0]?.server ?? "";
    const neighbours = owners.filter(({ server }) => server === home).map(({ room }) => room);
    if ((await room("odd/a"))?.server !== home) expect(await move("odd/a", home)).toMatchObject({ status: 200 });
    crowd.start();
    blocker.send(`block 5000 ${join(folder, "blocked")}`);
    await sleep(50);
    const waits = await crowd.probe(neighbours, 100_000);
    console.log(`a server that stands still: its other rooms acknowledge again after ${quantiles(waits)}`);
    await sleep(6_000);
    const verdict = await crowd.stop();
    await crowd.visit(crowd.keys);
    expect(crowd.examples).toEqual([]);
    expect(verdict).toMatchObject(flawlessLedgers);
    await blocker.ask("two", (text) => text === "2 two");
    expect(blocker.closeCode).toBeUndefined();
  });
});
