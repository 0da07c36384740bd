import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { heapFlags } from "../gateway/ops/heap-flags.ts";
import type { Control } from "../gateway/wire/control.ts";
import { decodeControl, encodeJoinInfo } from "../gateway/wire/control-codec.ts";
import { type GatewayId, makeRoomKey, type RoomKey } from "../gateway/wire/ids.ts";
import type { LinkHandler, TrunkLink } from "../gateway/wire/link.ts";
import { createNodeRuntime } from "../gateway/wire/node-runtime.ts";
import { createTrunkDialer } from "../gateway/wire/trunk-dialer.ts";
import { measureBareFlushes } from "./bare-flush.ts";

/**
 * Committed messages a second of one room server on LMDB, and the latency of their acks: this process is a gateway that speaks
 * the trunk protocol itself, so that no client sockets are measured. `node dist/load/commit-bench.js [--json] [app] [rooms] [bytes]`; `--json`
 * prints one object a line, for `npm run bench`.
 *
 * Acks are measured at parts of the most that this machine does, and at half of the 30 000 a second that we promise. In the pauses
 * between those, with the server idle, the disk alone is measured.
 */
const { values: flags, positionals } = parseArgs({ options: { json: { type: "boolean" } }, allowPositionals: true });
const [app = "ledger", roomsText = "100", bytesText = "64"] = positionals;
const rooms = Number(roomsText);
const sessionsPerRoom = 10;
const payload = new TextEncoder().encode("x".repeat(Number(bytesText)));
const secondsPerRun = 5;
const promisedPerSecond = 30_000;
const flushSecondsPerPause = 1.5;
const secret = "a secret of this benchmark alone, long enough";

interface BenchRoom {
  readonly key: RoomKey;
  readonly channel: number;
  epoch: number;
  readonly sessions: BenchSession[];
}

interface BenchSession {
  readonly number: number;
  cseq: number;
  acked: number;
  readonly sentAtMs: number[];
}

const nothing = (): void => {};

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "roomgate-bench-"));
  const port = await freePort();
  const server = startServer(directory, port);
  try {
    const generator = new Generator();
    await generator.connect(`127.0.0.1:${port}`);
    await generator.joinAll();
    for (const inFlight of [1, 4, 16]) await generator.saturate(inFlight, server);
    const { best } = generator;
    const loads = [
      {
        what: `${promisedPerSecond / 2}/s, half of the promised ${promisedPerSecond}`,
        perSecond: promisedPerSecond / 2,
      },
      ...[0.25, 0.5, 0.75].map((part) => ({ what: `${part * 100} % load`, perSecond: best * part })),
    ];
    const flushesMs: number[] = [];
    for (const { what, perSecond } of loads) {
      flushesMs.push(...(await measureBareFlushes(directory, flushSecondsPerPause)));
      await generator.pace(what, perSecond, server);
    }
    print("disk alone, a flush like a commit's", summaryOf(flushesMs));
  } finally {
    server.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  }
  process.exit(0);
}

