import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type AdminCalls, adminCalls } from "./admin-calls.ts";
import { type LogBook, openLogBook } from "./log-book.ts";
import { killGroup, reapWhenGone } from "./reaper.ts";

const command = fileURLToPath(new URL("../../scripts/roomgate.mjs", import.meta.url));
const startMsMax = 30_000;
const stopMsMax = 15_000;

export interface ClusterOptions {
  /** As on the command line, after those that give it ports and a store of its own. */
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** One that outlives the cluster, as `lmdb:<dir>`. Default is one of its own. */
  readonly store?: string;
}

/** How a process ended: its exit code, or the signal that killed it. */
export type Exit = number | NodeJS.Signals;

/** One process that a test has started. */
export interface StartedProcess {
  readonly pid: number;
  readonly ended: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
}

/** A cluster from `dist/`: real processes, on free ports, in a folder of their own with a store of their own. */
export interface Cluster extends StartedProcess, AdminCalls {
  /** `ws://127.0.0.1:<port>` */
  readonly clientUrl: string;
  /** `http://127.0.0.1:<port>`: pages, and requests that are no upgrades. */
  readonly pagesUrl: string;
  readonly adminUrl: string;
  readonly port: number;
  readonly adminPort: number;
  readonly folder: string;
  readonly store: string;
  /** Of all its processes, as it comes. */
  readonly log: LogBook;
  /** Signals the server or gateway of that id. Rejects where there is none. */
  signal(member: string, signal: NodeJS.Signals): Promise<void>;
  /** One more room server, started by hand beside the supervisor's, on the same store. Resolves when it is live. */
  addServer(id: string, flags?: readonly string[]): Promise<StartedProcess>;
  /** Resolves when just so many servers are live and run: what the cluster says of one that has just died may be a heartbeat old. */
  untilLive(count: number): Promise<void>;
  /** Ends every process of it, however it is, and removes its folder. Safe to repeat; also done when the test process is gone. */
  dispose(): Promise<void>;
}

/**
 * Starts a cluster and waits until it is ready. Rejects with its log if that fails.
 *
 * ```ts
 * beforeAll(async () => {
 *   cluster = await startCluster({ flags: ["--servers", "2"] });
 *   return cluster.dispose;
 * });
 * ```
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), "roomgate-test-"));
  const store = options.store ?? `lmdb:${join(folder, "store")}`;
  const env = cleanEnvironment(options.env);
  const log = openLogBook();
  const started = new Map<ChildProcess, () => void>();

  const launch = (args: readonly string[]): ChildProcess & StartedProcess => {
    // A group of its own, so that everything that it has started can be ended with it.
    const child = spawn(process.execPath, [command, ...args, "--store", store, "--log-format", "json"], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    started.set(child, child.pid === undefined ? () => {} : reapWhenGone(child.pid, folder));
    log.readFrom(child.stderr);
    const ended = new Promise<Exit>((resolve) => {
      child.once("exit", (code, signal) => resolve(code ?? signal ?? 0));
    });
    return Object.assign(child, { pid: child.pid ?? 0, ended }) as ChildProcess & StartedProcess;
  };
  const dispose = async (): Promise<void> => {
    for (const { pid } of started.keys()) if (pid !== undefined) killGroup(pid);
    await Promise.all([...started.keys()].map(hasClosed));
    for (const callOff of started.values()) callOff();
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    const supervisor = launch(["cluster", "--port", "0", "--admin-port", "0", ...(options.flags ?? [])]);
    const [port, adminPort] = await portsOf(supervisor, log);
    const adminUrl = `http://127.0.0.1:${adminPort}`;
    const calls = adminCalls(adminUrl);
    await within(calls.ready(), startMsMax, "the cluster is not ready");
    return {
      ...calls,
      pid: supervisor.pid,
      ended: supervisor.ended,
      kill: (signal) => void supervisor.kill(signal),
      clientUrl: `ws://127.0.0.1:${port}`,
      pagesUrl: `http://127.0.0.1:${port}`,
      adminUrl,
      port,
      adminPort,
      folder,
      store,
      log,
      signal: async (member, signal) => {
        const all = [...(await calls.servers()), ...(await calls.gateways())];
        const found = all.find(({ id }) => id === member);
        if (found === undefined) throw new Error(`there is no process ${member}`);
        process.kill(found.pid, signal);
      },
      untilLive: async (count) => {
        await calls.untilServers((servers) => {
          const live = servers.filter(({ state }) => state === "live");
          return live.length === count && live.every(({ pid }) => isAlive(pid));
        });
      },
      addServer: async (id, flags = []) => {
        const server = launch(["server", "--id", id, ...flags]);
        const died = server.ended.then((exit) => Promise.reject(new Error(`${id} ended with ${exit}\n${log.text()}`)));
        const live = calls.untilServers((servers) => servers.some((one) => one.id === id && one.state === "live"));
        died.catch(() => {});
        await Promise.race([live, died]);
        return { pid: server.pid, ended: server.ended, kill: (signal) => void server.kill(signal) };
      },
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

export interface CommandResult {
  readonly exit: Exit;
  readonly output: string;
  readonly errors: string;
  readonly tookMs: number;
}

/** Runs `roomgate <args>` to its end; kills it after `msMax`, which `exit` then shows. */
export async function runCommand(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv; readonly msMax?: number },
): Promise<CommandResult> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [command, ...args], {
    cwd: options.cwd,
    env: cleanEnvironment(options.env),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const timer = setTimeout(() => child.pid !== undefined && killGroup(child.pid), options.msMax ?? startMsMax);
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const exit = await new Promise<Exit>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? 0));
  });
  clearTimeout(timer);
  return { exit, output, errors, tookMs: performance.now() - startedMs };
}

/** Whether the process runs; one that has ended and was not waited for by its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    return status.charAt(status.lastIndexOf(")") + 2) !== "Z";
  } catch {
    // No such file: it has just ended, or this system has no /proc and only the signal tells.
    return !existsSync("/proc/self/stat");
  }
}

/** Without what the caller's own shell says about Roomgate. */
function cleanEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("ROOMGATE_") && name !== "NODE_OPTIONS");
  return { ...Object.fromEntries(own), ...extra };
}

/** The two lines that the command prints when it is up name the ports. */
async function portsOf(supervisor: ChildProcess & StartedProcess, log: LogBook): Promise<readonly [number, number]> {
  let output = "";
  const ports = new Promise<readonly [number, number]>((resolve) => {
    supervisor.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const [port, adminPort] = [...output.matchAll(/http:\/\/localhost:(\d+)\//g)].map((match) => Number(match[1]));
      if (port !== undefined && adminPort !== undefined) resolve([port, adminPort]);
    });
  });
  const died = supervisor.ended.then((exit) => {
    throw new Error(`the cluster ended with ${exit} before it was ready:\n${log.text()}`);
  });
  died.catch(() => {});
  return within(Promise.race([ports, died]), startMsMax, "the cluster does not say where it is");
}

async function within<T>(promise: Promise<T>, msMax: number, problem: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${problem} within ${msMax} ms`)), msMax);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Its output is closed when the last process of its group that could write to it is gone. */
async function hasClosed(child: ChildProcess): Promise<void> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null && !stream.closed);
  const closed = streams.map((stream) => new Promise<void>((resolve) => stream?.once("close", () => resolve())));
  await within(Promise.all(closed), stopMsMax, "processes of the cluster have not ended");
}
