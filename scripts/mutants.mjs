#!/usr/bin/env node
// `npm run mutants`: makes each deliberate fault of `mutants/list.mjs` in turn and runs the suite that must notice it. Ends with a table,
// and with 1 if one has survived or cannot be made any more. `--only <part of a name>`, `--seeds <at most>`.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { mutants } from "./mutants/list.mjs";
import { mutantPlugin, whyNot } from "./mutants/patch.mjs";
import { bundleSimulation } from "./tools/bundle.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, seeds: { type: "string", default: "2000" } },
});
const suiteMsMax = 10 * 60_000;

/** `how`: what the suite said, `undefined` where it noticed nothing. */
async function noticed(mutant) {
  if (mutant.suite !== "simulation") return runSuite(mutant);
  const bundle = await bundleSimulation([mutantPlugin(root, mutant)]);
  try {
    const run = spawnSync(process.execPath, [bundle.path, "--seeds", values.seeds, "--stop-at-first"], {
      encoding: "utf8",
      timeout: suiteMsMax,
    });
    if (run.status === 0) return undefined;
    if (run.status !== 1) return `the simulation ended with ${run.status ?? run.signal}: ${run.stderr.slice(0, 300)}`;
    return run.stdout.split("\n")[0];
  } finally {
    bundle.remove();
  }
}

function runSuite(mutant) {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const config = join(root, "scripts/mutants/vitest.config.mjs");
  const run = spawnSync(
    process.execPath,
    [vitest, "run", "--project", "unit", "--config", config, "--reporter=json", ...mutant.suite],
    {
      cwd: root,
      env: { ...process.env, ROOMGATE_MUTANT: mutant.name },
      encoding: "utf8",
      timeout: suiteMsMax,
      maxBuffer: 2 ** 28,
    },
  );
  if (run.status === 0) return undefined;
  const start = run.stdout.indexOf('{"');
  if (start < 0) return `the suite did not run: ${(run.stderr || run.stdout).slice(-300)}`;
  const report = JSON.parse(run.stdout.slice(start));
  const failed = report.testResults.flatMap((file) => file.assertionResults).find(({ status }) => status === "failed");
  return failed ? failed.fullName : `the suite did not run: ${run.stderr.slice(-300)}`;
}

let bad = 0;
const rows = [];
for (const mutant of mutants.filter(({ name }) => name.includes(values.only))) {
  const broken = whyNot(root, mutant);
  const startMs = performance.now();
  const how = broken === undefined ? await noticed(mutant) : undefined;
  const isKilled = how !== undefined && !how.includes("did not run") && !how.startsWith("the simulation ended");
  const verdict = broken ? "CANNOT BE MADE" : isKilled ? "noticed" : "SURVIVED";
  if (verdict !== "noticed") bad += 1;
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(0);
  const row = [mutant.name, verdict, `${seconds} s`, (broken ?? how ?? "").slice(0, 150)];
  rows.push(row);
  console.error(row.join(" | "));
}
const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column].length)));
for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
console.log(`${rows.length} mutants, ${rows.length - bad} noticed`);
process.exitCode = bad > 0 ? 1 : 0;
