import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadApps } from "../../../gateway/ops/apps-modules.ts";
import { obtainSecret } from "../../../gateway/ops/secret.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "roomgate-ops-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function put(name: string, content: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
}

describe("OPS-4: the secret", () => {
  const of = (store: string, secret?: string) => obtainSecret({ store, secret });

  test("that was given is taken", () => {
    expect(of("nats://x", "given by the operator")).toBe("given by the operator");
    expect(existsSync(join(folder, "s"))).toBe(false);
  });

  test("is made once beside an lmdb store, and only its owner may read it", () => {
    const store = `lmdb:${join(folder, "s")}`;
    const secret = of(store);
    expect(secret.length).toBeGreaterThanOrEqual(43);
    expect(of(store)).toBe(secret);
    expect(statSync(join(folder, "s/trunk-secret")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, "s/trunk-secret"), "utf8").trim()).toBe(secret);
  });

  test("must be given where the store has no place for it", () => {
    expect(() => of("postgres://db/rooms")).toThrow("secret: with a postgres: store, give one to all processes");
  });

  test("that others can read, or that is none, is not taken", () => {
    const path = put("s/trunk-secret", "a secret that others can read");
    chmodSync(path, 0o644);
    expect(() => of(`lmdb:${join(folder, "s")}`)).toThrow(/can be read by others/);
    writeFileSync(path, "short");
    chmodSync(path, 0o600);
    expect(() => of(`lmdb:${join(folder, "s")}`)).toThrow(/holds no secret/);
  });

  test("says it in one line where the folder cannot be used", () => {
    put("file", "in the way");
    expect(() => of(`lmdb:${join(folder, "file")}`)).toThrow(/^store: .*file cannot be used: a file is in the way$/);
  });
});

describe("modules of rooms", () => {
  const module = (name: string, code: string) => put(`${name}.mjs`, code);

  test("export apps by name, or as their default", async () => {
    const one = module("one", "export const apps = { echo: { durability: 'memory', create() {} } };");
    const two = module("two", "export default { fan: { durability: 'memory', create() {} } };");
    expect(Object.keys(await loadApps([one, two]))).toEqual(["echo", "fan"]);
  });

  test("are told all that is wrong with them", async () => {
    const good = module("good", "export const apps = { echo: {} };");
    const same = module("same", "export const apps = { echo: {} };");
    const broken = module("broken", "throw new Error('no database');");
    const empty = module("empty", "export const other = 1;");
    const absent = join(folder, "absent.mjs");
    await expect(loadApps([good, same, broken, empty, absent])).rejects.toMatchObject({
      code: "rooms-bad",
      message: [
        `rooms: ${same}: there is an app echo in ${good} already`,
        `rooms: ${broken}: cannot be loaded: no database`,
        `rooms: ${empty}: exports no apps: export const apps = { <name>: { durability, create } }`,
        `rooms: ${absent}: does not exist`,
      ].join("\n"),
    });
    await expect(loadApps([])).rejects.toThrow("rooms: no module has an app");
  });
});
