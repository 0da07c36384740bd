import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Data, RoomContext, Session } from "roomgate/room";
import { Bot } from "../demo-game/bots/bot.ts";
import { type RunningBots, runBots } from "../demo-game/bots/run-bots.ts";
import { ArenaRoom } from "../demo-game/server/arena-room.ts";
import { encodeUp, stateType, type UpMessage } from "../demo-game/server/rules/messages.ts";
import { tickHz, tickMs } from "../demo-game/server/rules/timing.ts";

/**
 * What the arena costs. `node dist/load/game-bench.js room`: the work of a tick and the bytes of a player, of one arena of 100 bots on
 * virtual time, with and without deltas; the same for ten arenas of 30. `… server`: ten arenas of 30 bots on one real
 * room server, and the ticks that it missed. Without an argument: both.
 */
const secondsPerRun = 30;
const warmUpSeconds = 5;
const latencyMs = 50;

interface BenchSession extends Session {
  readonly bot: Bot;
}

interface Flying {
  readonly atMs: number;
  readonly arrive: () => void;
}

/** What the room heard between two ticks, in order. */
type Heard = readonly { readonly session: string; readonly bytes: Uint8Array }[];

interface TickWork {
  readonly wallMs: number;
  /** Without the time in which the processor was somebody else's. */
  readonly cpuMs: number;
}

/**
 * An arena on virtual time. First with bots, behind a network of fixed latency; what they say is written down. Then the same is said
 * again to a fresh room, which does the same: the work that is measured then is the room's alone.
 */
class BenchArena {
  readonly #context: RoomContext;
  readonly #sessions = new Map<string, BenchSession>();
  readonly #timers = new Map<string, number>();
  readonly #areDeltasOn: boolean;
  readonly #script: Heard[] = [];
  readonly #bots: number;
  bytes = { states: 0, reliable: 0, other: 0, up: 0 };
  #room: ArenaRoom;
  #flying: Flying[] = [];
  #heard: { session: string; bytes: Uint8Array }[] = [];
  #nowMs = 0;
  #arePlaying = true;

  constructor(bots: number, areDeltasOn: boolean) {
    this.#bots = bots;
    this.#areDeltasOn = areDeltasOn;
    this.#context = this.#createContext();
    this.#room = this.#open();
  }

