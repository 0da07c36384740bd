#!/usr/bin/env node
// Builds dist/: the compiled sources, the pages of the demos, the landing page. What is up to date by content is skipped,
// so that `npm start` is quick; of two builds at once the second waits for the first, and then has nothing to do.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { withLock } from "./tools/lock.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const at = (...parts) => join(root, ...parts);

class BuildError extends Error {}

/** All files below the paths that exist, in a fixed order. */
function filesBelow(paths) {
  const files = [];
  const visit = (path) => {
    if (!existsSync(path)) return;
    const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.name === "node_modules" || entry.name.startsWith(".")) continue;
      const full = join(path, entry.name);
      if (entry.isDirectory()) visit(full);
      else if (entry.isFile()) files.push(full);
    }
  };
  for (const path of paths) visit(path);
  return files;
}

/** What the benchmark writes lies among its sources, and is no reason to build. */
const isInput = (file) => !file.endsWith(".md") && !file.startsWith(at("load/results"));

function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files) {
    if (!existsSync(file)) continue;
    hash.update(relative(root, file)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

// The bots play with the page's own side of the game.
const sourceFolders = [
  "gateway",
  "demo-game/server",
  "demo-game/bots",
  "demo-game/page/play",
  "demo-editor/server",
  "load",
].map((folder) => at(folder));
const common = [
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "scripts/build.mjs",
  "scripts/tools/bundle.mjs",
].map((file) => at(file));

/** Renames a finished folder into its place, so that a broken build leaves the last good one. */
function putInPlace(next, target) {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(dirname(target), { recursive: true });
  renameSync(next, target);
}

async function compile() {
  const next = join(dist, ".next");
  rmSync(next, { recursive: true, force: true });
  const tsc = toolPath("typescript", "tsc");
  const flags = ["--outDir", next, "--noEmitOnError", "--incremental", "false", "--tsBuildInfoFile", "null"];
  const run = spawnSync(process.execPath, [tsc, "-p", at("tsconfig.build.json"), ...flags], {
    cwd: root,
    encoding: "utf8",
  });
  if (run.status !== 0) {
    rmSync(next, { recursive: true, force: true });
    throw new BuildError(`the sources do not compile:\n${run.stdout}${run.stderr}`.trimEnd());
  }
  await bundle(next);
  // Pages that the code serves by itself stay beside it.
  cpSync(at("gateway/ops/dashboard"), join(next, "gateway/ops/dashboard"), { recursive: true });
  for (const folder of readdirSync(next)) putInPlace(join(next, folder), join(dist, folder));
  rmSync(next, { recursive: true, force: true });
}

/** Over what the compiler made of the same entries. Loaded here, so that it is missed by name where development packages are. */
async function bundle(folder) {
  const { bundlePrograms } = await import("./tools/bundle.mjs");
  try {
    await bundlePrograms(folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw new BuildError(`the programs cannot be bundled: ${error.message}`);
  }
}

async function buildPage(name, source) {
  const { build } = await import("vite");
  const next = join(dist, `.next-${name}`);
  try {
    await build({
      root: source,
      base: "./",
      logLevel: "warn",
      build: { outDir: next, emptyOutDir: true, target: "es2022", chunkSizeWarningLimit: 2000 },
    });
  } catch (error) {
    rmSync(next, { recursive: true, force: true });
    throw new BuildError(`the page ${relative(root, source)} does not build: ${error.message}`);
  }
  compress(next);
  putInPlace(next, join(dist, "pages", name));
}

/** Once here, so that no gateway does it while it serves. */
function compress(folder) {
  for (const file of filesBelow([folder])) {
    if (!/\.(js|css|svg|json|html|wasm)$/.test(file)) continue;
    const content = readFileSync(file);
    const gzipped = gzipSync(content, { level: 9 });
    if (gzipped.byteLength < content.byteLength * 0.9) writeFileSync(`${file}.gz`, gzipped);
  }
}

function toolPath(packageName, bin) {
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve(`${packageName}/package.json`);
    return join(dirname(manifest), JSON.parse(readFileSync(manifest, "utf8")).bin[bin]);
  } catch {
    throw new BuildError(`${packageName} is not installed: run \`npm ci\` (with development packages) first`);
  }
}

const page = (name, folder) => ({
  name: `pages/${name}`,
  output: join(dist, "pages", name, "index.html"),
  exists: existsSync(at(folder, "page/index.html")),
  inputs: [at(folder), at("gateway/client")],
  run: () => buildPage(name, at(folder, "page")),
});

const steps = [
  {
    name: "sources",
    output: join(dist, "gateway/main.js"),
    exists: true,
    inputs: sourceFolders,
    run: compile,
  },
  page("game", "demo-game"),
  page("editor", "demo-editor"),
  {
    name: "landing",
    output: join(dist, "pages/index.html"),
    exists: true,
    inputs: [at("gateway/ops/landing")],
    run: () => cpSync(at("gateway/ops/landing"), join(dist, "pages"), { recursive: true }),
  },
];

/** Runs what is out of date. Answers the names of what it built. */
export async function build() {
  mkdirSync(join(dist, ".stamps"), { recursive: true });
  return withLock(join(dist, ".lock"), async () => {
    const built = [];
    for (const step of steps) {
      if (!step.exists) continue;
      const stamp = join(dist, ".stamps", step.name.replace("/", "-"));
      const hash = hashOf([...common, ...filesBelow(step.inputs).filter(isInput)]);
      const upToDate = existsSync(step.output) && existsSync(stamp) && readFileSync(stamp, "utf8") === hash;
      if (upToDate) continue;
      rmSync(stamp, { force: true });
      const startMs = performance.now();
      await step.run();
      writeFileSync(stamp, hash);
      built.push(step.name);
      console.error(`built ${step.name} in ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
    }
    return built;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await build();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(`build: ${error.message}`);
    // `npm ci --omit=dev` runs `prepare` too; there the package is used as it was built before, or not at all.
    const withoutTools = process.env.npm_lifecycle_event === "prepare" && error.message.includes("not installed");
    process.exitCode = withoutTools ? 0 : 1;
  }
}
