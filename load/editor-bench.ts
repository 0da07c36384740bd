import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createEncoder, toUint8Array, writeVarUint } from "lib0/encoding";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import { Doc } from "yjs";

/**
 * A large document in a cluster of its own: how long it takes to open from the store, and to move, while somebody writes in it.
 * `node dist/load/editor-bench.js [updates] [moves]`; the default is 100 000 updates, which make 5 MB of text, and 100 moves.
 */
const [updatesText = "100000", movesText = "100"] = process.argv.slice(2);
const updates = Number(updatesText);
const moves = Number(movesText);
/** The small one beside it shows what the machine does to any move. */
type DocumentName = "large" | "small";
const echoType = 64;
const batchUpdates = 200;
/** 4 000 updates a second: the app's limit for one client is 5 000. */
const batchMsMin = 50;
const idleMs = 13_000;

interface BenchCluster {
  readonly clientUrl: string;
  readonly adminUrl: string;
}

interface Writer {
  readonly doc: Doc;
  readonly provider: WebsocketProvider;
  /** Resolves with the ms that it took when all that was sent before is durable. */
  echo(): Promise<number>;
  leave(): void;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "roomgate-bench-"));
  const child = startCluster(folder);
  try {
    const cluster = await addressesOf(child);
    await until(async () => (await fetch(`${cluster.adminUrl}/readyz`)).status === 200);
    const length = await fill(cluster);
    console.log(`${updates} updates, ${length} letters of text`);
    const opened: number[] = [];
    const openedCpuMs: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await sleep(idleMs);
      const beforeMs = await cpuMs(cluster);
      opened.push(await open(cluster, length));
      openedCpuMs.push((await cpuMs(cluster)) - beforeMs);
    }
    console.log(`opened from the store, its room let go before: ${quantiles(opened)}`);
    console.log(`for which all processes together, the client too, used ${quantiles(openedCpuMs)} of a core`);
    const taken: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      await killOwner(cluster);
      taken.push(await open(cluster, length));
      await sleep(2_000);
    }
    console.log(`opened right behind kill -9 of its server: ${quantiles(taken)}`);
    await moveAbout(cluster, "large");
    await moveAbout(cluster, "small");
    console.log(`load average ${loadavg()[0]?.toFixed(1)}; a busy process gets ${coreShare()} % of a core`);
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
  process.exit(0);
}

/** What all figures above are to be read with, where the machine is shared. */
function coreShare(): number {
  const startMs = performance.now();
  const before = process.cpuUsage();
  while (performance.now() - startMs < 500);
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / 10 / (performance.now() - startMs));
}

/** Writes 50 letters at a time, ten times out of eleven where the cursor stands, else elsewhere; every tenth update deletes. */
async function fill(cluster: BenchCluster): Promise<number> {
  const writer = await connect(cluster, "large");
  const text = writer.doc.getText("text");
  const words = "lorem ipsum dolor sit amet consectetur adipiscing elit ";
  let place = 0;
  for (let update = 0; update < updates; ) {
    const nextMs = performance.now() + batchMsMin;
    for (const end = Math.min(updates, update + batchUpdates); update < end; update += 1) {
      if (update % 11 === 0) place = Math.floor(Math.random() * text.length);
      if (update % 10 === 9) text.delete(Math.min(place, text.length - 8), 8);
      else text.insert(Math.min(place, text.length), words);
      place = Math.min(place + words.length, text.length);
    }
    await writer.echo();
    await sleep(nextMs - performance.now());
  }
  writer.leave();
  return text.length;
}

async function open(cluster: BenchCluster, length: number): Promise<number> {
  const startMs = performance.now();
  const writer = await connect(cluster, "large");
  const tookMs = performance.now() - startMs;
  const found = writer.doc.getText("text").length;
  if (found !== length) throw new Error(`${found} letters instead of ${length}`);
  writer.leave();
  return tookMs;
}

