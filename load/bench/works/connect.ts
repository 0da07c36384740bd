import type { RunningContender } from "../contenders/contender.ts";
import { Crowd } from "../crowd.ts";
import { cpuSecondsOf } from "../process-cost.ts";
import type { Work, WorkRun } from "./work.ts";

const clients = 5_000;
const perSecondMax = 1_000_000;
export const connectCase = `${clients} clients as fast as they get in`;

/** Until every client is in its room; 64 at once wait for that. */
export const connect: Work = {
  name: "connect",
  about: "connections a second, and the CPU of one",
  contenders: ["roomgate", "haproxy", "nginx", "ws-proxy", "uws", "ws", "socket.io", "colyseus"],
  rounds: 3,
  seconds: 1,
  run: runConnect,
};

async function runConnect(run: WorkRun): Promise<void> {
  const all: RunningContender[] = [];
  try {
    // Only Roomgate has a limit, and only Roomgate takes flags.
    const options = { flags: ["--connections-per-second-max", "0"] };
    for (const contender of run.contenders) all.push(await contender.start(run.lab, options));
    for (let round = 1; round <= run.options.rounds; round += 1) {
      for (const running of all) {
        run.note({ case: connectCase, contender: running.name, round, values: await measure(run, running) });
      }
    }
  } finally {
    await Promise.all(all.map((running) => running.stop()));
  }
}

async function measure({ lab }: WorkRun, running: RunningContender) {
  const { relay = [], server = [] } = running.pids;
  const before = [cpuSecondsOf(relay), cpuSecondsOf(server)] as const;
  const crowd = await Crowd.open(lab, {
    dialect: running.dialect,
    ports: running.ports,
    rooms: Array.from({ length: 10 }, (_none, index) => running.room("echo", `c${index}`)),
    clients,
    contentBytes: 64,
    openPerSecond: perSecondMax,
  });
  try {
    const micros = (seconds: number): number => (seconds * 1e6) / clients;
    const relayMicros = micros(cpuSecondsOf(relay) - before[0]);
    const serverMicros = micros(cpuSecondsOf(server) - before[1]);
    const generatorCores = (cpuSecondsOf(crowd.pids) * 1000) / crowd.openedMs;
    const perSecond = (clients * 1000) / crowd.openedMs;
    return { relayMicros, serverMicros, totalMicros: relayMicros + serverMicros, perSecond, generatorCores };
  } finally {
    await crowd.close();
  }
}
