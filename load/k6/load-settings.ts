/** What a run is told, by `npm run load` or with `-e` where k6 is called directly. Times are milliseconds. */
export interface LoadSettings {
  /** `LOAD_URL`, where clients connect; default `ws://127.0.0.1:8080`. */
  readonly clientUrl: string;
  /** `LOAD_ADMIN_URL`, which only chaos needs; default `http://127.0.0.1:8081`. */
  readonly adminUrl: string;
  /** `LOAD_VUS`: clients. `undefined`: as many as the scenario says. */
  readonly vus: number | undefined;
  /** `LOAD_PER_ENGINE`: clients that share one JavaScript engine, which k6 calls a VU. `undefined`: as the scenario says. */
  readonly clientsPerEngine: number | undefined;
  /** `LOAD_DURATION`, as `90s` or `5m`; default 30 s. */
  readonly durationMs: number;
  /** `LOAD_RAMP`: clients come evenly over this time; default 5 s, or a fifth of the duration if that is less. */
  readonly rampMs: number;
  /** `LOAD_SETTLE`: how long the last messages may take; default 60 s, since k6 itself may be late. */
  readonly settleMs: number;
  /** `LOAD_RATE`: messages a second of each client; `undefined`: as the scenario says. */
  readonly perSecond: number | undefined;
  /**
   * `LOAD_RUN`: part of the rooms' names, so that no run meets the rooms of another. `npm run load` invents one; default `run`, since
   * what a VU invents no other VU knows.
   */
  readonly runId: string;
  /** `LOAD_REPORT`: file for the HTML report; none if left out. */
  readonly reportFile: string | undefined;
  /** `LOAD_SUMMARY`: file for the figures as JSON; none if left out. */
  readonly summaryFile: string | undefined;
  /** `LOAD_SCENARIO`: what the report is called. */
  readonly title: string;
  readonly limits: LoadLimits;
}

/** Thresholds that depend on the machine. */
export interface LoadLimits {
  /** `LOAD_LATENCY_P99_MS`; default 500. */
  readonly latencyP99Ms: number;
  /** `LOAD_LONGEST_WAIT_MS`: of any client for any message; default 5 000, the promise for a server that falls silent. */
  readonly longestWaitMs: number;
  /** `LOAD_MOVE_PAUSE_P99_MS`; default 60, the promise for rooms up to 1 MB. */
  readonly movePauseP99Ms: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws with the name of what is wrong. */
export function readSettings(env: Environment): LoadSettings {
  const durationMs = spanOf(env, "LOAD_DURATION", 30_000);
  return {
    clientUrl: (env["LOAD_URL"] ?? "ws://127.0.0.1:8080").replace(/\/$/, ""),
    adminUrl: (env["LOAD_ADMIN_URL"] ?? "http://127.0.0.1:8081").replace(/\/$/, ""),
    vus: env["LOAD_VUS"] === undefined ? undefined : countOf(env, "LOAD_VUS", 1),
    clientsPerEngine: env["LOAD_PER_ENGINE"] === undefined ? undefined : countOf(env, "LOAD_PER_ENGINE", 1),
    durationMs,
    rampMs: spanOf(env, "LOAD_RAMP", Math.min(5_000, durationMs / 5)),
    settleMs: spanOf(env, "LOAD_SETTLE", 60_000),
    perSecond: env["LOAD_RATE"] === undefined ? undefined : numberOf(env, "LOAD_RATE", 1),
    runId: env["LOAD_RUN"] ?? "run",
    reportFile: env["LOAD_REPORT"],
    summaryFile: env["LOAD_SUMMARY"],
    title: env["LOAD_SCENARIO"] ?? "load",
    limits: {
      latencyP99Ms: numberOf(env, "LOAD_LATENCY_P99_MS", 500),
      longestWaitMs: numberOf(env, "LOAD_LONGEST_WAIT_MS", 5_000),
      movePauseP99Ms: numberOf(env, "LOAD_MOVE_PAUSE_P99_MS", 60),
    },
  };
}

const spanPattern = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;
const msOfUnit: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A time as k6 writes it: `500ms`, `30s`, `5m`. `0` is none. */
export function spanOf(env: Environment, name: string, otherwiseMs: number): number {
  const text = env[name];
  if (text === undefined) return otherwiseMs;
  if (text === "0") return 0;
  const [, amount = "", unit = ""] = spanPattern.exec(text) ?? [];
  const ms = Number(amount) * (msOfUnit[unit] ?? Number.NaN);
  if (amount === "" || !Number.isFinite(ms)) throw new Error(`${name} is a time as 500ms, 30s or 5m, not "${text}"`);
  return ms;
}

export function numberOf(env: Environment, name: string, otherwise: number): number {
  const text = env[name];
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text === "" || !Number.isFinite(value) || value < 0) throw new Error(`${name} is a number, not "${text}"`);
  return value;
}

function countOf(env: Environment, name: string, otherwise: number): number {
  const value = numberOf(env, name, otherwise);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} is a whole number from 1, not "${env[name]}"`);
  return value;
}
