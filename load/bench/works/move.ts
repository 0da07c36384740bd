import { setTimeout as sleep } from "node:timers/promises";
import { type MemberStatus, type RunningRoomgate, startRoomgate } from "../contenders/roomgate.ts";
import { sourceFile } from "../lab.ts";
import { Probe } from "../probe.ts";
import { latencySummary } from "../statistics.ts";
import type { Work, WorkRun } from "./work.ts";

interface MoveCase {
  readonly name: string;
  readonly bytes: number;
  readonly moves: number;
}

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
/** Enough for a p99 to be one of the worst two, where a move is quick. */
export const moveCases: readonly MoveCase[] = [
  { name: "1 KB", bytes: kibibyte, moves: 100 },
  { name: "64 KB", bytes: 64 * kibibyte, moves: 100 },
  { name: "1 MB", bytes: mebibyte, moves: 100 },
  { name: "10 MB", bytes: 10 * mebibyte, moves: 30 },
  { name: "50 MB", bytes: 50 * mebibyte, moves: 30 },
];
const quickMoves = 3;
const everyMs = 5;
/** After a move, until the next: what a client waited for must have come, and the machine be quiet again. */
const betweenMs = 150;
const waitMarginMs = 50;

interface Moved {
  readonly pauseMs: number;
  readonly detail?: string;
}

/** Planned moves of a memory room, whose state changes all the time, between two servers. */
export const move: Work = {
  name: "move",
  about: "pause of a planned move by size of state, 1 KB to 50 MB, as the server and as a client sees it",
  contenders: ["roomgate"],
  rounds: 1,
  seconds: 1,
  run: runMoves,
};

async function runMoves(run: WorkRun): Promise<void> {
  const flags = ["--servers", "2", "--rooms", sourceFile("load/bench/rooms/state-rooms.mjs")];
  const cluster = await startRoomgate(run.lab, { flags });
  try {
    for (let round = 1; round <= run.options.rounds; round += 1) {
      for (const moveCase of moveCases.filter(({ name }) => run.options.isWanted(name))) {
        const moves = run.options.isQuick ? quickMoves : moveCase.moves;
        const values = await measure(cluster, `state/${moveCase.bytes}-r${round}`, moves);
        run.note({ case: moveCase.name, contender: "roomgate", round, values });
      }
    }
  } finally {
    await cluster.stop();
  }
}

async function measure(cluster: RunningRoomgate, key: string, moves: number) {
  const probe = await Probe.open(`ws://127.0.0.1:${cluster.ports[0]}/rooms/${key}`, everyMs);
  const pausesMs: number[] = [];
  const waitsMs: number[] = [];
  try {
    for (let move = 0; move < moves; move += 1) {
      const target = await otherServer(cluster, key);
      probe.forget();
      const startMs = performance.now();
      const { status, body } = await cluster.ask<Moved>(`/api/rooms/${key}/move`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ to: target }),
      });
      if (status !== 200) throw new Error(`${key} was not moved: ${status} ${body.detail}`);
      const endMs = performance.now();
      await sleep(betweenMs);
      pausesMs.push(body.pauseMs);
      waitsMs.push(probe.longestWaitMs(startMs - waitMarginMs, endMs));
    }
    const [pause, wait] = [latencySummary(pausesMs), latencySummary(waitsMs)];
    return {
      moves,
      pauseP50Ms: pause.p50Ms,
      pauseP99Ms: pause.p99Ms,
      pauseMaxMs: pause.maxMs,
      clientP50Ms: wait.p50Ms,
      clientP99Ms: wait.p99Ms,
      clientMaxMs: wait.maxMs,
      closed: probe.closed,
      misplaced: probe.misplaced,
    };
  } finally {
    probe.close();
  }
}

async function otherServer(cluster: RunningRoomgate, key: string): Promise<string> {
  const { body: room } = await cluster.ask<{ readonly server: string }>(`/api/rooms/${key}`);
  const { body: servers } = await cluster.ask<readonly MemberStatus[]>("/api/servers");
  const other = servers.find(({ id, state }) => state === "live" && id !== room.server);
  if (other === undefined) throw new Error("there is no other server");
  return other.id;
}
