import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isAlive, runCommand, startCluster } from "../support/cluster.ts";

let folder: string;
let taken: Server | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "roomgate-mistakes-"));
});

afterEach(() => {
  taken?.close();
  taken = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** Listens itself, so that the port is in use by another process than the command's. */
async function takePort(): Promise<number> {
  taken = createServer();
  await new Promise<void>((resolve) => taken?.listen(0, "0.0.0.0", resolve));
  const address = taken.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Every line that says what is wrong; the command has failed, quickly, without a stack. */
async function problems(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<readonly string[]> {
  const result = await runCommand(args, { cwd: folder, env, msMax: 20_000 });
  expect(result.exit).toBe(1);
  expect(result.tookMs).toBeLessThan(15_000);
  expect(result.output).toBe("");
  expect(result.errors).not.toMatch(/^\s+at /m);
  return result.errors.split("\n").filter((line) => line.startsWith("roomgate: "));
}

const cluster = (...flags: readonly string[]): string[] => [
  ...["cluster", "--servers", "1", "--log-level", "error", "--store", `lmdb:${join(folder, "store")}`],
  ...(flags.includes("--port") ? [] : ["--port", "0"]),
  ...(flags.includes("--admin-port") ? [] : ["--admin-port", "0"]),
  ...flags,
];

describe("what is wrong at the start is one clear line, and exit code 1", () => {
  test("START-1: the clients' port is taken", async () => {
    const port = await takePort();
    expect(await problems(cluster("--port", `${port}`))).toEqual([
      `roomgate: port: another process listens on 0.0.0.0:${port}; choose another with --port`,
    ]);
  });

  test("START-1: the admin side's port is taken", async () => {
    const port = await takePort();
    const [line, ...others] = await problems(cluster("--admin-port", `${port}`));
    expect(line).toMatch(new RegExp(`admin side: another process listens on 127.0.0.1:${port}`));
    expect(others).toEqual([]);
  });

  test("START-1: a server's trunk port is taken", async () => {
    const port = await takePort();
    const args = ["server", "--store", `lmdb:${join(folder, "store")}`, "--trunk-port", `${port}`];
    const [line, ...others] = await problems(args);
    expect(line).toContain(`${port}`);
    expect(others).toEqual([]);
  });

  test("START-1: the store's place is a file", async () => {
    writeFileSync(join(folder, "store"), "not a folder");
    const [line, ...others] = await problems(cluster());
    expect(line).toContain(join(folder, "store"));
    expect(others).toEqual([]);
  });

  test("START-1: a setting of an app is none", async () => {
    const [line, ...others] = await problems(cluster(), { EDITOR_DOCUMENT_BYTES_MAX: "large" });
    expect(line).toContain("EDITOR_DOCUMENT_BYTES_MAX is a number of bytes, from 1 to 16777216");
    expect(others).toEqual([]);
  });

  test("START-1: the store's file is no store", async () => {
    mkdirSync(join(folder, "store"), { mode: 0o700 });
    for (const name of ["data.mdb", "store.mdb"]) writeFileSync(join(folder, "store", name), "x".repeat(20_000));
    const lines = await problems(cluster());
    expect(lines).toHaveLength(1);
  });

  test("START-1: the store's folder leads nowhere", async () => {
    symlinkSync("store", join(folder, "store"));
    const [line, ...others] = await problems(cluster());
    expect(line).toContain(join(folder, "store"));
    expect(others).toEqual([]);
  });

  // Who may do everything meets no such refusal.
  if (process.getuid?.() !== 0) {
    test("START-1: the store's folder cannot be read", async () => {
      mkdirSync(join(folder, "store"), { mode: 0o000 });
      const [line, ...others] = await problems(cluster());
      expect(line).toMatch(/permission denied/);
      expect(others).toEqual([]);
    });
  }

  test("OPS-4: the secret's file can be read by others", async () => {
    mkdirSync(join(folder, "store"));
    writeFileSync(join(folder, "store", "trunk-secret"), "0123456789abcdef0123456789", { mode: 0o644 });
    const [line, ...others] = await problems(cluster());
    expect(line).toContain("chmod 600");
    expect(others).toEqual([]);
  });

  test.each([
    ["a store that there is no engine for", ["--store", "redis://127.0.0.1"], /store/],
    ["a store that belongs to one process", ["--store", "memory:"], /memory:/],
    ["a number out of bounds", ["--servers", "0"], /servers/],
    ["no number", ["--lease-ms", "soon"], /lease/i],
    ["an unknown listener", ["--listener", "fast"], /listener/],
  ])("OPS-1: %s", async (_what, flags, why) => {
    const lines = await problems(["cluster", "--port", "0", "--admin-port", "0", ...flags]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(why);
  });

  test("OPS-1: all mistakes of a configuration file and the variables at once, the file and the variable by name", async () => {
    const file = join(folder, "roomgate.config.json");
    writeFileSync(file, JSON.stringify({ port: -1, leaseMs: 100, holdMs: "long", unknownOption: true }));
    const lines = await problems(["cluster"], { ROOMGATE_SERVERS: "many" });
    for (const why of [/port/, /holdMs/, /unknownOption/, /ROOMGATE_SERVERS/]) {
      expect(lines.filter((line) => why.test(line)).length).toBeGreaterThan(0);
    }
  });

  test("OPS-1: a configuration file that is not there, or no JSON", async () => {
    expect((await problems(["cluster", "--config", "absent.json"]))[0]).toContain("absent.json does not exist");
    writeFileSync(join(folder, "broken.json"), "{ port: 1 }");
    expect((await problems(["cluster", "--config", "broken.json"]))[0]).toContain("broken.json is no JSON");
  });

  test("START-1: rooms that are not there, that cannot be loaded, that have no app, or that promise what there is not", async () => {
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return name;
    };
    const broken = write("broken.mjs", "throw new Error('on purpose');");
    const empty = write("empty.mjs", "export const nothing = 1;");
    const wrong = write("wrong.mjs", "export const apps = { Bad: { durability: 'eternal' } };");
    const rooms = (...files: string[]) => problems(cluster(...files.flatMap((file) => ["--rooms", file])));
    expect((await rooms("absent.mjs"))[0]).toMatch(/absent\.mjs: does not exist/);
    expect((await rooms(broken))[0]).toMatch(/broken\.mjs: cannot be loaded: on purpose/);
    expect((await rooms(empty))[0]).toMatch(/empty\.mjs: exports no apps/);
    expect((await rooms(wrong)).join()).toMatch(/Bad/);
  });

  test("START-2: an id that a living process has already", async () => {
    const running = await startCluster({ flags: ["--servers", "1"] });
    try {
      const twin = await running.addServer("twin");
      const [line, ...others] = await problems(["server", "--id", "twin", "--store", running.store]);
      expect(line).toContain("a process with the id twin is running already");
      expect(others).toEqual([]);
      expect(isAlive(twin.pid)).toBe(true);
    } finally {
      await running.dispose();
    }
  });

  test("START-1: an operator's command without a cluster, and an unknown command", async () => {
    const port = await takePort();
    taken?.close();
    const [line, ...others] = await problems(["status", "--admin", `http://127.0.0.1:${port}`]);
    expect(line).toContain(`127.0.0.1:${port}`);
    expect(others).toEqual([]);
    const unknown = await runCommand(["clutser"], { cwd: folder });
    expect(unknown.exit).toBe(1);
    expect(unknown.errors).toContain("cluster");
  });
});
