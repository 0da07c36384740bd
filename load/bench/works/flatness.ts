import { setTimeout as sleep } from "node:timers/promises";
import type { RunningContender } from "../contenders/contender.ts";
import { Crowd } from "../crowd.ts";
import { costOf, measureSpan } from "./measure.ts";
import type { Work, WorkRun } from "./work.ts";

interface FlatCase {
  readonly name: string;
  readonly rooms: number;
  readonly clients: number;
}

/** In all, whatever the number of clients: what is batched must not depend on it. */
const inFlight = 100;
const openPerSecond = 4_000;
const warmUpMs = 1_500;
const proxies = ["haproxy", "nginx"];
const clientsOfProxyMax = 9_000;

export const overRooms: readonly FlatCase[] = [10, 100, 1_000, 10_000].map((rooms) => ({
  name: `${rooms} rooms, 10000 clients`,
  rooms,
  clients: 10_000,
}));

export const overClients: readonly FlatCase[] = [100, 1_000, 5_000, 19_000].map((clients) => ({
  name: `${clients} clients, 100 rooms`,
  rooms: 100,
  clients,
}));

/** The relay work with 100 messages in flight in all; clients speak in turn, so that each of them and each room is used. */
export const flatness: Work = {
  name: "flatness",
  about: "CPU of a message there and back, over 10 to 10 000 rooms and 100 to 19 000 clients",
  contenders: ["roomgate", "haproxy", "nginx", "uws"],
  rounds: 2,
  seconds: 2,
  run: runFlatness,
};

async function runFlatness(run: WorkRun): Promise<void> {
  const wanted = [...overRooms, ...overClients].filter(({ name }) => run.options.isWanted(name));
  const all: RunningContender[] = [];
  try {
    for (const contender of run.contenders) all.push(await contender.start(run.lab));
    for (let round = 1; round <= run.options.rounds; round += 1) {
      for (const flatCase of wanted) {
        for (const running of all) {
          if (flatCase.clients > clientsOfProxyMax && proxies.includes(running.name)) continue;
          const values = await measure(run, running, flatCase);
          run.note({ case: flatCase.name, contender: running.name, round, values });
        }
      }
    }
  } finally {
    await Promise.all(all.map((running) => running.stop()));
  }
}

async function measure({ lab, options }: WorkRun, running: RunningContender, { rooms, clients }: FlatCase) {
  const crowd = await Crowd.open(lab, {
    dialect: running.dialect,
    ports: running.ports,
    rooms: Array.from({ length: rooms }, (_none, index) => running.room("echo", `f${index}`)),
    clients,
    contentBytes: 64,
    openPerSecond,
  });
  try {
    await crowd.talk({ who: "turns", inFlight });
    await sleep(warmUpMs);
    const span = await measureSpan(running, crowd, options.seconds);
    return costOf(span, span.received);
  } finally {
    await crowd.close();
  }
}
