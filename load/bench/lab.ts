import { type ChildProcess, type ForkOptions, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { childrenOf } from "./process-cost.ts";

const readyMsMax = 30_000;
const stopMsMax = 15_000;
const tailLengthMax = 8_000;

/** A process that the benchmark has started, with the end of what it printed. */
export interface Started {
  readonly pid: number;
  readonly child: ChildProcess;
  tail(): string;
  /** Resolves with the first group of the pattern once it was printed; rejects with what was printed instead. */
  printed(pattern: RegExp): Promise<string>;
  /** Ends it as its operator would, or by force if it does not go. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** The folder of the checkout, from `dist/load/bench`. */
export const rootFolder = fileURLToPath(new URL("../../../", import.meta.url));
export const distFile = (path: string): string => join(rootFolder, "dist", path);
export const sourceFile = (path: string): string => join(rootFolder, path);

/** Everything that a run starts and writes: a folder of its own, and processes that end with it. */
export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), "roomgate-bench-"));
  /** Where Roomgate's processes write CPU profiles when they end. */
  readonly profileFolder: string | undefined;
  readonly #running = new Set<Started>();

  constructor(profileFolder?: string) {
    this.profileFolder = profileFolder === undefined ? undefined : resolve(profileFolder);
    if (this.profileFolder !== undefined) mkdirSync(this.profileFolder, { recursive: true });
  }

  start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
    return this.#watch(spawn(command, args, { cwd: this.folder, env: cleanEnvironment(env), stdio: "pipe" }));
  }

  /** A Node process of ours, with a channel. */
  fork(file: string, options: ForkOptions = {}): Started {
    return this.#watch(fork(file, [], { cwd: this.folder, env: cleanEnvironment(), ...options, stdio: "pipe" }));
  }

  /** Ends all and removes the folder. */
  async dispose(): Promise<void> {
    // Whoever is killed cannot take its workers along: those of nginx would go on.
    const running = [...this.#running];
    const workers = running.flatMap(({ pid }) => childrenOf(pid));
    await Promise.all(running.map((started) => started.stop("SIGKILL")));
    for (const pid of workers) endIfAlive(pid);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #watch(child: ChildProcess): Started {
    let tail = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        tail = (tail + text).slice(-tailLengthMax);
      });
    }
    const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
    const started: Started = {
      pid: child.pid ?? 0,
      child,
      tail: () => tail,
      printed: (pattern) =>
        until(
          () => {
            const found = tail.match(pattern)?.[1];
            if (found === undefined && hasEnded()) throw new Error(`ended before it was ready:\n${tail}`);
            return found;
          },
          () => `no ${pattern} in:\n${tail}`,
        ),
      stop: async (signal = "SIGTERM") => {
        if (hasEnded()) return;
        const ended = once(child, "exit");
        child.kill(signal);
        const timer = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
        await ended;
        clearTimeout(timer);
      },
    };
    this.#running.add(started);
    child.once("exit", () => this.#running.delete(started));
    return started;
  }
}

function endIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended with its parent.
  }
}

/** Asks again until there is an answer. */
export async function until<T>(ask: () => T | undefined | Promise<T | undefined>, problem: () => string): Promise<T> {
  const deadlineMs = performance.now() + readyMsMax;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadlineMs) throw new Error(problem());
    await sleep(20);
  }
}

/** Somebody else could take it before it is used; on a machine that is being measured nobody should. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Whether anything answers HTTP there. */
export async function answers(port: number): Promise<true | undefined> {
  try {
    await fetch(`http://127.0.0.1:${port}/`);
    return true;
  } catch {
    return undefined;
  }
}

/** Environment of a Node process that runs this file first. */
export function preload(file: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, NODE_OPTIONS: `--import ${pathToFileURL(file).href}` };
}

/** Without what the caller's shell says about Roomgate: it is measured with its defaults. */
function cleanEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("ROOMGATE_"));
  return { ...Object.fromEntries(own), NODE_ENV: "production", ...extra };
}