async function moveAbout(cluster: BenchCluster, document: DocumentName): Promise<void> {
  const writer = await connect(cluster, document);
  const text = writer.doc.getText("text");
  const pausesMs: number[] = [];
  const echoesMs: number[] = [];
  let isOver = false;
  const typing = (async () => {
    while (!isOver) {
      text.insert(Math.floor(Math.random() * text.length), "x");
      echoesMs.push(await writer.echo());
      await sleep(30);
    }
  })();
  let refused = 0;
  const beforeMs = await cpuMs(cluster);
  for (let move = 0; move < moves; move += 1) {
    const owner = await ownerOf(cluster, document);
    const target = (await serversOf(cluster)).find(({ id, state }) => id !== owner && state === "live");
    const reply = await fetch(`${cluster.adminUrl}/api/rooms/editor/${document}/move`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ to: target?.id }),
    });
    const body = (await reply.json()) as { readonly pauseMs?: number };
    if (reply.status === 200 && body.pauseMs !== undefined) pausesMs.push(body.pauseMs);
    else refused += 1;
    await sleep(150);
  }
  isOver = true;
  await typing;
  const usedMs = ((await cpuMs(cluster)) - beforeMs) / moves;
  console.log(`${document}: moved while somebody writes, pause ${quantiles(pausesMs)}; ${refused} refused`);
  console.log(
    `${document}: all processes together used ${usedMs.toFixed(0)} ms of a core for each move and what was written`,
  );
  console.log(`${document}: the writer's changes are durable after ${quantiles(echoesMs)}`);
  writer.leave();
}

async function killOwner(cluster: BenchCluster): Promise<void> {
  const owner = await ownerOf(cluster, "large");
  const found = (await serversOf(cluster)).find(({ id }) => id === owner);
  if (found === undefined) throw new Error("nobody has the document");
  process.kill(found.pid, "SIGKILL");
}

async function connect({ clientUrl }: BenchCluster, document: DocumentName): Promise<Writer> {
  const doc = new Doc();
  const provider = new WebsocketProvider(`${clientUrl}/rooms/editor`, document, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
  });
  provider.on("connection-close", (event) => {
    if (event !== null) console.log(`closed with ${event.code}`);
  });
  const waiting: (() => void)[] = [];
  provider.messageHandlers[echoType] = () => waiting.shift()?.();
  await until(() => provider.synced);
  return {
    doc,
    provider,
    echo: () =>
      new Promise((resolve) => {
        const sentAtMs = performance.now();
        waiting.push(() => resolve(performance.now() - sentAtMs));
        const encoder = createEncoder();
        writeVarUint(encoder, echoType);
        provider.ws?.send(toUint8Array(encoder));
      }),
    leave: () => {
      provider.destroy();
      doc.destroy();
    },
  };
}

async function ownerOf({ adminUrl }: BenchCluster, document: DocumentName): Promise<string> {
  let owner = "";
  await until(async () => {
    const reply = await fetch(`${adminUrl}/api/rooms/editor/${document}`);
    if (reply.status === 200) owner = ((await reply.json()) as { readonly server: string }).server;
    return owner !== "";
  });
  return owner;
}

async function serversOf({ adminUrl }: BenchCluster): Promise<readonly { id: string; pid: number; state: string }[]> {
  return (await (await fetch(`${adminUrl}/api/servers`)).json()) as { id: string; pid: number; state: string }[];
}

/** Of servers, gateways and this process so far, where there is a /proc to tell. */
async function cpuMs(cluster: BenchCluster): Promise<number> {
  const gateways = (await (await fetch(`${cluster.adminUrl}/api/gateways`)).json()) as readonly {
    readonly pid: number;
  }[];
  const { user, system } = process.cpuUsage();
  let ticks = 0;
  for (const { pid } of [...(await serversOf(cluster)), ...gateways]) {
    const status = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : "";
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks * 10 + (user + system) / 1_000;
}

function startCluster(folder: string): ChildProcess {
  const command = fileURLToPath(new URL("../../scripts/roomgate.mjs", import.meta.url));
  const flags = ["--servers", "3", "--port", "0", "--admin-port", "0", "--store", `lmdb:${join(folder, "store")}`];
  return spawn(process.execPath, [command, "cluster", ...flags], {
    cwd: folder,
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
}

/** The two lines that the command prints when it is up. */
async function addressesOf(child: ChildProcess): Promise<BenchCluster> {
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ports = () => [...output.matchAll(/http:\/\/localhost:(\d+)\//g)].map((match) => match[1]);
  await until(() => ports().length >= 2);
  const [port, adminPort] = ports();
  return { clientUrl: `ws://127.0.0.1:${port}`, adminUrl: `http://127.0.0.1:${adminPort}` };
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadlineMs = performance.now() + 60_000; !(await isSo()); ) {
    if (performance.now() > deadlineMs) throw new Error("not within a minute");
    await sleep(5);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

function quantiles(valuesMs: readonly number[]): string {
  const sorted = [...valuesMs].sort((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN).toFixed(0);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms (n ${sorted.length})`;
}

await main();
