import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import type { Store } from "../../../gateway/store/port.ts";

export type ChildRequest =
  | { readonly kind: "call"; readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly kind: "flood"; readonly rooms: readonly string[]; readonly owner: string };

export interface ChildAnswer {
  /** Of the call; -1 for what a flood tells, -2 for a line of its log, 0 when the store is open. */
  readonly id: number;
  readonly value: unknown;
}

export interface Flooded {
  readonly room: string;
  readonly epoch?: number;
  readonly tail?: number;
  readonly stopped?: unknown;
}

/** The store of another process. */
export interface ChildStore {
  readonly store: Store;
  readonly process: ChildProcess;
  /** What it has logged. */
  readonly lines: readonly string[];
  flood(rooms: readonly string[], owner: string, told: (news: Flooded) => void): void;
  /** Ends it, unless it has ended already. */
  end(): Promise<void>;
}

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Compiles the child into a directory of its own, from which it finds the packages; the caller disposes of it. */
export async function buildStoreChild(): Promise<{ readonly script: string; dispose(): Promise<void> }> {
  const parent = join(root, "node_modules/.roomgate-test");
  await mkdir(parent, { recursive: true });
  const directory = await mkdtemp(join(parent, "store-"));
  await build({
    configFile: false,
    logLevel: "error",
    root,
    build: {
      ssr: join(root, "test/integration/store/store-child.ts"),
      outDir: directory,
      emptyOutDir: false,
      rolldownOptions: { external: ["lmdb"], output: { entryFileNames: "child.mjs" } },
    },
  });
  return { script: join(directory, "child.mjs"), dispose: () => rm(directory, { recursive: true }) };
}

export async function startStoreChild(script: string, url: string): Promise<ChildStore> {
  const child = fork(script, [url], { serialization: "advanced", execArgv: [] });
  const waiting = new Map<number, (value: unknown) => void>();
  let told: (news: Flooded) => void = () => {};
  const lines: string[] = [];
  let calls = 0;
  let isGone = false;
  const gone = once(child, "exit").then(() => {
    isGone = true;
  });
  const ready = new Promise<unknown>((resolve, reject) => {
    waiting.set(0, resolve);
    void gone.then(() => reject(new Error("the store's process ended before it was ready")));
  });
  child.on("message", ({ id, value }: ChildAnswer) => {
    if (id === -2) lines.push(String(value));
    else if (id === -1) told(value as Flooded);
    else waiting.get(id)?.(value);
    waiting.delete(id);
  });
  const call =
    (method: string) =>
    (...args: readonly unknown[]): Promise<never> => {
      calls += 1;
      const id = calls;
      return new Promise<unknown>((resolve, reject) => {
        waiting.set(id, resolve);
        child.send({ kind: "call", id, method, args } satisfies ChildRequest, (error) => error && reject(error));
      }) as Promise<never>;
    };
  await ready;
  return {
    process: child,
    lines,
    store: {
      durability: "disk",
      members: { put: call("members.put"), list: call("members.list"), remove: call("members.remove") },
      readHead: call("readHead"),
      listHeads: call("listHeads"),
      takeover: call("takeover"),
      release: call("release"),
      saveSnapshot: call("saveSnapshot"),
      loadSnapshot: call("loadSnapshot"),
      append: call("append"),
      readJournal: call("readJournal"),
      trimJournal: call("trimJournal"),
      close: call("close"),
    },
    flood(rooms, owner, listener) {
      told = listener;
      child.send({ kind: "flood", rooms, owner } satisfies ChildRequest);
    },
    async end() {
      if (!isGone) child.kill("SIGKILL");
      await gone;
    },
  };
}
