import { setTimeout as sleep } from "node:timers/promises";
import type { Contender } from "../contenders/contender.ts";
import { startRoomgate } from "../contenders/roomgate.ts";
import { Crowd } from "../crowd.ts";
import type { CrowdPlan } from "../generator/orders.ts";
import { cpuSecondsOf, residentBytesOf } from "../process-cost.ts";
import type { Work, WorkRun } from "./work.ts";

const counts = [5_000, 10_000, 19_000];
const proxies = ["haproxy", "nginx"];
const clientsOfProxyMax = 9_000;
const openPerSecond = 4_000;
const settleMs = 3_000;

export const idleCase = (clients: number): string => `${clients} clients`;

/** What a process has grown by for each client that does nothing; freshly started each time. */
export const idle: Work = {
  name: "idle",
  about: "resident memory per idle client, 5 000 to 19 000 of them",
  contenders: ["roomgate", "haproxy", "nginx", "uws", "ws", "socket.io", "colyseus"],
  rounds: 2,
  seconds: 1,
  run: runIdle,
};

async function runIdle(run: WorkRun): Promise<void> {
  const wanted = counts.filter((clients) => run.options.isWanted(idleCase(clients)));
  for (let round = 1; round <= run.options.rounds; round += 1) {
    for (const clients of wanted) {
      for (const contender of run.contenders) {
        if (clients > clientsOfProxyMax && proxies.includes(contender.name)) continue;
        const values = await measure(run, contender, clients);
        run.note({ case: idleCase(clients), contender: contender.name, round, values });
      }
    }
  }
}

async function measure({ lab }: WorkRun, contender: Contender, clients: number) {
  const running = await contender.start(lab);
  try {
    const { relay = [], server = [] } = running.pids;
    const look = () => ({ relay: residentBytesOf(relay), server: residentBytesOf(server) });
    await sleep(settleMs / 2);
    const before = look();
    const crowd = await Crowd.open(lab, {
      dialect: running.dialect,
      ports: running.ports,
      rooms: Array.from({ length: 100 }, (_none, index) => running.room("echo", `i${index}`)),
      clients,
      contentBytes: 64,
      openPerSecond,
    });
    await sleep(settleMs);
    const after = look();
    await crowd.close();
    const relayBytes = (after.relay - before.relay) / clients;
    const serverBytes = (after.server - before.server) / clients;
    return { relayBytes, serverBytes, totalBytes: relayBytes + serverBytes };
  } finally {
    await running.stop();
  }
}

const many = { clients: 100_000, gateways: 6, generators: 6, holdMs: 300_000, openPerSecond: 600 };
export const manyCase = `${many.clients} clients, ${many.gateways} gateways, 5 minutes`;

/** Far more clients than one process can have: several gateways on one port, several generators on several loopback addresses. */
export const idleMany: Work = {
  name: "idle-many",
  about: "100 000 idle clients over six gateways, held for 5 minutes with pings (not done unless asked for)",
  contenders: ["roomgate"],
  rounds: 1,
  seconds: 1,
  isLong: true,
  run: runIdleMany,
};

async function runIdleMany(run: WorkRun): Promise<void> {
  const { isQuick } = run.options;
  const running = await startRoomgate(run.lab, { flags: ["--gateways", String(many.gateways)] });
  try {
    const { relay = [], server = [] } = running.pids;
    const before = { relay: residentBytesOf(relay), server: residentBytesOf(server) };
    const plan: CrowdPlan = {
      dialect: "plain",
      ports: running.ports,
      rooms: Array.from({ length: 1_000 }, (_none, index) => running.room("echo", `m${index}`)),
      clients: Math.ceil((isQuick ? 6_000 : many.clients) / many.generators),
      contentBytes: 64,
      openPerSecond: many.openPerSecond,
    };
    const plans = Array.from({ length: many.generators }, (_none, index) => ({
      ...plan,
      localAddresses: [`127.0.0.${index + 2}`],
    }));
    const crowd = await Crowd.open(run.lab, ...plans);
    await sleep(settleMs);
    const opened = { atMs: performance.now(), cpu: cpuSecondsOf(relay), pings: (await crowd.count()).pings };
    await sleep(isQuick ? 1_000 : many.holdMs);
    const counts = await crowd.count();
    for (const [why, count] of counts.closes) console.log(`     ${count} closed: ${why}`);
    const heldSeconds = (performance.now() - opened.atMs) / 1000;
    const values = {
      open: counts.open,
      closed: counts.closed,
      pings: counts.pings - opened.pings,
      heldSeconds,
      openedSeconds: crowd.openedMs / 1000,
      relayBytes: (residentBytesOf(relay) - before.relay) / counts.open,
      serverBytes: (residentBytesOf(server) - before.server) / counts.open,
      relayCores: (cpuSecondsOf(relay) - opened.cpu) / heldSeconds,
    };
    run.note({ case: manyCase, contender: "roomgate", round: 1, values });
    await crowd.close();
  } finally {
    await running.stop();
  }
}
