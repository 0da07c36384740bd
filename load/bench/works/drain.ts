import { setTimeout as sleep } from "node:timers/promises";
import { type MemberStatus, type RunningRoomgate, startRoomgate } from "../contenders/roomgate.ts";
import { Crowd } from "../crowd.ts";
import { until } from "../lab.ts";
import type { Work, WorkRun } from "./work.ts";

const rooms = 1_000;
const quickRooms = 100;
const clientsPerRoom = 2;
/** Messages in flight in all: rooms are busy, and the machine has room for the moves. */
const inFlight = 50;
const openPerSecond = 2_000;
const settleMs = 2_000;

export const drainCase = "1000 busy rooms";

/** A server with 1 000 rooms, in all of which clients speak, is drained; rooms go to the other one. */
export const drain: Work = {
  name: "drain",
  about: "drain of a server with 1 000 busy rooms: how long, and what clients notice",
  contenders: ["roomgate"],
  rounds: 3,
  seconds: 1,
  run: runDrains,
};

async function runDrains(run: WorkRun): Promise<void> {
  for (let round = 1; round <= run.options.rounds; round += 1) {
    const cluster = await startRoomgate(run.lab, { flags: ["--servers", "2"] });
    try {
      const values = await measure(run, cluster);
      run.note({ case: drainCase, contender: "roomgate", round, values });
    } finally {
      await cluster.stop();
    }
  }
}

/** Of two servers each has about half of the rooms: with twice as many, the drained one has as many as are wanted. */
async function measure(run: WorkRun, cluster: RunningRoomgate) {
  const count = 2 * (run.options.isQuick ? quickRooms : rooms);
  const crowd = await Crowd.open(run.lab, {
    dialect: "plain",
    ports: cluster.ports,
    rooms: Array.from({ length: count }, (_none, index) => cluster.room("echo", `d${index}`)),
    clients: count * clientsPerRoom,
    contentBytes: 64,
    openPerSecond,
  });
  try {
    await crowd.talk({ who: "turns", inFlight });
    await sleep(settleMs);
    const fullest = fullestOf((await cluster.ask<readonly MemberStatus[]>("/api/servers")).body);
    const before = await crowd.count();
    const startMs = performance.now();
    const { status } = await cluster.ask(`/api/servers/${fullest.id}/drain`, { method: "POST" });
    if (status !== 202) throw new Error(`${fullest.id} is not drained: ${status}`);
    await until(
      async () => {
        const { body } = await cluster.ask<readonly MemberStatus[]>("/api/servers");
        return body.every(({ id }) => id !== fullest.id) || undefined;
      },
      () => `${fullest.id} has not gone`,
    );
    const drainMs = performance.now() - startMs;
    const after = await crowd.count();
    await crowd.talk({ who: "nobody" });
    await sleep(settleMs);
    const { closed, closes, sent, received } = await crowd.count();
    for (const [why, count] of closes) console.log(`     ${count} closed: ${why}`);
    return {
      rooms: fullest.rooms ?? 0,
      drainMs,
      closed,
      unanswered: sent - received,
      perSecond: ((after.received - before.received) * 1000) / drainMs,
    };
  } finally {
    await crowd.close();
  }
}

function fullestOf(servers: readonly MemberStatus[]): MemberStatus {
  const [fullest] = [...servers].sort((one, other) => (other.rooms ?? 0) - (one.rooms ?? 0));
  if (fullest === undefined) throw new Error("there is no server");
  return fullest;
}
