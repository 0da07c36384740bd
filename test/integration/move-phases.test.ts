import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Moved, Reply } from "../support/admin-calls.ts";
import { type Cluster, type StartedProcess, startCluster } from "../support/cluster.ts";
import { Crowd, flawless } from "../support/crowd.ts";
import { roomModule } from "../support/room-module.ts";
import { sleep, until } from "../support/until.ts";

const heavyRooms = roomModule("heavy-rooms.mjs");
const trapFolder = mkdtempSync(join(tmpdir(), "roomgate-trap-"));
const trapFile = join(trapFolder, "trap.json");

type Side = "source" | "target";

interface Place {
  readonly id: string;
  readonly pid: number;
}

/** A room with its members, that is to be moved from one server to another. */
interface Journey {
  readonly room: string;
  readonly source: Place;
  readonly target: Place;
}

let cluster: Cluster;
let crowd: Crowd;
let fresh: StartedProcess | undefined;

beforeAll(async () => {
  // The target takes 100 ms for its restore, which must fit into the freeze on a busy machine too.
  const flags = ["--rooms", heavyRooms, "--freeze-budget-ms", "1500", "--rebalance-rooms-per-second", "0"];
  cluster = await startCluster({ flags, env: { TRAP_FOLDER: trapFolder } });
  return async () => {
    await cluster.dispose();
  };
});

afterAll(() => rmSync(trapFolder, { recursive: true, force: true }));

beforeEach(({ onTestFailed }) => {
  onTestFailed(() => console.log(cluster.log.text().slice(-20_000)));
});

afterEach(async () => {
  crowd.leave();
  rmSync(trapFile, { force: true });
  fresh?.kill("SIGCONT");
  fresh?.kill("SIGTERM");
  await fresh?.ended;
  fresh = undefined;
  await cluster.untilLive(3);
});

async function gather(room: string): Promise<Place> {
  const { clientUrl } = cluster;
  crowd = await Crowd.join({ clientUrl, rooms: [room], membersPerRoom: 3, perSecond: 20 });
  crowd.start();
  const owner = await cluster.room(room);
  return placeOf(owner?.server ?? "");
}

async function placeOf(id: string): Promise<Place> {
  const found = (await cluster.servers()).find((server) => server.id === id);
  if (found === undefined) throw new Error(`there is no server ${id}`);
  return found;
}

async function otherThan(source: Place): Promise<Place> {
  const other = (await cluster.liveServers()).find(({ id }) => id !== source.id);
  if (other === undefined) throw new Error("there is no other server");
  return other;
}

/** A target to which the source has no trunk yet. */
async function toFreshServer(room: string): Promise<Journey> {
  const source = await gather(room);
  const id = `fresh-${room.slice("heavy/".length)}`;
  fresh = await cluster.addServer(id, ["--rooms", heavyRooms, "--freeze-budget-ms", "1500"]);
  return { room, source, target: await placeOf(id) };
}

/** A target to which the source has a trunk: the room was there before. */
async function toKnownServer(room: string): Promise<Journey> {
  const source = await gather(room);
  const target = await otherThan(source);
  expect(await cluster.move(room, target.id)).toMatchObject({ status: 200 });
  expect(await cluster.move(room, source.id)).toMatchObject({ status: 200 });
  expect(await cluster.move(room, target.id)).toMatchObject({ status: 200 });
  expect(await cluster.move(room, source.id)).toMatchObject({ status: 200 });
  return { room, source, target };
}

/** Begins a move that stops where the target's silence keeps it, and kills one side there. */
async function killWhileTargetIsSilent({ room, source, target }: Journey, side: Side): Promise<Reply<Moved>> {
  process.kill(target.pid, "SIGSTOP");
  let isAnswered = false;
  const moving = cluster.move(room, target.id).finally(() => {
    isAnswered = true;
  });
  await sleep(200);
  expect(isAnswered).toBe(false);
  process.kill(side === "source" ? source.pid : target.pid, "SIGKILL");
  if (side === "source") process.kill(target.pid, "SIGCONT");
  return moving;
}

/** The room's own code kills one side when the move has come to `at`. */
async function killAt({ room, source, target }: Journey, at: string, side: Side): Promise<Reply<Moved>> {
  writeFileSync(trapFile, JSON.stringify({ room, at, pid: side === "source" ? source.pid : target.pid }));
  const reply = await cluster.move(room, target.id);
  expect(existsSync(trapFile)).toBe(false);
  return reply;
}

/** MOVE-3: whatever died, one owner is left, it answers, and nobody was closed. */
async function expectOneOwner({ room }: Journey, side: Side, reply: Reply<Moved>): Promise<void> {
  crowd.mark([room]);
  const startMs = performance.now();
  await crowd.answered([room]);
  const waitMs = performance.now() - startMs;
  const owners = async (): Promise<string[]> => {
    const found: string[] = [];
    for (const { id } of await cluster.servers()) {
      const its = await cluster.rooms(`server=${id}&limit=1000`);
      if (its.some((status) => status.room === room)) found.push(id);
    }
    return found;
  };
  const [owner] = await until(owners, (found) => found.length === 1);
  const status = await cluster.room(room);
  const verdict = await crowd.stop(side === "source" ? 1_000 : 10_000);
  expect(status).toMatchObject({ server: owner, sessions: 3 });
  expect(crowd.room(room).owner).toEqual({ pid: (await placeOf(owner ?? "")).pid, epoch: status?.epoch });
  if (reply.status === 200) expect(owner).toBe(reply.body.to);
  // A memory room whose server was killed may have lost what was under way; its target never costs anything.
  const kept = { closed: 0, doubled: 0, outOfOrder: 0, garbled: 0, disagreeing: 0, split: 0 };
  expect(verdict).toMatchObject(side === "source" ? kept : flawless);
  console.log(
    `${room}: move answered ${reply.status}, the room answers ${waitMs.toFixed(0)} ms later, lost ${verdict.lost}`,
  );
}

describe.each<Side>(["source", "target"])("MOVE-3: the %s of a move is killed", (side) => {
  test("while the source is connecting", async () => {
    const journey = await toFreshServer(`heavy/connecting-${side}`);
    await expectOneOwner(journey, side, await killWhileTargetIsSilent(journey, side));
  });

  test("while the target is preparing", async () => {
    const journey = await toKnownServer(`heavy/preparing-${side}`);
    await expectOneOwner(journey, side, await killWhileTargetIsSilent(journey, side));
  });

  test.each([
    ["when the state is copied ahead of the freeze", "snapshot-1"],
    ["when the room is frozen and the rest is shipped", "snapshot-2"],
    ["when the target restores the room", "restore"],
    ["when the target takes the room over", "restored"],
  ])("%s", async (_when, at) => {
    const journey = await toKnownServer(`heavy/${at}-${side}`);
    await expectOneOwner(journey, side, await killAt(journey, at, side));
  });
});
