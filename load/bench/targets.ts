import type { Figures } from "./figures.ts";

/** What we want to reach, and how to read from the figures whether we have. */
export interface Target {
  readonly title: string;
  readonly work: string;
  readonly max: number;
  /** As in `0.63 ×` or `12 ms`. */
  readonly unit: string;
  readonly digits: number;
  /** Its figure and what that was read from; `undefined` where it has not been measured. */
  read(figures: Figures): Reading | undefined;
}

export interface Reading {
  readonly value: number;
  /** Whether all that it was read from is of one run. */
  readonly isOneRun: boolean;
  /** What others used of the machine meanwhile. */
  readonly foreignCores: number;
  readonly detail: string;
}

export type Verdict = "met" | "not met" | "not run";

export function verdictOf(target: Target, reading: Reading | undefined): Verdict {
  if (reading === undefined) return "not run";
  return reading.value <= target.max ? "met" : "not met";
}

interface Side {
  readonly contender: string;
  readonly value: string;
}

/** One figure of ours as a part of one of theirs, of the same case. */
export function ratio(work: string, caseName: string, ours: Side, theirs: Side) {
  return (figures: Figures): Reading | undefined => {
    const above = figures.median(work, caseName, ours.contender, ours.value);
    const below = figures.median(work, caseName, theirs.contender, theirs.value);
    if (above === undefined || below === undefined || below === 0) return undefined;
    const runs = figures.runsOf(work, [caseName], [ours.contender, theirs.contender]);
    const detail = `${above.toPrecision(3)} : ${below.toPrecision(3)} µs`;
    const foreignCores = figures.foreignCores(work, [caseName], [ours.contender, theirs.contender]);
    return { value: above / below, isOneRun: runs.length === 1, foreignCores, detail };
  };
}

/** A figure of ours: the median of its rounds, times `scale` to be in `unit`. */
export function figure(work: string, caseName: string, contender: string, value: string, unit: string, scale = 1) {
  return (figures: Figures): Reading | undefined => {
    const spread = figures.spread(work, caseName, contender, value);
    if (spread === undefined) return undefined;
    const [min, max] = [spread.min, spread.max].map((one) => Number((one * scale).toPrecision(3)));
    const detail = spread.count === 1 ? "one round" : `${min} to ${max} ${unit} in ${spread.count} rounds`;
    const foreignCores = figures.foreignCores(work, [caseName], [contender]);
    return { value: spread.median * scale, isOneRun: true, foreignCores, detail };
  };
}

/** How far the dearest of some cases is above the cheapest. */
export function flatness(work: string, cases: readonly string[], contender: string, value: string) {
  return (figures: Figures): Reading | undefined => {
    const medians = cases.flatMap((caseName) => figures.median(work, caseName, contender, value) ?? []);
    if (medians.length < cases.length) return undefined;
    const runs = figures.runsOf(work, cases, [contender]);
    const detail = medians.map((median) => median.toPrecision(3)).join(" · ");
    const foreignCores = figures.foreignCores(work, cases, [contender]);
    const dearness = Math.max(...medians) / Math.min(...medians);
    return { value: dearness, isOneRun: runs.length === 1, foreignCores, detail: `${detail} µs` };
  };
}

const base64 = (inFlight: number): string => `64 B, ${inFlight} in flight, 100 clients`;
const gateway: Side = { contender: "roomgate", value: "relayMicros" };
const server = (contender: string): Side => ({ contender, value: "serverMicros" });
const roomCases = [10, 100, 1_000, 10_000].map((rooms) => `${rooms} rooms, 10000 clients`);
const clientCases = [100, 1_000, 5_000, 19_000].map((clients) => `${clients} clients, 100 rooms`);
const both = (contender: string): Side => ({ contender, value: "totalMicros" });

