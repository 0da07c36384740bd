#!/usr/bin/env node
// `npm run typecheck`: the sources as Node runs them, then each page as browsers do. All of them are checked, also behind a mistake.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = join(root, "node_modules/typescript/bin/tsc");
if (!existsSync(tsc)) {
  console.error("typecheck: typescript is not installed: run `npm ci` first");
  process.exit(1);
}

const pages = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => join(root, entry.name, "page/tsconfig.json"))
  .filter((file) => existsSync(file));

let failed = 0;
for (const project of [join(root, "tsconfig.json"), ...pages]) {
  const run = spawnSync(process.execPath, [tsc, "--noEmit", "-p", project], { cwd: root, stdio: "inherit" });
  const isRight = run.status === 0;
  if (!isRight) failed += 1;
  console.log(`${isRight ? "ok" : "failed"}  ${relative(root, project)}`);
}
process.exitCode = failed === 0 ? 0 : 1;
