#!/usr/bin/env node
// `npm run soak`: the long form of the torture of ledger rooms, half an hour or more; `npm run soak -- editor`: that of a document that
// 20 providers write. `--seed <n>` repeats a course of blows; `--kills 15 --stops 0 --massacres 0 --moves 0` strikes as often as it says.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const count = { type: "string" };
const { values, positionals } = parseArgs({
  options: { seed: count, kills: count, stops: count, massacres: count, moves: count },
  allowPositionals: true,
});
const [course = "ledger"] = positionals;
if (!["ledger", "editor"].includes(course)) throw new Error(`there is no soak "${course}": ledger or editor`);

function run(args, env = {}) {
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
  if (status !== 0) process.exit(status ?? 1);
}

const { seed, ...blows } = values;
const counts = Object.fromEntries(Object.entries(blows).map(([name, text]) => [name, Number(text)]));
if (Object.values(counts).some((number) => !Number.isSafeInteger(number) || number < 0)) {
  throw new RangeError("--kills, --stops, --massacres and --moves take whole numbers");
}

run([join(root, "scripts/build.mjs")]);
run(
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "--project",
    "integration",
    `test/integration/${course}.test.ts`,
  ],
  {
    ROOMGATE_SOAK: "long",
    ROOMGATE_BLOWS: JSON.stringify(counts),
    ...(seed === undefined ? {} : { ROOMGATE_SEED: seed }),
  },
);