  play(ticks: number): void {
    for (let tick = 0; tick < ticks; tick += 1) {
      this.#nowMs += tickMs;
      const due = this.#flying.filter(({ atMs }) => atMs <= this.#nowMs);
      this.#flying = this.#flying.filter(({ atMs }) => atMs > this.#nowMs);
      for (const { arrive } of due) arrive();
      for (const { bot } of this.#sessions.values()) bot.elapse(this.#nowMs);
      this.#script.push(this.#heard);
      this.#tick(this.#heard);
      this.#heard = [];
    }
  }

  /** Begins anew, without bots. */
  rewind(): void {
    this.#arePlaying = false;
    this.#nowMs = 0;
    this.#room = this.#open();
  }

  forgetBytes(): void {
    this.bytes = { states: 0, reliable: 0, other: 0, up: 0 };
  }

  /** One tick of what was played: the work of its messages and its own. */
  replay(tick: number): TickWork {
    this.#nowMs += tickMs;
    const [startMs, before] = [performance.now(), process.cpuUsage()];
    this.#tick(this.#script[tick] ?? []);
    const { user, system } = process.cpuUsage(before);
    return { wallMs: performance.now() - startMs, cpuMs: (user + system) / 1000 };
  }

  #tick(heard: Heard): void {
    for (const { session: id, bytes } of heard) {
      const session = this.#sessions.get(id);
      this.bytes.up += bytes.length + 6;
      if (session !== undefined) this.#room.onMessage(session, { bytes, isText: false, text: () => "" });
    }
    for (const [name, atMs] of this.#timers) {
      if (atMs <= this.#nowMs && this.#timers.delete(name)) this.#room.onTimer(name);
    }
    this.#room.onTick();
  }

  #open(): ArenaRoom {
    this.#sessions.clear();
    this.#timers.clear();
    const room = new ArenaRoom(this.#context);
    this.#room = room;
    for (let index = 1; index <= this.#bots; index += 1) {
      const session = this.#createSession(index);
      this.#sessions.set(session.id, session);
      room.onJoin(session, { query: `name=Bot+${index}`, protocol: "" });
    }
    return room;
  }

  #down(session: BenchSession, data: Data, isReliable: boolean): void {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    // A frame's header of a WebSocket from the server: 2 bytes, or 4.
    const size = bytes.length + (bytes.length < 126 ? 2 : 4);
    if (bytes[0] === stateType) this.bytes.states += size;
    else if (isReliable) this.bytes.reliable += size;
    else this.bytes.other += size;
    if (!this.#arePlaying) return;
    const atMs = this.#nowMs + latencyMs;
    this.#flying.push({ atMs, arrive: () => void session.bot.receive(bytes, this.#nowMs) });
  }

  #up(session: string, message: UpMessage): void {
    if (!this.#areDeltasOn && message.kind === "seen") return;
    const said = !this.#areDeltasOn && message.kind === "steps" ? { ...message, seenTick: 0 } : message;
    const bytes = encodeUp(said);
    this.#flying.push({ atMs: this.#nowMs + latencyMs, arrive: () => this.#heard.push({ session, bytes }) });
  }

  #createSession(index: number): BenchSession {
    const id = `bench.${index}`;
    const session: BenchSession = {
      id,
      protocol: "",
      attachment: undefined,
      bot: new Bot(Math.random, (message) => this.#up(id, message)),
      send: (data, options) => this.#down(session, data, (options?.delivery ?? "reliable") === "reliable"),
      close: (_code, reason) => {
        throw new Error(`a bot was closed: ${reason}`);
      },
    };
    return session;
  }

  #createContext(): RoomContext {
    const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
    return {
      key: "game/bench",
      app: "game",
      id: "bench",
      server: "s1",
      epoch: 1,
      sessions: this.#sessions,
      log: silent,
      broadcast: (data, options = {}) => {
        const isReliable = (options.delivery ?? "reliable") === "reliable";
        for (const session of this.#sessions.values()) {
          if (session !== options.except) this.#down(session, data, isReliable);
        }
      },
      append: (entry) => this.#room.apply(typeof entry === "string" ? new TextEncoder().encode(entry) : entry),
      tell: () => true,
      unheardBy: () => 0,
      setTimer: (name, delayMs) => void this.#timers.set(name, this.#nowMs + delayMs),
      clearTimer: (name) => void this.#timers.delete(name),
      work() {},
    };
  }
}

const warmUpTicks = warmUpSeconds * tickHz;
const measuredTicks = secondsPerRun * tickHz;

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

const ms = (value: number): string => `${value.toFixed(2)} ms`;
const spread = (works: readonly TickWork[]): string =>
  (["cpuMs", "wallMs"] as const)
    .map((kind) => {
      const values = works.map((work) => work[kind]);
      const [half, most] = [quantile(values, 0.5), quantile(values, 0.99)];
      return `${kind === "cpuMs" ? "processor" : "clock"} p50 ${ms(half)}, p99 ${ms(most)}, longest ${ms(Math.max(...values))}`;
    })
    .join("; ");

function benchRoom(): void {
  for (const areDeltasOn of [true, false]) {
    const arena = new BenchArena(100, areDeltasOn);
    arena.play(warmUpTicks + measuredTicks);
    arena.rewind();
    const works: TickWork[] = [];
    for (let tick = 0; tick < warmUpTicks; tick += 1) arena.replay(tick);
    arena.forgetBytes();
    for (let tick = warmUpTicks; tick < warmUpTicks + measuredTicks; tick += 1) works.push(arena.replay(tick));
    const { states, reliable, other, up } = arena.bytes;
    const each = (bytes: number): string => (bytes / 100 / secondsPerRun).toFixed(0);
    console.log(`one arena, 100 players, ${tickHz} ticks/s, ${areDeltasOn ? "deltas" : "whole states"}`);
    console.log(`  work of a tick with its messages: ${spread(works)}`);
    console.log(
      `  bytes a player and second: down ${each(states + reliable + other)} (states ${each(states)}, events ${each(reliable)}, other ${each(other)}), up ${each(up)}`,
    );
  }
  const arenas = Array.from({ length: 10 }, () => new BenchArena(30, true));
  for (const arena of arenas) {
    arena.play(warmUpTicks + measuredTicks / 2);
    arena.rewind();
  }
  const together: TickWork[] = [];
  for (let tick = 0; tick < warmUpTicks + measuredTicks / 2; tick += 1) {
    const works = arenas.map((arena) => arena.replay(tick));
    const sum = (kind: keyof TickWork): number => works.reduce((total, work) => total + work[kind], 0);
    if (tick >= warmUpTicks) together.push({ wallMs: sum("wallMs"), cpuMs: sum("cpuMs") });
  }
  console.log(`ten arenas of 30 players: work of all ten in one tick of ${tickMs.toFixed(1)} ms: ${spread(together)}`);
}