/** All of them, in the order in which they were set. */
export const targets: readonly Target[] = [
  {
    title: "gateway CPU per relayed 64-byte message, one in flight per client, beside HAProxy",
    work: "relay",
    max: 0.7,
    unit: "×",
    digits: 2,
    read: ratio("relay", base64(1), gateway, { contender: "haproxy", value: "relayMicros" }),
  },
  {
    title: "the same, eight in flight",
    work: "relay",
    max: 1,
    unit: "×",
    digits: 2,
    read: ratio("relay", base64(8), gateway, { contender: "haproxy", value: "relayMicros" }),
  },
  {
    title: "gateway and room server beside HAProxy and a bare server, one in flight",
    work: "relay",
    max: 0.6,
    unit: "×",
    digits: 2,
    read: ratio("relay", base64(1), both("roomgate"), both("haproxy")),
  },
  {
    title: "the same, eight in flight",
    work: "relay",
    max: 0.6,
    unit: "×",
    digits: 2,
    read: ratio("relay", base64(8), both("roomgate"), both("haproxy")),
  },
  {
    title: "room server per delivered broadcast beside a bare server, 1 000 members",
    work: "fan-out",
    max: 0.05,
    unit: "×",
    digits: 3,
    read: ratio("fan-out", "1000 members", server("roomgate"), server("uws")),
  },
  {
    title: "gateway and room server per delivered broadcast beside nginx and a bare server, 1 000 members",
    work: "fan-out",
    max: 0.4,
    unit: "×",
    digits: 2,
    read: ratio("fan-out", "1000 members", both("roomgate"), both("nginx")),
  },
  {
    title: "longest that a broadcast to 10 000 members blocks the gateway's loop",
    work: "fan-out",
    max: 25,
    unit: "ms",
    digits: 1,
    read: figure("fan-out", "loop, 10000 members", "roomgate", "relayBlockMs", "ms"),
  },
  {
    title: "the same, the room server's loop",
    work: "fan-out",
    max: 25,
    unit: "ms",
    digits: 1,
    read: figure("fan-out", "loop, 10000 members", "roomgate", "serverBlockMs", "ms"),
  },
  ...[5_000, 10_000, 19_000].map((clients) => ({
    title: `idle client in the gateway, resident, ${clients} of them`,
    work: "idle",
    max: 3,
    unit: "KB",
    digits: 2,
    read: figure("idle", `${clients} clients`, "roomgate", "relayBytes", "KB", 1 / 1024),
  })),
  {
    title: "100 000 idle clients held for 5 minutes with pings: closed",
    work: "idle-many",
    max: 0,
    unit: "clients",
    digits: 0,
    read: figure("idle-many", "100000 clients, 6 gateways, 5 minutes", "roomgate", "closed", "clients"),
  },
  ...["1 KB", "64 KB", "1 MB"].flatMap((state) => [
    {
      title: `pause of a planned move, ${state}, p50`,
      work: "move",
      max: 15,
      unit: "ms",
      digits: 1,
      read: figure("move", state, "roomgate", "pauseP50Ms", "ms"),
    },
    {
      title: `the same, p99`,
      work: "move",
      max: 60,
      unit: "ms",
      digits: 1,
      read: figure("move", state, "roomgate", "pauseP99Ms", "ms"),
    },
  ]),
  {
    title: "pause of a planned move, 50 MB, p99",
    work: "move",
    max: 150,
    unit: "ms",
    digits: 1,
    read: figure("move", "50 MB", "roomgate", "pauseP99Ms", "ms"),
  },
  {
    title: "drain of 1 000 busy rooms",
    work: "drain",
    max: 10,
    unit: "s",
    digits: 2,
    read: figure("drain", "1000 busy rooms", "roomgate", "drainMs", "s", 1 / 1000),
  },
  {
    title: "the same: clients closed",
    work: "drain",
    max: 0,
    unit: "clients",
    digits: 0,
    read: figure("drain", "1000 busy rooms", "roomgate", "closed", "clients"),
  },
  {
    title: "takeover after kill -9, p99",
    work: "takeover",
    max: 500,
    unit: "ms",
    digits: 0,
    read: figure("takeover", "kill -9", "roomgate", "p99Ms", "ms"),
  },
  {
    title: "takeover after silence, p99",
    work: "takeover",
    max: 5_000,
    unit: "ms",
    digits: 0,
    read: figure("takeover", "stopped (SIGSTOP)", "roomgate", "p99Ms", "ms"),
  },
  {
    title: "durable ack on LMDB at half of the most, p99",
    work: "commit",
    max: 10,
    unit: "ms",
    digits: 1,
    read: figure("commit", "50 % load", "roomgate", "p99Ms", "ms"),
  },
  {
    title: "the same at half of the promised 30 000 messages a second, p99",
    work: "commit",
    max: 10,
    unit: "ms",
    digits: 1,
    read: figure("commit", "15000/s, half of the promised 30000", "roomgate", "p99Ms", "ms"),
  },
  {
    title: "cost per message from 10 to 10 000 rooms, dearest beside cheapest",
    work: "flatness",
    max: 1.2,
    unit: "×",
    digits: 2,
    read: flatness("flatness", roomCases, "roomgate", "totalMicros"),
  },
  {
    title: "the same from 100 to 19 000 clients",
    work: "flatness",
    max: 1.2,
    unit: "×",
    digits: 2,
    read: flatness("flatness", clientCases, "roomgate", "totalMicros"),
  },
];
