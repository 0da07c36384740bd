#!/usr/bin/env node
// `npm run load -- <scenario>`: runs a k6 scenario of `load/`, or one of your own, against a running cluster. Ends with k6's exit code, which
// is 99 where a promise was broken.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundleLoad } from "./tools/bundle.mjs";
import { obtainProgram } from "./tools/programs.mjs";
import { openKiller } from "./tools/server-killer.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const brokenPromise = 99;
/** Of a load test beside its cluster, as `nice` counts: what the cluster needs it gets first, and the rest is k6's. */
const besideClusterPriority = 10;

const scenarios = {
  connect: "clients come one after the other, and then sit there (200)",
  echo: "each message comes back to its sender (50)",
  fan: "rooms of ten, everybody hears everybody (50)",
  commit: "rooms of five, messages are durable before anybody hears them (50)",
  game: "arenas of twenty bots that play (40)",
  editor: "documents that five people write at once (20)",
  chaos: "players and a quarter as many writers, or --mix; rooms move, servers are drained and killed (200)",
};

/** Flag: its variable in the scenario, what it takes, what it means. */
const options = {
  vus: ["LOAD_VUS", "n", "clients; the number in brackets if left out"],
  "per-engine": ["LOAD_PER_ENGINE", "n", "clients that share one JavaScript engine of k6; as the scenario says"],
  duration: ["LOAD_DURATION", "time", "how long they speak, as 30s or 5m; 30s, chaos 5m"],
  ramp: ["LOAD_RAMP", "time", "they come evenly over this time; 5s, or a fifth of the duration"],
  rate: ["LOAD_RATE", "n", "messages a second of each client; as the scenario says"],
  url: ["LOAD_URL", "url", "where clients connect; ws://127.0.0.1:8080"],
  "admin-url": ["LOAD_ADMIN_URL", "url", "the admin side, for chaos; http://127.0.0.1:8081"],
  mix: ["LOAD_MIX", "list", "chaos: who is there, as game=100,editor=20,echo=10"],
  "moves-per-second": ["LOAD_MOVES_PER_SECOND", "n", "chaos: 2; 0 for none"],
  "drain-every": ["LOAD_DRAIN_EVERY", "time", "chaos: 30s; 0 for never"],
  "kill-every": ["LOAD_KILL_EVERY", "time", "chaos: 30s, from the middle of the run on; 0 for never"],
  settle: ["LOAD_SETTLE", "time", "how long the last messages may take to come; 60s"],
  "latency-p99-ms": ["LOAD_LATENCY_P99_MS", "ms", "threshold of message_latency; 500"],
  "longest-wait-ms": ["LOAD_LONGEST_WAIT_MS", "ms", "threshold of longest_wait; 5000"],
  "move-pause-p99-ms": ["LOAD_MOVE_PAUSE_P99_MS", "ms", "threshold of move_pause; 60"],
  report: ["LOAD_REPORT", "file", "the HTML report; dist/reports/<scenario>-<time>.html"],
  summary: ["LOAD_SUMMARY", "file", "the figures as JSON; none"],
};

class UsageError extends Error {}

function help() {
  const line = ([name, text]) => `  ${name.padEnd(26)}${text}`;
  const flags = Object.entries(options).map(([name, [, value, text]]) => [`--${name} <${value}>`, text]);
  return [
    "npm run load -- <scenario> [options]",
    "",
    "Scenarios, or the path of one of your own (LOAD-TESTING.md):",
    ...Object.entries(scenarios).map(line),
    "",
    "Options:",
    ...[...flags, ["--help", "this"]].map(line),
    "",
    `Ends with 0 where all promises were kept, with ${brokenPromise} where one was broken.`,
  ].join("\n");
}

function readArguments() {
  const known = Object.fromEntries(Object.keys(options).map((name) => [name, { type: "string" }]));
  try {
    const { values, positionals } = parseArgs({
      options: { ...known, help: { type: "boolean", default: false } },
      allowPositionals: true,
    });
    if (values.help) return { isHelp: true };
    const [scenario, ...more] = positionals;
    if (scenario === undefined) throw new UsageError(`which scenario? ${Object.keys(scenarios).join(", ")}`);
    if (more.length > 0) throw new UsageError(`one scenario at a time: what is "${more[0]}"?`);
    checkValues(values);
    return { scenario, values };
  } catch (error) {
    throw error.code?.startsWith("ERR_PARSE_ARGS") ? new UsageError(error.message) : error;
  }
}

const patterns = { n: /^\d+(\.\d+)?$/, ms: /^\d+(\.\d+)?$/, time: /^(0|\d+(\.\d+)?(ms|s|m|h))$/ };
const meanings = { n: "a number", ms: "a number of milliseconds", time: "a time as 500ms, 30s or 5m" };

