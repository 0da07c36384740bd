import { setTimeout as sleep } from "node:timers/promises";
import { type MemberStatus, type RunningRoomgate, startRoomgate } from "../contenders/roomgate.ts";
import { until } from "../lab.ts";
import { Probe } from "../probe.ts";
import { latencySummary } from "../statistics.ts";
import type { Work, WorkRun } from "./work.ts";

const rooms = 60;
const everyMs = 25;
const servers = 3;
/** Times that a server is struck in each case. */
const strikes = 5;
const settleMs = 2_000;

interface TakeoverCase {
  readonly name: string;
  readonly signal: "SIGKILL" | "SIGSTOP";
}

export const takeoverCases: readonly TakeoverCase[] = [
  { name: "kill -9", signal: "SIGKILL" },
  { name: "stopped (SIGSTOP)", signal: "SIGSTOP" },
];

/** From the signal until a message that was said after it is durable and back, for each room of the server that it hit. */
export const takeover: Work = {
  name: "takeover",
  about: "how long rooms stand still when their server is killed, or stopped without a word; commit rooms on LMDB",
  contenders: ["roomgate"],
  rounds: 1,
  seconds: 1,
  run: runTakeovers,
};

async function runTakeovers(run: WorkRun): Promise<void> {
  const cluster = await startRoomgate(run.lab, { flags: ["--servers", String(servers)] });
  const probes = new Map<string, Probe>();
  try {
    for (let index = 0; index < rooms; index += 1) {
      const key = `ledger/t${index}`;
      probes.set(key, await Probe.open(`ws://127.0.0.1:${cluster.ports[0]}/rooms/${key}`, everyMs));
    }
    for (let round = 1; round <= run.options.rounds; round += 1) {
      for (const { name, signal } of takeoverCases.filter(({ name }) => run.options.isWanted(name))) {
        const pausesMs: number[] = [];
        for (let strike = 0; strike < (run.options.isQuick ? 1 : strikes); strike += 1) {
          await untilWhole(cluster);
          pausesMs.push(...(await strikeServer(cluster, probes, signal)));
        }
        const all = [...probes.values()];
        const sum = (of: (probe: Probe) => number): number => all.reduce((total, probe) => total + of(probe), 0);
        const values = {
          pauses: pausesMs.length,
          ...latencySummary(pausesMs),
          closed: sum(({ closed }) => closed),
          misplaced: sum(({ misplaced }) => misplaced),
        };
        run.note({ case: name, contender: "roomgate", round, values });
      }
    }
  } finally {
    for (const probe of probes.values()) probe.close();
    await cluster.stop();
  }
}

/** Answers the pause of each room that it had. */
async function strikeServer(
  cluster: RunningRoomgate,
  probes: ReadonlyMap<string, Probe>,
  signal: "SIGKILL" | "SIGSTOP",
): Promise<number[]> {
  const { body: all } = await cluster.ask<readonly { readonly room: string; readonly server: string }[]>(
    "/api/rooms?app=ledger&limit=1000",
  );
  const { body: members } = await cluster.ask<readonly MemberStatus[]>("/api/servers");
  const victim = members
    .filter(({ state }) => state === "live")
    .sort((one, other) => (other.rooms ?? 0) - (one.rooms ?? 0))[0];
  if (victim === undefined) throw new Error("there is no server");
  const hit = all.filter(({ server }) => server === victim.id).flatMap(({ room }) => probes.get(room) ?? []);
  for (const probe of probes.values()) probe.forget();
  const struckMs = performance.now();
  process.kill(victim.pid, signal);
  try {
    await until(
      () => hit.every((probe) => probe.answeredSince(struckMs) !== undefined) || undefined,
      () => `rooms of ${victim.id} have not come back`,
    );
  } finally {
    if (signal === "SIGSTOP") process.kill(victim.pid, "SIGCONT");
  }
  return hit.map((probe) => (probe.answeredSince(struckMs) ?? Number.NaN) - struckMs);
}

/** As many live servers as there should be; then some time for rooms to be balanced. */
async function untilWhole(cluster: RunningRoomgate): Promise<void> {
  await until(
    async () => {
      const { body } = await cluster.ask<readonly MemberStatus[]>("/api/servers");
      return body.filter(({ state }) => state === "live").length === servers || undefined;
    },
    () => "the servers have not come back",
  );
  await sleep(settleMs);
}
