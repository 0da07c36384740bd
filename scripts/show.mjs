#!/usr/bin/env node
// `npm run show:game`: two minutes of the arena with two browsers and twenty bots, moved every second, its server killed every 20 s.
// `npm run show:editor`: a minute of two browsers that write one document, moved every 250 ms, its server killed every 10 s.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { obtainProgram } from "./tools/programs.mjs";

const shows = {
  game: ["test/browser/game-show.test.ts"],
  editor: ["test/browser/editor.test.ts", "-t", "with real keystrokes"],
};
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [name = ""] = process.argv.slice(2);
const show = Object.entries(shows).find(([one]) => one === name)?.[1];
if (show === undefined) throw new Error(`there is no show "${name}": ${Object.keys(shows).join(" or ")}`);
const chromium = obtainProgram("chromium");
if (chromium.missing !== undefined) {
  console.error(`show:${name} needs Chromium: ${chromium.missing}`);
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
run([join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "integration", ...show], {
  ROOMGATE_SHOW: "long",
  [chromium.variable]: chromium.path,
});
