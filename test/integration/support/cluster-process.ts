import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("../../../scripts/roomgate.mjs", import.meta.url));

/** A cluster of real processes, on ports of its own and with a store of its own. */
export interface ClusterProcess {
  readonly process: ChildProcess;
  /** `ws://127.0.0.1:<port>` */
  readonly client: string;
  /** `http://127.0.0.1:<port>` */
  readonly admin: string;
  readonly pid: number;
  /** Everything it has written to its log. */
  log(): string;
  get<T>(path: string): Promise<T>;
  post(path: string, body?: object): Promise<{ status: number; body: unknown }>;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Ctrl-C, then the end; removes the store. */
  stop(): Promise<void>;
}

export async function startCluster(...flags: readonly string[]): Promise<ClusterProcess> {
  const folder = mkdtempSync(join(tmpdir(), "roomgate-cluster-"));
  const all = ["cluster", "--port", "0", "--admin-port", "0", "--store", `lmdb:${join(folder, "store")}`, ...flags];
  const child = spawn(process.execPath, [entry, ...all], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const ended = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string);
  const urls = await new Promise<readonly string[]>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const ports = [...output.matchAll(/http:\/\/localhost:(\d+)\//g)].map((match) => match[1] ?? "");
      if (ports.length === 2) resolve(ports);
    });
    void ended.then((code) => reject(new Error(`the cluster ended with ${code} before it was ready:\n${errors}`)));
  });
  const admin = `http://127.0.0.1:${urls[1]}`;
  return {
    process: child,
    client: `ws://127.0.0.1:${urls[0]}`,
    admin,
    pid: child.pid ?? 0,
    log: () => errors,
    get: async <T>(path: string) => (await (await fetch(admin + path)).json()) as T,
    post: async (path, body) => {
      const init = {
        method: "POST",
        body: JSON.stringify(body ?? {}),
        headers: { "content-type": "application/json" },
      };
      const response = await fetch(admin + path, init);
      return { status: response.status, body: await response.json() };
    },
    ended,
    stop: async () => {
      child.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Asks again and again until the answer is as wanted. */
export async function until<T>(
  ask: () => Promise<T> | T,
  isWanted: (answer: T) => boolean,
  msMax = 10_000,
): Promise<T> {
  const deadlineMs = performance.now() + msMax;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (performance.now() > deadlineMs) throw new Error(`not within ${msMax} ms; last: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
