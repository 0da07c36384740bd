#!/usr/bin/env node
// `npm run mutants`: makes each deliberate fault of `mutants/list.mjs` in turn and runs the suite that must notice it. Ends with a table,
// and with 1 if one has survived or cannot be made any more. `--only <part of a name>`, `--seeds <at most>`, `--processes <at once>`;
// `--report <file>` is for `scripts/test.mjs`, which counts each fault as a test.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { mutants } from "./mutants/list.mjs";
import { mutantPlugin, whyNot } from "./mutants/patch.mjs";
import { bundleSimulation } from "./tools/bundle.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    seeds: { type: "string", default: "2000" },
    processes: { type: "string", default: String(availableParallelism()) },
    report: { type: "string" },
  },
});
const suiteMsMax = 10 * 60_000;
const chosen = mutants.filter(({ name }) => name.includes(values.only));
const processes = Math.min(chosen.length, Number(values.processes));
if (!Number.isSafeInteger(processes) || processes < 1) {
  console.error("--processes takes a whole number above 0, and --only a part of a name in scripts/mutants/list.mjs");
  process.exit(1);
}

/** Runs Node to its end. */
function runNode(args, environment = {}) {
  return new Promise((resolve) => {
    const options = {
      cwd: root,
      env: { ...process.env, ...environment },
      encoding: "utf8",
      timeout: suiteMsMax,
      maxBuffer: 2 ** 28,
    };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ status: error ? error.code : 0, signal: error?.signal, stdout, stderr });
    });
  });
}

/** `how`: what the suite said; `undefined` where it noticed nothing. `isSound`: it ran as far as that. */
async function runSimulation(mutant) {
  const bundle = await bundleSimulation([mutantPlugin(root, mutant)]);
  try {
    // Where several faults are looked at together each has a core to itself.
    const cores = processes > 1 ? ["--processes", "1"] : [];
    const seeds = ["--seeds", values.seeds, "--from", String(mutant.from ?? 1)];
    const run = await runNode([bundle.path, ...seeds, "--stop-at-first", ...cores]);
    if (run.status === 0) return { isSound: true };
    if (run.status === 1 && /^seed \d+ at /.test(run.stdout)) {
      return { isSound: true, how: run.stdout.split("\n")[0] };
    }
    return {
      isSound: false,
      how: `the simulation ended with ${run.signal ?? run.status}: ${run.stderr.slice(0, 300)}`,
    };
  } finally {
    bundle.remove();
  }
}

async function runTests(mutant) {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const config = join(root, "scripts/mutants/vitest.config.mjs");
  const args = [vitest, "run", "--project", "unit", "--config", config, "--reporter=json", ...mutant.suite];
  const run = await runNode(args, { ROOMGATE_MUTANT: mutant.name });
  if (run.status === 0) return { isSound: true };
  const start = run.stdout.indexOf('{"');
  if (start < 0) return { isSound: false, how: `the suite did not run: ${(run.stderr || run.stdout).slice(-300)}` };
  const report = JSON.parse(run.stdout.slice(start));
  const failed = report.testResults.flatMap((file) => file.assertionResults).find(({ status }) => status === "failed");
  if (failed === undefined) return { isSound: false, how: `the suite did not run: ${run.stderr.slice(-300)}` };
  return { isSound: true, how: failed.fullName };
}

async function judge(mutant) {
  const startMs = performance.now();
  const broken = whyNot(root, mutant);
  const { isSound, how } =
    broken !== undefined
      ? { isSound: false, how: broken }
      : await (mutant.suite === "simulation" ? runSimulation(mutant) : runTests(mutant));
  const verdict = broken !== undefined ? "CANNOT BE MADE" : isSound && how !== undefined ? "noticed" : "SURVIVED";
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(0);
  const row = [mutant.name, verdict, `${seconds} s`, (how ?? "").slice(0, 150)];
  console.error(row.join(" | "));
  return row;
}

const startMs = performance.now();
const rows = [];
const waiting = [...chosen.entries()];
await Promise.all(
  Array.from({ length: processes }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, mutant] = next;
      rows[index] = await judge(mutant);
    }
  }),
);

const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column].length)));
for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
const isNoticed = ([, verdict]) => verdict === "noticed";
const noticed = rows.filter(isNoticed).length;
console.log(`${rows.length} mutants, ${noticed} noticed`);
if (values.report !== undefined) writeReport(values.report, (performance.now() - startMs) / 1_000);
process.exitCode = noticed < rows.length ? 1 : 0;

/** As `tools/report-for-counts.mjs` writes it. */
function writeReport(path, seconds) {
  const tests = rows.map((row) => {
    const [name, verdict, , how] = row;
    return isNoticed(row)
      ? { name, state: "passed" }
      : { name: `${name}: ${[verdict.toLowerCase(), how].filter(Boolean).join(", ")}`, state: "failed" };
  });
  const files = [{ path: "scripts/mutants/list.mjs", seconds, isBroken: false, tests }];
  writeFileSync(path, JSON.stringify({ files, strayErrors: 0 }));
}
