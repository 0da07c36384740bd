import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open as openLmdb } from "lmdb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStore } from "../../../gateway/store/open.ts";
import { RoomgateError } from "../../../gateway/wire/errors.ts";
import { add, headOf, journalOf, roomOf, take } from "../../contract/store/fixtures.ts";

async function refusal(url: string): Promise<RoomgateError> {
  const opened = await openStore(url).catch((error: unknown) => error);
  if (!(opened instanceof RoomgateError)) throw new Error(`${url} was not refused: ${String(opened)}`);
  expect(opened.message).not.toContain("\n");
  return opened;
}

describe("a store's URL", () => {
  test.each([
    "nats://h:4222",
    "postgres://u:secret@h/db",
    "postgresql://h/db",
    "redis:x",
    "lmdb",
    "lmdb:",
    "memory:x",
    "",
    "/tmp/x",
  ])("STORE-13: %s is refused as unsupported, in one line that says what there is", async (url) => {
    const error = await refusal(url);
    expect(error.code).toBe("store-unsupported");
    expect(error.message).toMatch(/lmdb|memory/);
    expect(error.message).not.toContain("secret");
  });

  test("memory: opens", async () => {
    expect((await openStore("memory:")).durability).toBe("process");
  });
});

describe("a directory for LMDB", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "roomgate-open-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function unavailable(path: string): Promise<string> {
    const error = await refusal(`lmdb:${path}`);
    expect(error.code).toBe("store-unavailable");
    expect(error.message).toContain(path);
    return error.message;
  }

  test("is made where there is none, whatever its name looks like, and keeps what it has", async () => {
    for (const name of ["a/b/c", "with.extension", ".hidden"]) {
      const url = `lmdb:${join(directory, name)}`;
      const first = await openStore(url);
      await add(first, "app/r", await take(first, "app/r"), "a");
      await first.close();
      const second = await openStore(url);
      expect(await headOf(second, "app/r")).toEqual({ epoch: 1, tail: 2, owner: "s1", mustRun: false });
      expect(await journalOf(second, "app/r")).toEqual(["1:1!", "2:1:a"]);
      await second.close();
    }
  });

  test("STORE-13: a file in its place, or on the way to it, is told", async () => {
    await writeFile(join(directory, "file"), "x");
    await unavailable(join(directory, "file"));
    await unavailable(join(directory, "file/store"));
  });

  test("STORE-13: a place that cannot be written is told", async () => {
    await unavailable("/proc/roomgate-store");
    await mkdir(join(directory, "store/data.mdb"), { recursive: true });
    await unavailable(join(directory, "store"));
  });

  test("STORE-13: a file that is no LMDB environment is told, and left as it is", async () => {
    const store = join(directory, "store");
    await mkdir(store);
    await writeFile(join(store, "data.mdb"), "this is not a database ".repeat(1000));
    expect(await unavailable(store)).toContain("not an LMDB file");
    await writeFile(join(store, "data.mdb"), "short");
    expect(await unavailable(store)).toContain("not an LMDB file");
    expect(await readFile(join(store, "data.mdb"), "utf8")).toBe("short");
  });

  test("STORE-13: an environment that was cut short is told, instead of a crash when the missing part is read", async () => {
    const store = join(directory, "store");
    const opened = await openStore(`lmdb:${store}`);
    const head = await take(opened, "app/r");
    await opened.append([{ room: roomOf("app/r"), expect: head, records: [new Uint8Array(4_000_000)] }]);
    await opened.close();
    for (const length of [1_000_000, 20_000, 8192]) {
      await truncate(join(store, "data.mdb"), length);
      expect(await unavailable(store)).toContain("cut short");
    }
  });

  test("STORE-13: an environment of another form is told", async () => {
    const store = join(directory, "store");
    const foreign = openLmdb({
      path: store,
      noSubdir: false,
      keyEncoding: "binary",
      encoding: "binary",
      overlappingSync: false,
    });
    await foreign
      .openDB({ name: "meta", keyEncoding: "binary", encoding: "binary" })
      .put(Buffer.from("format") as never, Buffer.from("roomgate-store 99"));
    await foreign.close();
    expect(await unavailable(store)).toContain("roomgate-store 99");
  });

  test("STORE-13: a store of the form before is told what it is and what is needed, and is left as it is", async () => {
    const store = join(directory, "store");
    const binary = { keyEncoding: "binary", encoding: "binary" } as const;
    const older = openLmdb<Buffer, Buffer>({ ...binary, path: store, noSubdir: false, overlappingSync: false });
    for (const name of ["heads", "journal", "snapshots", "chunks", "generations", "owners", "meta"]) {
      const table = older.openDB<Buffer, Buffer>({ ...binary, name });
      if (name === "meta") await table.put(Buffer.from("format"), Buffer.from("roomgate-store 1"));
    }
    await older.close();
    const before = await readFile(join(store, "data.mdb"));
    const line = await unavailable(store);
    expect(line).toContain('it is of the form "roomgate-store 1"');
    expect(line).toContain('this version needs "roomgate-store 2"');
    expect(line).toContain("left as it is");
    expect((await readFile(join(store, "data.mdb"))).equals(before)).toBe(true);
    expect((await readdir(store)).sort()).toEqual(["data.mdb", "lock.mdb"]);
  });

  test("two stores of one process share a directory, and closing one leaves the other", async () => {
    const url = `lmdb:${directory}`;
    const [first, second] = await Promise.all([openStore(url), openStore(url)]);
    const head = await take(first, "app/r");
    await first.close();
    await add(second, "app/r", head, "a");
    expect(await journalOf(second, "app/r")).toEqual(["1:1!", "2:1:a"]);
    await second.close();
  });
});
