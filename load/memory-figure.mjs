#!/usr/bin/env node
// `node load/memory-figure.mjs [rounds]`: what journals cost rooms that have none. CPU of a turn of a memory room as it is and with every
// call of the journal taken out of the sources, and of the same room with an interval and with commit, in turns; medians.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const rounds = Number(process.argv[2] ?? 7);

/** `journaled?.anything(…)`, as far as a memory room comes by it. */
const journalCall = /(?:this\.#setting\.|this\.#)?\bjournaled\?\.\w+(?:\((?:[^()]|\([^()]*\))*\))?/g;
let taken = 0;
const withoutJournal = {
  name: "without journal",
  enforce: "pre",
  transform(code, id) {
    if (!/gateway\/room\/(live-room|roster)\.ts$/.test(id)) return undefined;
    taken += code.match(journalCall)?.length ?? 0;
    return { code: code.replace(journalCall, "undefined"), map: null };
  },
};

async function bundle(plugins) {
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const outDir = mkdtempSync(join(cache, "turn-bench-"));
  await build({
    root,
    configFile: false,
    logLevel: "error",
    plugins,
    build: { ssr: join(root, "load/turn-bench.ts"), outDir, minify: false, target: "node20" },
  });
  return outDir;
}

function measure(folder, kind) {
  const run = spawnSync(process.execPath, [join(folder, "turn-bench.js"), kind], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(run.stderr);
  return Number(/(\d+) ns/.exec(run.stdout)?.[1]);
}

const median = (values) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];

const asItIs = await bundle([]);
const without = await bundle([withoutJournal]);
try {
  if (taken === 0) throw new Error("no call of a journal was found in the sources");
  const rows = [
    ["memory, without any call of a journal", without, "memory"],
    ["memory", asItIs, "memory"],
    ["{ intervalMs: 100 }", asItIs, "interval"],
    ["commit", asItIs, "commit"],
  ].map(([name, folder, kind]) => ({ name, folder, kind, ns: [] }));
  for (let round = 0; round < rounds; round += 1) for (const row of rows) row.ns.push(measure(row.folder, row.kind));
  console.log(`CPU of a turn, ns: median of ${rounds} (least to most); ${taken} calls taken out`);
  for (const { name, ns } of rows) {
    console.log(`${name.padEnd(40)} ${String(median(ns)).padStart(6)} (${Math.min(...ns)} to ${Math.max(...ns)})`);
  }
} finally {
  for (const folder of [asItIs, without]) rmSync(folder, { recursive: true, force: true });
}
