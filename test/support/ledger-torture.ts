import type { ServerStatus } from "./admin-calls.ts";
import type { Cluster } from "./cluster.ts";
import type { LedgerCrowd } from "./ledger-crowd.ts";
import { sleep } from "./until.ts";

/** How often each of these is done, at random instants. */
export interface TorturePlan {
  /** `kill -9` of one room server. */
  readonly kills: number;
  /** SIGSTOP of one for longer than its lease, then SIGCONT. */
  readonly stops: number;
  /** `kill -9` of all room servers at once. */
  readonly massacres: number;
  readonly moves: number;
  readonly seed: number;
}

/** All in ms. Of each room: from the event until a body that was sent right behind it is durable and back. */
export interface TortureFigures {
  readonly killsMs: number[];
  readonly stopsMs: number[];
  readonly massacresMs: number[];
  /** As the admin side answers it. */
  readonly pausesMs: number[];
  /** Moves that were refused, or whose server died. */
  movesRefused: number;
  /** Server processes that were killed. */
  killed: number;
}

export type Blow = "kill" | "stop" | "massacre";

const leaseMs = 3_000;
/** Far above what the figures should show: a machine that is busy with other things makes everything slow, but nothing wrong. */
const acknowledgedMsMax = 100_000;
const readyMsMax = 100_000;

/** mulberry32: the same course of blows for the same seed, as far as processes allow. */
function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffledBlows({ kills, stops, massacres }: TorturePlan, chance: () => number): Blow[] {
  const blows: Blow[] = [
    ...Array.from({ length: kills }, (): Blow => "kill"),
    ...Array.from({ length: stops }, (): Blow => "stop"),
    ...Array.from({ length: massacres }, (): Blow => "massacre"),
  ];
  for (let left = blows.length; left > 1; left -= 1) {
    const other = Math.floor(chance() * left);
    const [one, two] = [blows[left - 1], blows[other]];
    if (one && two) [blows[left - 1], blows[other]] = [two, one];
  }
  return blows;
}

/**
 * Strikes at the servers of a cluster while a crowd goes on sending, and moves rooms meanwhile. After each blow every room is
 * visited by a fresh client, whose welcome the crowd's checker judges. Rejects where a room does not acknowledge again in time.
 */
export async function torture(
  cluster: Cluster,
  crowd: LedgerCrowd,
  plan: TorturePlan,
  struck: (blow: Blow) => void = () => {},
): Promise<TortureFigures> {
  const chance = chanceOf(plan.seed);
  const figures: TortureFigures = {
    killsMs: [],
    stopsMs: [],
    massacresMs: [],
    pausesMs: [],
    movesRefused: 0,
    killed: 0,
  };
  const servers = (await cluster.liveServers()).length;
  const blows = shuffledBlows(plan, chance);
  const movesBeforeBlow = plan.moves / Math.max(1, blows.length);
  let movesDue = 0;
  let moves: Promise<void> = Promise.resolve();
  for (const blow of blows) {
    await cluster.untilServers((all) => all.filter(({ state }) => state === "live").length === servers, readyMsMax);
    movesDue += movesBeforeBlow;
    const count = Math.floor(movesDue + 1e-9);
    movesDue -= count;
    // They go on into the blow.
    moves = moveRooms(cluster, crowd, count, chance, figures);
    await sleep(50 + chance() * 500);
    await strike(blow, cluster, crowd, chance, figures);
    await moves;
    await crowd.visit(crowd.keys);
    struck(blow);
  }
  return figures;
}

async function strike(
  blow: Blow,
  cluster: Cluster,
  crowd: LedgerCrowd,
  chance: () => number,
  figures: TortureFigures,
): Promise<void> {
  const live = await cluster.liveServers();
  const rooms = await cluster.rooms("app=ledger&limit=10000");
  if (blow === "massacre") {
    for (const { pid } of live) process.kill(pid, "SIGKILL");
    figures.killed += live.length;
    figures.massacresMs.push(...(await crowd.probe(crowd.keys, acknowledgedMsMax)));
    return;
  }
  // One without rooms would not be missed.
  const owners = live.filter(({ id }) => rooms.some(({ server }) => server === id));
  const victim = owners[Math.floor(chance() * owners.length)];
  if (victim === undefined) throw new Error("there is no server to strike at");
  const hit = rooms.filter(({ server }) => server === victim.id).map(({ room }) => room);
  if (blow === "kill") {
    process.kill(victim.pid, "SIGKILL");
    figures.killed += 1;
    figures.killsMs.push(...(await crowd.probe(hit, acknowledgedMsMax)));
    return;
  }
  await stopForAWhile(victim, leaseMs + 500 + chance() * 1_500, async () => {
    figures.stopsMs.push(...(await crowd.probe(hit, acknowledgedMsMax)));
  });
}

/** Continues the victim also where `meanwhile` fails. */
async function stopForAWhile({ pid }: ServerStatus, forMs: number, meanwhile: () => Promise<void>): Promise<void> {
  process.kill(pid, "SIGSTOP");
  const continued = sleep(forMs).then(() => process.kill(pid, "SIGCONT"));
  await Promise.all([meanwhile(), continued]);
}

async function moveRooms(
  cluster: Cluster,
  crowd: LedgerCrowd,
  count: number,
  chance: () => number,
  figures: TortureFigures,
): Promise<void> {
  for (let moved = 0; moved < count; ) {
    const key = crowd.keys[Math.floor(chance() * crowd.keys.length)] ?? "";
    const [room, live] = await Promise.all([cluster.room(key).catch(() => undefined), cluster.liveServers()]);
    const others = live.filter(({ id }) => id !== room?.server);
    const target = others[Math.floor(chance() * others.length)];
    if (room === undefined || target === undefined) {
      await sleep(50);
      continue;
    }
    const reply = await cluster.move(key, target.id);
    if (reply.status === 200) {
      moved += 1;
      figures.pausesMs.push(reply.body.pauseMs);
      await crowd.visit([key]);
    } else {
      figures.movesRefused += 1;
      await sleep(50);
    }
  }
}