function checkValues(values) {
  for (const [name, value] of Object.entries(values)) {
    const kind = options[name]?.[1];
    if (patterns[kind]?.test(value) === false) throw new UsageError(`--${name} is ${meanings[kind]}, not "${value}"`);
  }
}

function fileOf(scenario) {
  if (Object.hasOwn(scenarios, scenario)) return join(root, "load", `${scenario}.ts`);
  const own = resolve(scenario);
  if (/\.[cm]?[jt]s$/.test(scenario) && existsSync(own)) return own;
  const names = Object.keys(scenarios).join(", ");
  throw new UsageError(`there is no scenario "${scenario}": ${names}, or the path of a file of your own`);
}

/** Any answer at all will do: it is k6 that looks closer. */
async function whatAnswers(url) {
  try {
    await fetch(url.replace(/^ws/, "http"), { signal: AbortSignal.timeout(5_000), redirect: "manual" });
  } catch (error) {
    const why = error.cause?.code ?? error.cause?.message ?? error.message;
    throw new UsageError(`nothing answers at ${url} (${why}): start a cluster with \`npm start\`, or say where it is`);
  }
}

function checkUrl(flag, url, protocols) {
  if (!URL.canParse(url) || !protocols.includes(new URL(url).protocol)) {
    throw new UsageError(`--${flag} is an address that begins with ${protocols.join("// or ")}//, not "${url}"`);
  }
}

async function run({ scenario, values }) {
  const file = fileOf(scenario);
  const name = Object.hasOwn(scenarios, scenario) ? scenario : relative(process.cwd(), file);
  const clientUrl = values.url ?? "ws://127.0.0.1:8080";
  const adminUrl = (values["admin-url"] ?? "http://127.0.0.1:8081").replace(/\/$/, "");
  checkUrl("url", clientUrl, ["ws:", "wss:"]);
  checkUrl("admin-url", adminUrl, ["http:", "https:"]);
  await whatAnswers(clientUrl);
  if (scenario === "chaos") await whatAnswers(adminUrl);
  const k6 = obtainProgram("k6");
  if (k6.missing !== undefined) throw new UsageError(`k6 cannot be had: ${k6.missing}`);

  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const title = name.replaceAll(/[^\w.-]+/g, "-");
  const report = resolve(values.report ?? join(root, "dist/reports", `${title}-${time}.html`));
  mkdirSync(dirname(report), { recursive: true });
  const bundle = await bundleLoad(file);
  const killer = await openKiller(adminUrl);
  // k6 inherits it.
  if (isHere(clientUrl) && getPriority() < besideClusterPriority) setPriority(besideClusterPriority);
  try {
    const given = Object.entries(options).flatMap(([flag, [variable]]) =>
      values[flag] === undefined ? [] : [[variable, values[flag]]],
    );
    const settings = {
      LOAD_SCENARIO: name,
      LOAD_KILLER_URL: killer.url,
      LOAD_RUN: Date.now().toString(36),
      ...(scenario === "chaos" ? { LOAD_DURATION: "5m" } : {}),
      ...Object.fromEntries(given),
      LOAD_REPORT: report,
      ...(values.summary === undefined ? {} : { LOAD_SUMMARY: resolve(values.summary) }),
    };
    const duration = settings.LOAD_DURATION ?? "30s";
    console.log(`load: ${name} against ${clientUrl} for ${duration}; the figures come in the end`);
    const exit = await runK6(k6.path, bundle.path, settings);
    if (existsSync(report)) console.log(`report: ${report}`);
    return exit;
  } finally {
    killer.close();
    bundle.remove();
  }
}

function isHere(url) {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}

/** Nothing of a run leaves this machine but what the scenario itself connects to. */
function runK6(path, script, settings) {
  const variables = Object.entries(settings).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const args = ["run", "--quiet", "--no-usage-report", "--include-system-env-vars=false", ...variables, script];
  // Memory instead of time for collecting garbage, which the times would contain.
  const env = { GOGC: "800", ...process.env, K6_AUTO_EXTENSION_RESOLUTION: "false" };
  const child = spawn(path, args, { stdio: ["ignore", "inherit", "inherit"], env });
  // k6 ends in order at the first one; what comes by the terminal it gets by itself.
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGINT", () => {});
  return new Promise((settle, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => settle(signal === null ? code : 1));
  });
}

try {
  const wanted = readArguments();
  if (wanted.isHelp) console.log(help());
  else process.exitCode = await run(wanted);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`load: ${error.message}\nload: --help lists scenarios and options`);
  process.exitCode = 2;
}
