#!/usr/bin/env node
// `npm run load:broken`: chaos must notice that a promise is not kept. Breaks the hold on purpose in a copy of what is built, runs a cluster
// from it on ports and a store of its own, and `npm run load -- chaos` against that. Ends with 0 if the run failed as it must. Options: `--fault`
// with the name of another fault of `scripts/mutants/list.mjs` (of the gateway or the room server); `--duration`, default 12s; `--kill-every` for
// faults that only a killed server shows, default 0: never.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { mutants } from "./mutants/list.mjs";
import { copyWithFault } from "./tools/broken-copy.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const startMsMax = 30_000;
const stopMsMax = 20_000;
const thresholdsBroken = 99;
const { values } = parseArgs({
  options: {
    fault: { type: "string", default: "what was held is not sent again after a rebind" },
    duration: { type: "string", default: "12s" },
    "kill-every": { type: "string", default: "0" },
  },
});

/** Resolves with its two addresses when it is ready. */
function startCluster(path, store) {
  const args = [join(path, "scripts/roomgate.mjs"), "cluster", "--port", "0", "--admin-port", "0", "--store", store];
  const child = spawn(process.execPath, args, { cwd: path, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const ready = new Promise((resolve, reject) => {
    const take = (text) => {
      output += text;
      const ports = [...output.matchAll(/http:\/\/localhost:(\d+)\//g)].map(([, port]) => port);
      if (ports.length >= 2) resolve(ports);
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    child.once("exit", (code) => reject(new Error(`the cluster ended with ${code}:\n${output}`)));
    setTimeout(() => reject(new Error(`the cluster is not ready:\n${output}`)), startMsMax).unref();
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
    await ended;
    clearTimeout(timer);
  };
  return { ready, stop };
}

async function chaosAgainst([port, adminPort], folder) {
  const where = ["--url", `ws://127.0.0.1:${port}`, "--admin-url", `http://127.0.0.1:${adminPort}`];
  const what = ["--mix", "commit=20,echo=10", "--duration", values.duration, "--settle", "3s"];
  const summary = join(folder, "summary.json");
  // What is looked for is loss, not slowness.
  const times = ["--latency-p99-ms", "60000", "--longest-wait-ms", "60000", "--move-pause-p99-ms", "60000"];
  const done = ["--moves-per-second", "4", "--drain-every", "0", "--kill-every", values["kill-every"]];
  const files = ["--summary", summary, "--report", join(folder, "report.html")];
  const args = [join(root, "scripts/load.mjs"), "chaos", ...where, ...what, ...times, ...done, ...files];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  const exit = await new Promise((resolve, reject) => child.once("error", reject).once("exit", resolve));
  if (exit !== 0 && exit !== thresholdsBroken) throw new Error(`the load test did not run: it ended with ${exit}`);
  const metrics = JSON.parse(readFileSync(summary, "utf8"));
  return Object.entries(metrics).flatMap(([metric, { thresholds = {} }]) =>
    Object.entries(thresholds).flatMap(([threshold, { ok }]) => (ok ? [] : [`${metric} ${threshold}`])),
  );
}

const mutant = mutants.find(({ name }) => name === values.fault);
if (mutant === undefined || !/^gateway\/(edge|room|wire|cluster|store\/lmdb)\//.test(mutant.file)) {
  console.error(`load:broken: there is no fault "${values.fault}" of a cluster in scripts/mutants/list.mjs`);
  process.exit(2);
}
const built = spawnSync(process.execPath, [join(root, "scripts/build.mjs")], {
  stdio: ["ignore", "inherit", "inherit"],
});
if (built.status !== 0) process.exit(2);

const folder = mkdtempSync(join(tmpdir(), "roomgate-broken-"));
const copy = await copyWithFault(mutant);
const cluster = startCluster(copy.path, `lmdb:${join(folder, "store")}`);
try {
  const broken = await chaosAgainst(await cluster.ready, folder);
  const isNoticed = broken.some((name) => /^(gaps|doubles|reorderings|closes|faults)/.test(name));
  console.log(
    `\n"${mutant.name}": ${isNoticed ? "noticed" : "NOT NOTICED"}${broken.map((name) => `\n  broken: ${name}`).join("")}`,
  );
  process.exitCode = isNoticed ? 0 : 1;
} finally {
  await cluster.stop();
  copy.remove();
  rmSync(folder, { recursive: true, force: true });
}
