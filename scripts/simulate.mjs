#!/usr/bin/env node
// `npm run simulate`: seeds of the deterministic simulation, as many as one likes. `--seeds N --from S`, or one with `--seed S`;
// `--shrink` looks for the shortest plan that fails alike, `--trace` prints what happened.
import { spawnSync } from "node:child_process";
import { bundleSimulation } from "./tools/bundle.mjs";

const bundle = await bundleSimulation();
try {
  const run = spawnSync(process.execPath, [bundle.path, ...process.argv.slice(2)], { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} finally {
  bundle.remove();
}
