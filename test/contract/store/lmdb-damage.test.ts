import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open as openLmdb } from "lmdb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStore } from "../../../gateway/store/open.ts";
import type { Store } from "../../../gateway/store/port.ts";
import { add, headOf, journalOf, noLimit, roomOf, serverOf, take, textBytes } from "./fixtures.ts";

const room = roomOf("app/r");
const bytesOnly = { keyEncoding: "binary", encoding: "binary" } as const;

describe("STORE-8: damage on disk", () => {
  let directory: string;
  let store: Store;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "roomgate-damage-"));
    store = await openStore(`lmdb:${directory}`);
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  /** Changes rows behind the engine's back: `change` gives the new bytes, or `undefined` to remove the row. */
  async function damage(
    table: "journal" | "heads" | "snapshots" | "chunks",
    change: (row: Buffer, index: number, key: Buffer) => Buffer | undefined,
  ): Promise<number> {
    const root = openLmdb<Buffer, Buffer>({ ...bytesOnly, path: directory, noSubdir: false, overlappingSync: false });
    const rows = root.openDB<Buffer, Buffer>({ ...bytesOnly, name: table, useVersions: table === "heads" });
    const found = [...rows.getRange({ start: Buffer.of(0), versions: table === "heads" })];
    for (const [index, { key, value, version }] of found.entries()) {
      const changed = change(Buffer.from(value), index, Buffer.from(key));
      if (changed === undefined) await rows.remove(key);
      else if (version === undefined) await rows.put(key, changed);
      else await rows.put(key, changed, version);
    }
    await root.close();
    return found.length;
  }

  function flipped(row: Buffer, at: number): Buffer {
    row[at] = (row[at] ?? 0) ^ 0x10;
    return row;
  }

  test("each single byte of a record matters", async () => {
    const head = await add(store, "app/r", await take(store, "app/r"), "first", "second", "third");
    const rowBytes = 4 + 5 + "second".length;
    for (let at = 0; at < rowBytes; at += 1) {
      await damage("journal", (row, index) => (index === 2 ? flipped(row, at) : row));
      const read = await store.readJournal(room, 0, noLimit);
      expect(read).toMatchObject({ kind: "corrupt", position: 3 });
      expect(await store.readJournal(room, 2, { recordsMax: 1, bytesMax: 1 })).toMatchObject({
        kind: "corrupt",
        position: 3,
      });
      // What is before and behind it can be had.
      expect(await journalOf(store, "app/r", 0, { recordsMax: 2, bytesMax: 1e9 } as never)).toEqual([
        "1:1!",
        "2:1:first",
      ]);
      expect(await journalOf(store, "app/r", 3)).toEqual(["4:1:third"]);
      await damage("journal", (row, index) => (index === 2 ? flipped(row, at) : row));
    }
    expect(await journalOf(store, "app/r")).toHaveLength(head.tail);
  });

  test("a record that is cut, missing, or stands in another one's place is told", async () => {
    await add(store, "app/r", await take(store, "app/r"), "first", "second", "third");
    const rows: Buffer[] = [];
    await damage("journal", (row) => {
      rows.push(row);
      return row;
    });
    for (const wrong of [rows[2]?.subarray(0, 8), rows[2]?.subarray(0, 3), Buffer.alloc(0), rows[1], undefined]) {
      await damage("journal", (row, index) => (index === 2 ? wrong : row));
      expect(await store.readJournal(room, 0, noLimit)).toMatchObject({ kind: "corrupt", position: 3 });
      if (wrong !== undefined) await damage("journal", (row, index) => (index === 2 ? rows[2] : row));
    }
  });

  test("a damaged head lets nobody in, and other rooms go on", async () => {
    const head = await take(store, "app/r");
    const other = await take(store, "app/z");
    await damage("heads", (row, index) => (index === 0 ? flipped(row, 12) : row));
    const owner = serverOf("s1");
    const answers = [
      await store.readHead(room),
      ...(await store.takeover([{ room, expect: head, owner, journaled: true }])),
      ...(await store.takeover([{ room, expect: undefined, owner, journaled: true }])),
      ...(await store.append([{ room, expect: head, records: [textBytes("x")] }])),
      await store.release(room, head, owner),
      await store.saveSnapshot(room, 1, { position: 1, version: "1", bytes: textBytes("x") }),
      await store.loadSnapshot(room),
      await store.readJournal(room, 0, noLimit),
      await store.trimJournal(room, 1, 1),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({ kind: "unavailable", reason: expect.stringContaining("app/r is damaged") });
    }
    const listed = await store.listHeads({ owner: serverOf("s1"), limit: 10 });
    expect(listed.kind === "heads" && listed.heads.map((found) => found.room)).toEqual(["app/z"]);
    await add(store, "app/z", other, "a");
    expect(await headOf(store, "app/z")).toEqual({ epoch: 1, tail: 2, owner: "s1", mustRun: false });
  });

  test("a damaged or missing part of a snapshot is told, and a new snapshot heals it", async () => {
    await take(store, "app/r");
    const save = (length: number) =>
      store.saveSnapshot(room, 1, { position: 5, version: "1", bytes: new Uint8Array(length).fill(7) });
    const isSecond = (key: Buffer) => key.at(-1) === 1;
    const harms: [Parameters<typeof damage>[0], Parameters<typeof damage>[1], number][] = [
      ["chunks", (row, _, key) => (isSecond(key) ? flipped(row, 100) : row), 5],
      ["chunks", (row, _, key) => (isSecond(key) ? flipped(row, 0) : row), 5],
      ["chunks", (row, _, key) => (isSecond(key) ? row.subarray(0, 1000) : row), 5],
      ["chunks", (row, _, key) => (isSecond(key) ? undefined : row), 5],
      ["snapshots", (row) => flipped(row, 10), 0],
      ["snapshots", () => undefined, 0],
    ];
    for (const [table, harm, position] of harms) {
      for (const length of [600_000, 1_500_000]) {
        await save(length);
        expect((await store.loadSnapshot(room)).kind).toBe("snapshot");
        await damage(table, harm);
        expect(await store.loadSnapshot(room)).toMatchObject({ kind: "corrupt", position });
      }
    }
    await save(600_000);
    expect((await store.loadSnapshot(room)).kind).toBe("snapshot");
  });
});
