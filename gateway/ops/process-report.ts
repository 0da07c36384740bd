import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { PauseHistogram } from "../wire/pause-histogram.ts";

/** What a process says about itself, as plain data: it crosses the channel between a supervisor and its children. */
export interface ProcessReport {
  readonly id: string;
  readonly kind: "server" | "gateway" | "supervisor";
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  readonly cpuSeconds: number;
  readonly uptimeSeconds: number;
  /** How late the event loop came to its timers since the report before: mean and the worst but 1 %. */
  readonly loopLagMeanMs: number;
  readonly loopLagP99Ms: number;
  readonly server?: ServerReading;
  readonly gateway?: GatewayReading;
}

export interface ServerReading {
  readonly rooms: number;
  readonly sessions: number;
  readonly messagesUp: number;
  readonly messagesDown: number;
  readonly claims: number;
  readonly movesIn: number;
  readonly movesOut: number;
  readonly movesFailed: number;
  readonly roomsLost: number;
  readonly roomsThrown: number;
  readonly snapshots: number;
  readonly framesDropped: number;
  /** Of rooms with an interval: age of the oldest turn that is not in the store. */
  readonly unstoredMs: number;
  readonly ticks: number;
  readonly ticksMadeUp: number;
  readonly ticksMissed: number;
  /** Of rooms that were moved away. */
  readonly movePauses: PauseHistogram;
}

export interface GatewayReading {
  readonly sessions: number;
  readonly rooms: number;
  readonly roomsBound: number;
  readonly heldFrames: number;
  readonly messagesUp: number;
  readonly bytesUp: number;
  readonly messagesDown: number;
  readonly bytesDown: number;
  readonly thinned: number;
  readonly droppedLowEpoch: number;
  readonly droppedStale: number;
  readonly droppedRepeated: number;
  readonly refusedUpgrades: number;
  /** Pairs of close code and count. */
  readonly closes: readonly (readonly [code: number, count: number])[];
  /** Of rooms that were without a running owner. */
  readonly pauses: PauseHistogram;
}

export interface Reporter {
  report(): ProcessReport;
  stop(): void;
}

/** Each sample wakes the process, also where nothing happens in it. A block that is shorter is seen by chance. */
const loopSampleMs = 100;

/** Measures this process from now on; `read` gives what its work is. */
export function startReporter(
  identity: Pick<ProcessReport, "id" | "kind">,
  read: () => Pick<ProcessReport, "server" | "gateway">,
): Reporter {
  const lag = monitorEventLoopDelay({ resolution: loopSampleMs });
  lag.enable();
  return {
    report() {
      const { user, system } = process.cpuUsage();
      const memory = process.memoryUsage();
      const report = {
        ...identity,
        residentBytes: memory.rss,
        heapUsedBytes: memory.heapUsed,
        cpuSeconds: (user + system) / 1e6,
        uptimeSeconds: process.uptime(),
        loopLagMeanMs: lateness(lag, lag.mean),
        loopLagP99Ms: lateness(lag, lag.percentile(99)),
        ...read(),
      };
      lag.reset();
      return report;
    },
    stop: () => {
      lag.disable();
    },
  };
}

/** The histogram holds whole intervals, in nanoseconds; what is above the sampling interval is lateness. */
function lateness(lag: IntervalHistogram, nanoseconds: number): number {
  return lag.count === 0 || !Number.isFinite(nanoseconds) ? 0 : Math.max(0, nanoseconds / 1e6 - loopSampleMs);
}
