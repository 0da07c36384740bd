import type { ChaosSettings } from "./chaos-settings.ts";
import type { LoadSettings } from "./load-settings.ts";
import { chaosPromises, promisesOf } from "./promises.ts";

/** One crowd in a run: so many clients. Each JavaScript engine calls the exported function `exec` once, for those that share it. */
export interface CrowdSize {
  readonly exec: string;
  readonly vus: number;
  /** Clients that share an engine, unless the settings say otherwise; 1 if left out. Tell `runClients` the same. */
  readonly perEngine?: number;
}

export interface LoadOptions {
  readonly scenarios: Readonly<Record<string, object>>;
  readonly thresholds: Readonly<Record<string, readonly string[]>>;
  readonly [name: string]: unknown;
}

/** Time for the last sockets to close, and for the last move to be over, on top of everything. */
const closeMsMax = 30_000;

/** k6's `options` for a run of these crowds, by name, with the promises as thresholds. `more` adds thresholds, or replaces them. */
export function loadOptions(
  crowds: Readonly<Record<string, CrowdSize>>,
  settings: LoadSettings,
  more: LoadOptions["thresholds"] = {},
): LoadOptions {
  const scenarios = Object.entries(crowds).map(([name, size]) => [name, onceEach(size, settings)]);
  const clients = Object.values(crowds).reduce((sum, { vus }) => sum + vus, 0);
  return {
    scenarios: Object.fromEntries(scenarios),
    thresholds: { ...promisesOf(clients, settings.limits), ...more },
    summaryTrendStats: ["min", "avg", "med", "p(95)", "p(99)", "max", "count"],
    // Addresses are left out: each client has one of its own.
    systemTags: ["scenario", "status"],
    setupTimeout: "60s",
  };
}

/** The same run with chaos in it: one more VU, which calls the exported function `strike`, and the promises about it. */
export function withChaos(options: LoadOptions, settings: LoadSettings, chaos: ChaosSettings): LoadOptions {
  const lastsMs = chaos.endMs - chaos.beginMs;
  const wanted = {
    moves: chaos.movesPerSecond > 0,
    drains: chaos.drainEveryMs > 0 && chaos.drainEveryMs / 2 < lastsMs,
    kills: chaos.killEveryMs > 0 && chaos.killsFromMs < chaos.endMs,
  };
  return {
    ...options,
    scenarios: { ...options.scenarios, strike: onceEach({ exec: "strike", vus: 1 }, settings) },
    thresholds: { ...options.thresholds, ...chaosPromises(wanted, settings.limits) },
  };
}

function onceEach(size: CrowdSize, { durationMs, settleMs, clientsPerEngine }: LoadSettings): object {
  const { exec, perEngine = 1 } = size;
  const vus = Math.ceil(size.vus / (clientsPerEngine ?? perEngine));
  const maxDuration = `${Math.ceil((durationMs + settleMs + closeMsMax) / 1_000)}s`;
  return { executor: "per-vu-iterations", vus, iterations: 1, maxDuration, gracefulStop: "1s", exec };
}
