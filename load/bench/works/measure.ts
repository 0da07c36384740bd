import { setTimeout as sleep } from "node:timers/promises";
import type { Role, RunningContender } from "../contenders/contender.ts";
import type { Crowd } from "../crowd.ts";
import type { Counts } from "../generator/orders.ts";
import { cpuSecondsOf, ForeignWork } from "../process-cost.ts";

/** What happened within a span: counts of the clients, CPU seconds of each role and of the clients themselves. */
export interface Span {
  readonly seconds: number;
  readonly sent: number;
  readonly received: number;
  readonly closed: number;
  readonly roomMs: readonly number[];
  readonly cpuSeconds: Readonly<Record<Role | "generator", number>>;
  /** What everything else on this machine has used. */
  readonly foreignCores: number;
}

const roles: readonly Role[] = ["relay", "server", "other"];

/** Lets the clients go on for so long, and says what it cost. */
export async function measureSpan(running: RunningContender, crowd: Crowd, seconds: number): Promise<Span> {
  const before = await look(running, crowd);
  const foreign = new ForeignWork();
  await sleep(seconds * 1000);
  const after = await look(running, crowd);
  const cpu = (role: Role | "generator"): number => after.cpuSeconds[role] - before.cpuSeconds[role];
  const cpuSeconds = { relay: cpu("relay"), server: cpu("server"), other: cpu("other"), generator: cpu("generator") };
  return {
    seconds: (after.atMs - before.atMs) / 1000,
    sent: after.counts.sent - before.counts.sent,
    received: after.counts.received - before.counts.received,
    closed: after.counts.closed,
    roomMs: after.counts.roomMs,
    cpuSeconds,
    foreignCores: foreign.coresSince(),
  };
}

async function look(running: RunningContender, crowd: Crowd) {
  const counts: Counts = await crowd.count();
  const [relay = 0, server = 0, other = 0] = roles.map((role) => cpuSecondsOf(running.pids[role] ?? []));
  return {
    counts,
    cpuSeconds: { relay, server, other, generator: cpuSecondsOf(crowd.pids) },
    atMs: performance.now(),
  };
}

/** CPU by role for each of `count` things that happened in the span, and how busy the load generator and the rest of the machine were. */
export function costOf(span: Span, count: number): Record<string, number> {
  const micros = (seconds: number): number => (seconds * 1e6) / count;
  const { relay, server, other, generator } = span.cpuSeconds;
  return {
    ...(relay === 0 ? {} : { relayMicros: micros(relay) }),
    serverMicros: micros(server),
    totalMicros: micros(relay + server),
    otherMicros: micros(other),
    perSecond: count / span.seconds,
    generatorCores: generator / span.seconds,
    foreignCores: span.foreignCores,
    closed: span.closed,
  };
}