/** One that was free just now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

function startServer(directory: string, port: number): ChildProcess {
  const command = fileURLToPath(new URL("../../scripts/roomgate.mjs", import.meta.url));
  const args = ["server", "--store", `lmdb:${directory}`, "--trunk-port", String(port), "--log-level", "warn"];
  const profile = process.env["BENCH_CPU_PROF"];
  const nodeFlags = profile ? ["--cpu-prof", `--cpu-prof-dir=${profile}`] : [];
  return spawn(process.execPath, [...heapFlags, ...nodeFlags, command, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ROOMGATE_SECRET: secret },
  });
}

class Generator {
  best = 0;
  readonly #rooms: BenchRoom[] = [];
  #link: TrunkLink | undefined;
  #bound = 0;
  #joined = 0;
  #acks = 0;
  #inFlight = 0;
  #latenciesMs: number[] = [];
  #isMeasuring = false;

  async connect(address: string): Promise<void> {
    const runtime = createNodeRuntime({ log: pino({ level: "silent" }) });
    const self = { role: "gateway", id: "g-bench" as GatewayId, instance: "bench" } as const;
    const dialer = createTrunkDialer({ runtime, secret, self });
    for (let attempt = 0; attempt < 100 && !this.#link; attempt += 1) {
      await new Promise<void>((resolve) => {
        dialer.dial(
          address,
          (link) => {
            this.#link = link;
            resolve();
            return this.#handler();
          },
          () => setTimeout(resolve, 100),
        );
      });
    }
    if (!this.#link) throw new Error("the server does not answer");
  }

  async joinAll(): Promise<void> {
    for (let index = 0; index < rooms; index += 1) {
      const key = makeRoomKey(app, `bench-${index}`);
      if (!key) throw new Error("bad room");
      const sessions = Array.from({ length: sessionsPerRoom }, (_, place) => ({
        number: index * sessionsPerRoom + place + 1,
        cseq: 1,
        acked: 0,
        sentAtMs: [],
      }));
      this.#rooms.push({ key, channel: index + 1, epoch: 0, sessions });
      this.#link?.control({
        t: "bind",
        channel: index + 1,
        room: key,
        epochSeen: 0,
        line: 0,
        seen: 0,
        sessions: new Uint8Array(0),
        unreachable: [],
        force: true,
        holdFramesMax: 1_024,
        holdMs: 15_000,
      });
    }
    while (this.#joined < rooms * sessionsPerRoom) await sleep(20);
  }

  /** Every session has `inFlight` messages unacknowledged at all times. */
  async saturate(inFlight: number, server: ChildProcess): Promise<void> {
    this.#inFlight = inFlight;
    for (const room of this.#rooms) for (const session of room.sessions) this.#fill(room, session);
    await sleep(1_000);
    const figure = await this.#measure(server);
    this.best = Math.max(this.best, figure.perSecond);
    print(`saturated, ${inFlight} in flight a session`, figure);
    this.#inFlight = 0;
    await sleep(300);
  }

  /** `perSecond` messages, spread evenly over the sessions, whatever the acks do. */
  async pace(what: string, perSecond: number, server: ChildProcess): Promise<void> {
    const all = this.#rooms.flatMap((room) => room.sessions.map((session) => ({ room, session })));
    let sent = 0;
    const beganMs = performance.now();
    const timer = setInterval(() => {
      const due = Math.floor(((performance.now() - beganMs) / 1_000) * perSecond);
      for (; sent < due; sent += 1) {
        const next = all[sent % all.length];
        if (next) this.#say(next.room, next.session);
      }
    }, 1);
    await sleep(1_000);
    const figure = await this.#measure(server);
    clearInterval(timer);
    print(what, figure);
    await sleep(300);
  }

  async #measure(server: ChildProcess) {
    const cpuBefore = cpuSeconds(server.pid);
    const ownBefore = process.cpuUsage();
    this.#acks = 0;
    this.#latenciesMs = [];
    this.#isMeasuring = true;
    const beganMs = performance.now();
    await sleep(secondsPerRun * 1_000);
    this.#isMeasuring = false;
    const seconds = (performance.now() - beganMs) / 1_000;
    const own = process.cpuUsage(ownBefore);
    return {
      perSecond: this.#acks / seconds,
      ...summaryOf(this.#latenciesMs),
      serverCores: (cpuSeconds(server.pid) - cpuBefore) / seconds,
      ownCores: (own.user + own.system) / 1e6 / seconds,
    };
  }

  #fill(room: BenchRoom, session: BenchSession): void {
    while (session.cseq - session.acked < this.#inFlight) this.#say(room, session);
  }

  #say(room: BenchRoom, session: BenchSession): void {
    session.cseq += 1;
    session.sentAtMs.push(performance.now());
    this.#link?.up(room.channel, room.epoch, session.number, session.cseq, true, payload);
  }

  #acked(room: BenchRoom, session: BenchSession, cseq: number): void {
    const nowMs = performance.now();
    if (session.acked === 0) this.#joined += 1;
    const first = Math.max(session.acked, 1);
    session.acked = cseq;
    for (let index = first; index < cseq; index += 1) {
      const sentAtMs = session.sentAtMs.shift() ?? nowMs;
      if (!this.#isMeasuring) continue;
      this.#acks += 1;
      this.#latenciesMs.push(nowMs - sentAtMs);
    }
    this.#fill(room, session);
  }

  #onBound(message: Control<"bound">): void {
    const room = this.#rooms[message.channel - 1];
    if (!room) return;
    this.#bound += 1;
    room.epoch = message.epoch;
    const info = encodeJoinInfo({ query: "", protocol: "" });
    for (const session of room.sessions) this.#link?.join(room.channel, room.epoch, session.number, 1, info);
  }

  #handler(): LinkHandler {
    let lastSeen = 0;
    return {
      onJoin: nothing,
      onUp: nothing,
      onLeave: nothing,
      onDown: nothing,
      onMulticast: nothing,
      onClose: nothing,
      onSeen: nothing,
      onFlow: nothing,
      onChunk: nothing,
      onDrained: nothing,
      onBroadcast: (channel, epoch, _except, _delivery, _key, rseq) => {
        lastSeen += 1;
        if (lastSeen % 64 === 0) this.#link?.seen(channel, epoch, rseq);
      },
      onAck: (channel, _epoch, pairs) => {
        const room = this.#rooms[channel - 1];
        if (!room) return;
        const view = new DataView(pairs.buffer, pairs.byteOffset, pairs.byteLength);
        for (let at = 0; at < pairs.length; at += 8) {
          const session = room.sessions[(view.getUint32(at, true) - 1) % sessionsPerRoom];
          if (session) this.#acked(room, session, view.getUint32(at + 4, true));
        }
      },
      onControl: (bytes) => {
        const decoded = decodeControl(bytes);
        if (decoded.kind === "message" && decoded.message.t === "bound") this.#onBound(decoded.message);
      },
      onEnd: (end) => {
        console.error("the trunk has ended", end);
        process.exit(1);
      },
    };
  }
}

function cpuSeconds(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

/** The rest is missing where it is not about messages. */
interface Figure extends Latencies {
  readonly perSecond?: number;
  readonly serverCores?: number;
  readonly ownCores?: number;
}

function summaryOf(latenciesMs: number[]): Latencies {
  const sorted = latenciesMs.sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0;
  return { p50: at(0.5), p99: at(0.99), worst: sorted.at(-1) ?? 0 };
}

function print(what: string, figure: Figure): void {
  if (flags.json === true) {
    console.log(JSON.stringify({ what, ...figure }));
    return;
  }
  const { perSecond, p50, p99, worst, serverCores = 0, ownCores = 0 } = figure;
  const times = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${worst.toFixed(0)} ms`;
  if (perSecond === undefined) {
    console.log(`${what.padEnd(38)} ${"".padStart(21)}       ${times}`);
    return;
  }
  const microseconds = (serverCores / perSecond) * 1e6;
  console.log(
    `${what.padEnd(38)} ${perSecond.toFixed(0).padStart(7)} committed/s   ack ${times}  ` +
      `server ${serverCores.toFixed(2)} cores (${microseconds.toFixed(1)} µs each), generator ${ownCores.toFixed(2)}`,
  );
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

await main();