async function benchServer(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "roomgate-game-bench-"));
  const command = fileURLToPath(new URL("../../scripts/roomgate.mjs", import.meta.url));
  const flags = ["--servers", "1", "--port", "0", "--admin-port", "0", "--store", `lmdb:${join(folder, "store")}`];
  const cluster = spawn(process.execPath, [command, "cluster", ...flags], {
    cwd: folder,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const bots: RunningBots[] = [];
  try {
    const [port, adminPort] = await portsOf(cluster);
    for (let arena = 1; arena <= 10; arena += 1) {
      bots.push(runBots({ url: `ws://127.0.0.1:${port}`, room: `bench-${arena}`, count: 30 }));
    }
    await sleep(warmUpSeconds * 1000);
    const waitedMs = await coreWaits(adminPort);
    const before = await readServer(adminPort);
    const startMs = performance.now();
    await sleep(secondsPerRun * 1000);
    const after = await readServer(adminPort);
    const seconds = (performance.now() - startMs) / 1000;
    const waitedShare = waitedMs() / (seconds * 10);
    const [ticks, madeUp, missed] = (["ticks_total", "ticks_made_up_total", "ticks_missed_total"] as const).map(
      (name) => (after.get(name) ?? Number.NaN) - (before.get(name) ?? Number.NaN),
    );
    const cores = ((after.get("cpu_seconds_total") ?? 0) - (before.get("cpu_seconds_total") ?? 0)) / seconds;
    const reports = bots.map((room) => room.report());
    const sum = (pick: (report: (typeof reports)[number]) => number): number =>
      reports.reduce((total, report) => total + pick(report), 0);
    console.log(
      `ten arenas of 30 bots on one room server, ${seconds.toFixed(1)} s: ${sum(({ connected }) => connected)} connected`,
    );
    console.log(
      `  ${ticks} ticks of ${Math.round(10 * tickHz * seconds)} due; ${missed} missed, ${madeUp} a step late`,
    );
    console.log(
      `  the server used ${(cores * 100).toFixed(0)} % of a core, and could have run in another ${waitedShare.toFixed(0)} % of the time`,
    );
    console.log(`  closes ${sum(({ closes }) => closes)}, events missed ${sum(({ eventsMissed }) => eventsMissed)}`);
    console.log(`  load average ${loadavg()[0]?.toFixed(1)}`);
  } finally {
    for (const room of bots) room.stop();
    cluster.kill("SIGINT");
    await new Promise((resolve) => cluster.once("exit", resolve));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of clients and operators, as the command prints them when it is up. */
async function portsOf(cluster: ChildProcess): Promise<readonly [port: string, adminPort: string]> {
  let output = "";
  cluster.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  for (const deadlineMs = performance.now() + 30_000; performance.now() < deadlineMs; await sleep(20)) {
    const [port, adminPort] = [...output.matchAll(/http:\/\/localhost:(\d+)\//g)].map((match) => match[1]);
    if (port !== undefined && adminPort !== undefined) return [port, adminPort];
  }
  throw new Error("the cluster is not up within 30 s");
}

/** Answers how long the one server has had something to do and no core since now, in ms; NaN where no /proc tells. */
async function coreWaits(adminPort: string): Promise<() => number> {
  const servers = (await (await fetch(`http://127.0.0.1:${adminPort}/api/servers`)).json()) as {
    readonly pid: number;
  }[];
  const path = `/proc/${servers[0]?.pid}/schedstat`;
  const read = (): number => (existsSync(path) ? Number(readFileSync(path, "utf8").split(" ")[1]) / 1e6 : Number.NaN);
  const before = read();
  return () => read() - before;
}

/** What the one room server says of itself, by name. */
async function readServer(adminPort: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const samples = text.matchAll(/^roomgate_(?:server|process)_([a-z0-9_]+)\{[^}]*kind="server"[^}]*\} (\S+)$/gm);
  return new Map([...samples].map(([, name = "", value]) => [name, Number(value)]));
}

const sleep = (forMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, forMs));

const what = process.argv[2];
if (what !== "server") benchRoom();
if (what !== "room") await benchServer();
process.exit(0);
