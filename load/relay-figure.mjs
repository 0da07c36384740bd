#!/usr/bin/env node
// CPU per relayed message: our gateway and room server beside HAProxy and a bare uWebSockets.js server, in turns, with the same
// clients. A message is one there and one back. Prints a table of medians.
//
// node load/relay-figure.mjs [--rounds 5] [--seconds 3] [--clients 100] [--payload 64] [--in-flight 1,8] [--profile <folder>]
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "../scripts/build.mjs";
import { obtainProgram } from "../scripts/tools/programs.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    clients: { type: "string", default: "100" },
    payload: { type: "string", default: "64" },
    "in-flight": { type: "string", default: "1,8" },
    profile: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const spanMs = Number(values.seconds) * 1000;
const depths = values["in-flight"].split(",").map(Number);
const roomCount = 10;
const warmUpMs = 1_000;
const ticksPerSecond = 100;
const readyMsMax = 30_000;

const folder = mkdtempSync(join(tmpdir(), "roomgate-figure-"));
const children = new Set();

function start(command, args, options = {}) {
  const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], ...options });
  child.tail = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (text) => {
      child.tail = (child.tail + text).slice(-4_000);
    });
  }
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

async function until(ask, problem) {
  const deadlineMs = performance.now() + readyMsMax;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadlineMs) throw new Error(problem());
    await sleep(20);
  }
}

const printed = (child, pattern) =>
  until(
    () => child.tail.match(pattern)?.[1],
    () => `no ${pattern} in:\n${child.tail}`,
  );

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** CPU seconds, user and system, of a process with all its threads. */
function cpuSecondsOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

async function startRoomgate() {
  const env = { ...process.env };
  if (values.profile !== undefined) {
    const to = resolve(values.profile);
    mkdirSync(to, { recursive: true });
    env.CPU_PROFILE_FOLDER = to;
    env.NODE_OPTIONS = `--import ${new URL("cpu-profile.mjs", import.meta.url).href}`;
  }
  const flags = ["--servers", "1", "--port", "0", "--admin-port", "0", "--log-level", "warn"];
  const store = ["--store", `lmdb:${join(folder, "store")}`];
  const cluster = start(process.execPath, [join(root, "scripts/roomgate.mjs"), "cluster", ...flags, ...store], { env });
  const port = Number(await printed(cluster, /Demos +http:\/\/localhost:(\d+)\//));
  const admin = `http://127.0.0.1:${await printed(cluster, /Dashboard +http:\/\/localhost:(\d+)\//)}`;
  const pidOf = async (kind) => (await (await fetch(`${admin}/api/${kind}`)).json())[0].pid;
  return {
    name: "roomgate",
    port,
    paths: Array.from({ length: roomCount }, (_none, index) => `/rooms/echo/r${index}`),
    relayPid: await pidOf("gateways"),
    serverPid: await pidOf("servers"),
    stop: () => cluster.kill("SIGINT"),
  };
}

async function startHaproxy() {
  const program = obtainProgram("haproxy");
  if (program.missing !== undefined) throw new Error(program.missing);
  const bare = start(process.execPath, [join(root, "dist/load/bare-uws.js"), "0"]);
  const barePort = await printed(bare, /listening (\d+)/);
  const port = await freePort();
  const file = join(folder, "haproxy.cfg");
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
frontend clients
  bind 127.0.0.1:${port}
  default_backend rooms
backend rooms
  balance uri whole
  hash-type consistent
  server bare 127.0.0.1:${barePort}
`,
  );
  const haproxy = start(program.path, ["-db", "-f", file]);
  await until(
    () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => undefined,
      ),
    () => `haproxy does not listen:\n${haproxy.tail}`,
  );
  return {
    name: "haproxy",
    port,
    paths: Array.from({ length: roomCount }, (_none, index) => `/echo?room=r${index}`),
    relayPid: haproxy.pid,
    serverPid: bare.pid,
    stop: () => {
      haproxy.kill("SIGTERM");
      bare.kill("SIGKILL");
    },
  };
}

async function measure(contender, inFlight) {
  const args = [contender.port, values.clients, inFlight, values.payload, ...contender.paths].map(String);
  const clients = fork(join(root, "load/relay-clients.mjs"), args);
  children.add(clients);
  await once(clients, "message");
  await sleep(warmUpMs);
  const read = async () => {
    clients.send("count");
    const [{ answers, cpuMicros }] = await once(clients, "message");
    return {
      answers,
      relay: cpuSecondsOf(contender.relayPid),
      server: cpuSecondsOf(contender.serverPid),
      clients: cpuMicros / 1e6,
      atMs: performance.now(),
    };
  };
  const before = await read();
  await sleep(spanMs);
  const after = await read();
  clients.disconnect();
  await once(clients, "exit");
  children.delete(clients);
  const count = after.answers - before.answers;
  const micros = (part) => ((after[part] - before[part]) * 1e6) / count;
  const seconds = (after.atMs - before.atMs) / 1000;
  return {
    perSecond: count / seconds,
    relay: micros("relay"),
    server: micros("server"),
    clients: micros("clients"),
    clientsBusy: (after.clients - before.clients) / seconds,
  };
}

function medianOf(runs, part) {
  const sorted = runs.map((run) => run[part]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

const cell = (value, digits = 2) => value.toFixed(digits).padStart(9);

await build();
try {
  const contenders = [await startRoomgate(), await startHaproxy()];
  const runs = new Map();
  for (let round = 0; round < rounds; round += 1) {
    for (const inFlight of depths) {
      for (const contender of contenders) {
        const key = `${contender.name} ${inFlight}`;
        runs.set(key, [...(runs.get(key) ?? []), await measure(contender, inFlight)]);
      }
    }
  }
  const [{ model }] = cpus();
  console.log(`${cpus().length} × ${model}, load average ${loadavg()[0].toFixed(1)}, Node ${process.version}`);
  console.log(
    `${values.clients} clients × ${values.payload} bytes, medians of ${rounds} rounds of ${values.seconds} s`,
  );
  console.log("CPU in µs per message (there and back)");
  console.log("in flight  contender      relay    server      both   clients   messages/s  clients busy");
  for (const inFlight of depths) {
    for (const { name } of contenders) {
      const of = (part) => medianOf(runs.get(`${name} ${inFlight}`), part);
      const both = of("relay") + of("server");
      const row = [cell(of("relay")), cell(of("server")), cell(both), cell(of("clients"))].join(" ");
      const busy = `${(of("clientsBusy") * 100).toFixed(0)} %`;
      console.log(
        `${String(inFlight).padStart(9)}  ${name.padEnd(9)} ${row} ${cell(of("perSecond"), 0)}    ${busy.padStart(9)}`,
      );
    }
    const ratio = (parts) => {
      const [ours, theirs] = ["roomgate", "haproxy"].map((name) =>
        parts.reduce((sum, part) => sum + medianOf(runs.get(`${name} ${inFlight}`), part), 0),
      );
      return (ours / theirs).toFixed(2);
    };
    const both = ratio(["relay", "server"]);
    console.log(`${String(inFlight).padStart(9)}  gateway / haproxy ${ratio(["relay"])}; with their servers ${both}`);
  }
  for (const contender of contenders) contender.stop();
  await Promise.race([Promise.all([...children].map((child) => once(child, "exit"))), sleep(8_000)]);
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
