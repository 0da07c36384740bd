import { setTimeout as sleep } from "node:timers/promises";
import type { Contender, RunningContender } from "../contenders/contender.ts";
import { Crowd } from "../crowd.ts";
import { longestBlock, watchedLoops } from "../loop-blocks.ts";
import { latencySummary } from "../statistics.ts";
import { costOf, measureSpan } from "./measure.ts";
import type { Work, WorkRun } from "./work.ts";

const membersPerRoom = [10, 100, 1_000, 10_000];
/** Small rooms are as many as make this many members. */
const membersMin = 1_000;
/** Proxies have two files open per client, and a process may have 20 000. */
const membersOfProxyMax = 5_000;
const proxies = ["haproxy", "nginx", "ws-proxy"];
const openPerSecond = 4_000;
const warmUpMs = 1_000;
const blocksRoundMs = 4_000;

export const fanCase = (members: number): string => `${members} members`;
export const blocksCase = "loop, 10000 members";

/** A message of 64 bytes from one member to all of its room; the next one when all have it. */
export const fanOut: Work = {
  name: "fan-out",
  about: "CPU per delivery of a broadcast to 10, 100, 1 000 and 10 000 members, and how long it blocks an event loop",
  contenders: ["roomgate", "haproxy", "nginx", "ws-proxy", "uws", "ws", "socket.io", "socket.io-2", "colyseus"],
  rounds: 3,
  seconds: 2,
  run: runFanOut,
};

async function runFanOut(run: WorkRun): Promise<void> {
  for (const members of membersPerRoom.filter((count) => run.options.isWanted(fanCase(count)))) {
    const able = run.contenders.filter(({ name }) => members <= membersOfProxyMax || !proxies.includes(name));
    await inTurns(run, able, {}, async (running, round) => {
      const values = await measureCost(run, running, members);
      run.note({ case: fanCase(members), contender: running.name, round, values });
    });
  }
  if (!run.options.isWanted(blocksCase)) return;
  const inNode = run.contenders.filter(({ name }) => !proxies.includes(name));
  await inTurns(run, inNode, watchedLoops(run.lab), async (running, round) => {
    const values = await measureBlocks(run, running);
    run.note({ case: blocksCase, contender: running.name, round, values });
  });
}

async function inTurns(
  run: WorkRun,
  contenders: readonly Contender[],
  env: NodeJS.ProcessEnv,
  turn: (running: RunningContender, round: number) => Promise<void>,
): Promise<void> {
  const all: RunningContender[] = [];
  try {
    for (const contender of contenders) {
      all.push(await contender.start(run.lab, Object.keys(env).length === 0 ? {} : { env }));
    }
    for (let round = 1; round <= run.options.rounds; round += 1) for (const running of all) await turn(running, round);
  } finally {
    await Promise.all(all.map((running) => running.stop()));
  }
}

async function open(run: WorkRun, running: RunningContender, members: number): Promise<Crowd> {
  const rooms = Math.max(1, membersMin / members);
  return Crowd.open(run.lab, {
    dialect: running.dialect,
    ports: running.ports,
    // New rooms each time: members of the round before may not have been noticed to be gone.
    rooms: Array.from({ length: rooms }, (_none, index) => running.room("fan", `r${process.hrtime.bigint()}-${index}`)),
    clients: rooms * members,
    contentBytes: 64,
    openPerSecond,
  });
}

async function measureCost(run: WorkRun, running: RunningContender, members: number) {
  const crowd = await open(run, running, members);
  try {
    await sleep(warmUpMs);
    await crowd.talk({ who: "rooms", hear: "all" });
    await sleep(warmUpMs);
    await crowd.count();
    const span = await measureSpan(running, crowd, run.options.seconds);
    const deliveries = costOf(span, span.received);
    return { ...deliveries, ...(span.roomMs.length === 0 ? {} : latencySummary(span.roomMs)) };
  } finally {
    await crowd.close();
  }
}

async function measureBlocks(run: WorkRun, running: RunningContender) {
  const crowd = await open(run, running, 10_000);
  const blocks = async () => {
    const relay = await longestBlock(run.lab, running.pids.relay ?? []);
    const server = await longestBlock(run.lab, running.pids.server ?? []);
    return {
      ...(relay && { relayBlockMs: relay.longestMs, relayBlockCpuMs: relay.longestCpuMs }),
      ...(server && { serverBlockMs: server.longestMs, serverBlockCpuMs: server.longestCpuMs }),
    };
  };
  try {
    await sleep(warmUpMs);
    await crowd.talk({ who: "rooms", hear: "all" });
    await sleep(warmUpMs);
    await blocks();
    await sleep(run.options.isQuick ? 1_000 : blocksRoundMs);
    return await blocks();
  } finally {
    await crowd.close();
  }
}
