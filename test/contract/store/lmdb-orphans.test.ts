import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open as openLmdb } from "lmdb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { generationKey } from "../../../gateway/store/lmdb/keys.ts";
import { ownMark, type ProcessMark } from "../../../gateway/store/lmdb/process-start.ts";
import { generationNote } from "../../../gateway/store/lmdb/snapshot-rows.ts";
import { openStore } from "../../../gateway/store/open.ts";
import type { Store } from "../../../gateway/store/port.ts";
import { roomOf, take } from "./fixtures.ts";

const room = roomOf("app/r");
const bytesOnly = { keyEncoding: "binary", encoding: "binary" } as const;

describe("STORE-18: what is still being written", () => {
  let directory: string;
  const stores: Store[] = [];
  const open = async (): Promise<Store> => {
    const store = await openStore(`lmdb:${directory}`);
    stores.push(store);
    return store;
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "roomgate-orphans-"));
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    await rm(directory, { recursive: true });
  });

  async function withTable<T>(name: string, work: (table: ReturnType<typeof openTable>) => T | Promise<T>): Promise<T> {
    const { root, table } = openTable(name);
    try {
      return await work({ root, table });
    } finally {
      await root.close();
    }
  }

  function openTable(name: string) {
    const root = openLmdb<Buffer, Buffer>({ ...bytesOnly, path: directory, noSubdir: false, overlappingSync: false });
    return { root, table: root.openDB<Buffer, Buffer>({ ...bytesOnly, name }) };
  }

  const rowsOf = (name: string) => withTable(name, ({ table }) => table.getCount({ start: Buffer.of(0) }));

  test("is left alone by a second store of the same process", async () => {
    const first = await open();
    await take(first, "app/r");
    const snapshot = { position: 1, version: "1", bytes: new Uint8Array(150 * 1024 * 1024).fill(7) };
    const saving = first.saveSnapshot(room, 1, snapshot);
    while ((await rowsOf("chunks")) < 20) await new Promise((resolve) => setTimeout(resolve, 5));
    await open();
    expect(await saving).toEqual({ kind: "stored" });
    expect(await first.loadSnapshot(room)).toMatchObject({ kind: "snapshot" });
  });

  async function leaveWriting(by: ProcessMark): Promise<void> {
    const note = generationKey(room, randomBytes(8));
    const { key, value } = generationNote(by, note, "writing");
    await withTable("generations", ({ table }) => table.put(key, value ?? Buffer.of()));
  }

  test("is an orphan where another process has its writer's pid by now", async () => {
    await take(await open(), "app/r");
    const { pid, start } = ownMark();
    await leaveWriting({ pid, start: Buffer.from(start.map((byte) => byte ^ 0xff)) });
    await leaveWriting({ pid: process.ppid, start });
    expect(await rowsOf("generations")).toBe(2);
    await open();
    await expect.poll(() => rowsOf("generations"), { timeout: 5_000 }).toBe(0);
  });

  test("is not one while its process is there", async () => {
    const first = await open();
    await take(first, "app/r");
    await leaveWriting(ownMark());
    await open();
    // What comes after it in the second store's order is done, so it was looked at.
    await first.saveSnapshot(room, 1, { position: 1, version: "1", bytes: new Uint8Array(10) });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await rowsOf("generations")).toBe(1);
  });
});
