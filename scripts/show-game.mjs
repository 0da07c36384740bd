#!/usr/bin/env node
// `npm run show:game`: two minutes of the arena with two browsers and twenty bots, moved every second, its server killed every 20 s.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { obtainProgram } from "./tools/programs.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const chromium = obtainProgram("chromium");
if (chromium.missing !== undefined) {
  console.error(`show:game needs Chromium: ${chromium.missing}`);
  process.exit(1);
}

function run(args, env = {}) {
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
  if (status !== 0) process.exit(status ?? 1);
}

run([join(root, "scripts/build.mjs")]);
run(
  [join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "integration", "test/browser/game-show.test.ts"],
  {
    ROOMGATE_SHOW: "long",
    [chromium.variable]: chromium.path,
  },
);
