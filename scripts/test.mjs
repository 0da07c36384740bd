#!/usr/bin/env node
// `npm test`: gets what the suites need, runs them all, and ends with the counts over all of them. A suite whose program cannot
// be had is skipped by name. `--also-failed <name>` counts a check that the caller ran itself, `--also-took <name>=<seconds>` adds
// its time to the list of what took how long.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { obtainProgram } from "./tools/programs.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const suites = [
  {
    name: "unit",
    project: "unit",
    folders: ["unit", "property", "contract", "architecture", "simulation"],
    programs: [],
    built: false,
  },
  { name: "mutants", script: "mutants.mjs", folders: ["simulation"], programs: [], built: false },
  { name: "integration", project: "integration", folders: ["integration"], programs: [], built: true },
  { name: "browser", project: "integration", folders: ["browser"], programs: ["chromium"], built: true },
  { name: "load", project: "integration", folders: ["load"], programs: ["k6"], built: true },
];

const named = { type: "string", multiple: true, default: [] };
const { values } = parseArgs({ options: { "also-failed": named, "also-took": named } });
const totals = { passed: 0, failed: values["also-failed"].length, skipped: 0 };
const remarks = values["also-failed"].map((name) => `failed: ${name}`);
const spent = values["also-took"].map((text) => {
  const [name, seconds] = text.split("=");
  return { name, seconds: Number(seconds) };
});
const slowest = [];
const scratch = mkdtempSync(join(tmpdir(), "roomgate-test-"));

function hasTests(folder) {
  const path = join(root, "test", folder);
  return existsSync(path) && readdirSync(path, { recursive: true }).some((file) => file.endsWith(".test.ts"));
}

function fail(remark) {
  totals.failed += 1;
  remarks.push(`failed: ${remark}`);
}

function skip(remark) {
  totals.skipped += 1;
  remarks.push(`skipped: ${remark}`);
}

function timed(name, work) {
  const startMs = performance.now();
  const result = work();
  spent.push({ name, seconds: (performance.now() - startMs) / 1000 });
  return result;
}

function build() {
  const run = spawnSync(process.execPath, [join(root, "scripts/build.mjs")], { cwd: root, stdio: "inherit" });
  if (run.status !== 0) fail("build");
  return run.status === 0;
}

function countResults(suite, { files, strayErrors }) {
  for (const { path, seconds, isBroken, tests } of files) {
    slowest.push({ path, seconds });
    for (const { name, state, note } of tests) {
      if (state === "passed") totals.passed += 1;
      else if (state === "failed") fail(`${path}: ${name}`);
      else skip(`${path}: ${name}: ${note ?? "it does not say why"}`);
    }
    if (isBroken) fail(`${path} (did not run as a whole)`);
  }
  if (strayErrors > 0) fail(`${suite.name}: errors outside of tests (see above)`);
}

function runSuite(suite) {
  const folders = suite.folders.filter(hasTests);
  if (folders.length === 0) return;
  const report = join(scratch, `${suite.name}.json`);
  const env = { ...process.env, CI: process.env.CI ?? "true", TEST_REPORT: report };
  for (const name of suite.programs) {
    const program = obtainProgram(name);
    if (program.missing !== undefined) {
      skip(`the ${suite.name} suite needs ${name}: ${program.missing}`);
      return;
    }
    env[program.variable] = program.path;
  }
  if (suite.built && !isBuilt) {
    fail(`${suite.name}: not run, since the build failed`);
    return;
  }
  const command = suite.script
    ? [join(root, "scripts", suite.script), "--report", report]
    : vitestCommand(suite.project, folders);
  const failedBefore = totals.failed;
  console.log(`\n== ${suite.name}`);
  const stdio = ["ignore", "inherit", "inherit"];
  const run = timed(suite.name, () => spawnSync(process.execPath, command, { cwd: root, env, stdio }));
  if (existsSync(report)) countResults(suite, JSON.parse(readFileSync(report, "utf8")));
  if (!existsSync(report)) fail(`${suite.name}: ${howItEnded(run)} before it could report`);
  else if (run.status !== 0 && totals.failed === failedBefore) fail(`${suite.name}: ${howItEnded(run)}`);
}

function vitestCommand(project, folders) {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const counts = join(root, "scripts/tools/report-for-counts.mjs");
  const paths = folders.map((folder) => `test/${folder}/`);
  return [vitest, "run", "--project", project, "--reporter=default", `--reporter=${counts}`, ...paths];
}

function howItEnded({ status, signal }) {
  return signal === null ? `it exited with ${status}` : `it was killed by ${signal}`;
}

const needsBuild = suites.some((suite) => suite.built && suite.folders.some(hasTests));
const isBuilt = needsBuild ? timed("build", build) : true;
try {
  for (const suite of suites) runSuite(suite);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (totals.passed + totals.failed === 0) fail("no test was found");
console.log("");
const total = spent.reduce((sum, { seconds }) => sum + seconds, 0);
const times = [...spent, { name: "all", seconds: total }].map(({ name, seconds }) => `${name} ${seconds.toFixed(1)} s`);
console.log(`took: ${times.join(", ")}`);
slowest.sort((a, b) => b.seconds - a.seconds);
console.log(
  `slowest: ${slowest
    .slice(0, 5)
    .map(({ path, seconds }) => `${path} ${seconds.toFixed(1)} s`)
    .join(", ")}`,
);
for (const remark of remarks) console.log(remark);
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed === 0 ? 0 : 1;
