import { setTimeout as sleep } from "node:timers/promises";
import type { RunningContender } from "../contenders/contender.ts";
import { Crowd } from "../crowd.ts";
import { latencySummary } from "../statistics.ts";
import { costOf, measureSpan } from "./measure.ts";
import type { Work, WorkRun } from "./work.ts";

const documentCount = 10;
const membersPerDocument = 10;
const openPerSecond = 1_000;
const warmUpMs = 700;

export const documentsCase = "10 documents, 10 members each";

/** Somebody types in each document; the next character when all others have the last one. */
export const documents: Work = {
  name: "documents",
  about: "Yjs updates in documents of ten members, beside Hocuspocus",
  contenders: ["roomgate", "hocuspocus"],
  rounds: 3,
  seconds: 2,
  run: runDocuments,
};

async function runDocuments(run: WorkRun): Promise<void> {
  const all: RunningContender[] = [];
  try {
    for (const contender of run.contenders) all.push(await contender.start(run.lab));
    for (let round = 1; round <= run.options.rounds; round += 1) {
      for (const running of all) {
        const values = await measure(run, running, round);
        run.note({ case: documentsCase, contender: running.name, round, values });
      }
    }
  } finally {
    await Promise.all(all.map((running) => running.stop()));
  }
}

async function measure({ lab, options }: WorkRun, running: RunningContender, round: number) {
  const crowd = await Crowd.open(lab, {
    dialect: running.dialect === "plain" ? "y-websocket" : running.dialect,
    ports: running.ports,
    // New documents each round: what was typed before must not be typed again.
    rooms: Array.from({ length: documentCount }, (_none, index) => running.room("editor", `d${round}-${index}`)),
    clients: documentCount * membersPerDocument,
    contentBytes: 1,
    openPerSecond,
  });
  try {
    await sleep(warmUpMs);
    await crowd.talk({ who: "rooms", hear: "others" });
    await sleep(warmUpMs);
    await crowd.count();
    const span = await measureSpan(running, crowd, options.seconds);
    return { ...costOf(span, span.sent), ...(span.roomMs.length === 0 ? {} : latencySummary(span.roomMs)) };
  } finally {
    await crowd.close();
  }
}
