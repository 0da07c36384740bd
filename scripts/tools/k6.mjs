import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram, installWithApt } from "./find.mjs";

/** What is installed where there is none; `k6/go.mod` names the same. */
const pinned = "2.2.0";
/** The first with `k6/websockets`. */
const least = [1, 6];
const here = dirname(fileURLToPath(import.meta.url));
const releases = "https://github.com/grafana/k6/releases/download";
const goMsMax = 15 * 60_000;
const downloadMsMax = 5 * 60_000;

/**
 * The first of these that can be had: k6 from the PATH if it is new enough; what an earlier run has put into the cache; the pinned
 * version built by `go install`, sources and dependencies checked against `k6/go.sum`; the system's package; the project's release, checked
 * against the sums that are published with it. `{ path }`, or `{ missing }` with what went wrong with each.
 */
export function obtainK6() {
  const problems = [];
  for (const [name, way] of Object.entries(ways)) {
    const { path, problem } = way();
    if (path !== undefined) return { path };
    problems.push(`${name}: ${problem}`);
  }
  return { missing: `install k6 ${least.join(".")} or newer, or set ROOMGATE_K6 to its path (${problems.join("; ")})` };
}

const ways = {
  PATH: fromPath,
  cache: () => (versionOf(cached()) === undefined ? { problem: "nothing there" } : { path: cached() }),
  "go install": goInstall,
  "system's package": () => (installWithApt("k6") ? fromPath() : { problem: "none" }),
  release: download,
};

/** Outside of the checkout, so that every checkout of this machine has it. */
function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "roomgate", `k6-${pinned}`);
}

function cached() {
  return join(cacheFolder(), process.platform === "win32" ? "k6.exe" : "k6");
}

/** `[major, minor]`; `undefined` where it does not run. */
function versionOf(path) {
  if (path === undefined || !existsSync(path)) return undefined;
  const { stdout = "" } = spawnSync(path, ["version"], { encoding: "utf8", timeout: 30_000 });
  const [, major, minor] = /v(\d+)\.(\d+)\./.exec(stdout ?? "") ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}

function fromPath() {
  const path = findProgram("k6");
  if (path === undefined) return { problem: "not there" };
  const version = versionOf(path);
  if (version === undefined) return { problem: `${path} does not say its version` };
  const isNew = version[0] > least[0] || (version[0] === least[0] && version[1] >= least[1]);
  return isNew ? { path } : { problem: `${path} is ${version.join(".")}, which has no k6/websockets` };
}

function goInstall() {
  const go = findProgram("go");
  if (go === undefined) return { problem: "there is no go" };
  console.error(`installing k6 ${pinned} with go install: once on this machine, for some minutes`);
  return inPlace((folder) => {
    const env = { ...process.env, GOBIN: folder, GOFLAGS: "-mod=readonly", GOWORK: "off" };
    const run = spawnSync(go, ["install", "go.k6.io/k6/v2"], {
      cwd: join(here, "k6"),
      env,
      encoding: "utf8",
      timeout: goMsMax,
    });
    return run.status === 0 ? undefined : lastLine(run);
  });
}

function download() {
  const system = { linux: "linux", darwin: "macos" }[process.platform];
  const processor = { x64: "amd64", arm64: "arm64" }[process.arch];
  if (system === undefined || processor === undefined)
    return { problem: `none for ${process.platform} ${process.arch}` };
  const name = `k6-v${pinned}-${system}-${processor}`;
  const archive = `${name}.${system === "linux" ? "tar.gz" : "zip"}`;
  console.error(`downloading ${archive}`);
  return inPlace((folder) => {
    for (const file of [archive, `k6-v${pinned}-checksums.txt`]) {
      const problem = fetchFile(`${releases}/v${pinned}/${file}`, join(folder, file));
      if (problem !== undefined) return problem;
    }
    const sums = readFileSync(join(folder, `k6-v${pinned}-checksums.txt`), "utf8");
    const wanted = sums
      .split("\n")
      .find((line) => line.trim().endsWith(archive))
      ?.split(/\s+/)[0];
    const found = createHash("sha256")
      .update(readFileSync(join(folder, archive)))
      .digest("hex");
    if (wanted !== found) return `${archive} is not what its checksum says`;
    const unpack = system === "linux" ? ["tar", ["-xzf", archive]] : ["unzip", ["-q", archive]];
    const run = spawnSync(...unpack, { cwd: folder, encoding: "utf8" });
    if (run.status !== 0) return lastLine(run);
    renameSync(join(folder, name, "k6"), join(folder, "k6"));
    return undefined;
  });
}

/** In a process of its own, since its caller waits. */
function fetchFile(url, file) {
  const script = `const { writeFileSync } = require("node:fs");
    fetch(process.argv[1]).then(async (answer) => {
      if (!answer.ok) throw new Error(process.argv[1] + " answered " + answer.status);
      writeFileSync(process.argv[2], Buffer.from(await answer.arrayBuffer()));
    }).catch((error) => { console.error(String(error.cause ?? error)); process.exit(1); });`;
  const run = spawnSync(process.execPath, ["-e", script, url, file], { encoding: "utf8", timeout: downloadMsMax });
  return run.status === 0 ? undefined : lastLine(run);
}

/** `make` puts k6 into a folder of its own and answers its problem; only what runs gets into the cache, and whole. */
function inPlace(make) {
  const target = cacheFolder();
  mkdirSync(dirname(target), { recursive: true });
  const folder = mkdtempSync(`${target}-`);
  try {
    const problem = make(folder);
    if (problem !== undefined) return { problem };
    const name = process.platform === "win32" ? "k6.exe" : "k6";
    chmodSync(join(folder, name), 0o755);
    if (versionOf(join(folder, name)) === undefined) return { problem: "what was made does not run" };
    mkdirSync(target, { recursive: true });
    renameSync(join(folder, name), join(target, name));
    return { path: join(target, name) };
  } catch (error) {
    return { problem: error.message };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function lastLine({ stderr, error, signal }) {
  const line = (stderr ?? "").trim().split("\n").at(-1);
  return (error?.message ?? (signal === null ? line : `ended by ${signal}`)) || "it does not say why";
}
