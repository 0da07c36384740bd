import { setTimeout as sleep } from "node:timers/promises";
import type { RunningContender } from "../contenders/contender.ts";
import { Crowd } from "../crowd.ts";
import { costOf, measureSpan } from "./measure.ts";
import type { Work, WorkRun } from "./work.ts";

interface RelayCase {
  readonly name: string;
  readonly bytes: number;
  readonly inFlight: number;
  readonly clients: number;
}

const roomCount = 10;
const warmUpMs = 700;
const openPerSecond = 4_000;

const cases: readonly RelayCase[] = [64, 1024].flatMap((bytes) =>
  [100, 1_000].flatMap((clients) =>
    [1, 8].map((inFlight) => ({
      name: `${bytes === 64 ? "64 B" : "1 KB"}, ${inFlight} in flight, ${clients} clients`,
      bytes,
      inFlight,
      clients,
    })),
  ),
);

/** A message there and back, from each client, to a room that sends it back to its sender. */
export const relay: Work = {
  name: "relay",
  about: "CPU of a message there and back: 64 B and 1 KB, 1 and 8 in flight per client, 100 and 1 000 clients",
  contenders: ["roomgate", "haproxy", "nginx", "ws-proxy", "uws", "ws", "socket.io", "colyseus"],
  rounds: 3,
  seconds: 2,
  run: runRelay,
};

async function runRelay(run: WorkRun): Promise<void> {
  const { options, lab } = run;
  const wanted = cases.filter(({ name }) => options.isWanted(name));
  const all: RunningContender[] = [];
  for (const contender of run.contenders) all.push(await contender.start(lab));
  try {
    for (let round = 1; round <= options.rounds; round += 1) {
      for (const relayCase of wanted) {
        for (const running of all) {
          const values = await measure(run, running, relayCase);
          run.note({ case: relayCase.name, contender: running.name, round, values });
        }
      }
    }
  } finally {
    await Promise.all(all.map((running) => running.stop()));
  }
}

async function measure({ lab, options }: WorkRun, running: RunningContender, { bytes, inFlight, clients }: RelayCase) {
  const crowd = await Crowd.open(lab, {
    dialect: running.dialect,
    ports: running.ports,
    rooms: Array.from({ length: roomCount }, (_none, index) => running.room("echo", `r${index}`)),
    clients,
    contentBytes: bytes,
    openPerSecond,
  });
  try {
    await crowd.talk({ who: "each", inFlight });
    await sleep(warmUpMs);
    const span = await measureSpan(running, crowd, options.seconds);
    return costOf(span, span.received);
  } finally {
    await crowd.close();
  }
}
