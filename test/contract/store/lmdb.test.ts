import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open as openLmdb } from "lmdb";
import { expect, test } from "vitest";
import { openStore } from "../../../gateway/store/open.ts";
import type { Store } from "../../../gateway/store/port.ts";
import { add, headOf, memberOf, roomOf, serverOf, take } from "./fixtures.ts";
import { storeContract } from "./store-contract.ts";

storeContract("lmdb", "disk", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roomgate-store-"));
  const opened: Store[] = [];
  const open = async (): Promise<Store> => {
    const store = await openStore(`lmdb:${directory}`);
    opened.push(store);
    return store;
  };
  return {
    store: await open(),
    another: open,
    dispose: async () => {
      for (const store of opened) await store.close();
      await rm(directory, { recursive: true });
    },
  };
});

test("STORE-3: an answer comes after the sync: no root page that is waiting for one is ever written", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roomgate-store-"));
  const store = await openStore(`lmdb:${directory}`);
  let head: { epoch: number; tail: number } = await take(store, "app/r");
  for (let round = 0; round < 6; round += 1) {
    head = await add(store, "app/r", head, "x");
    const file = await readFile(join(directory, "data.mdb"));
    // lmdb marks the root page of a commit that it has not synced yet with this flag (MDB_OVERLAPPINGSYNC).
    const unsynced = [0, file.readUInt32LE(48)].map((page) => file.readUInt16LE(page + 52) & 0x1000);
    expect(unsynced).toEqual([0, 0]);
  }
  await store.close();
  await rm(directory, { recursive: true });
});

test("an append that follows an answer goes into the next commit, along with what waits there already", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roomgate-store-"));
  const store = await openStore(`lmdb:${directory}`);
  const reader = openLmdb<Buffer, Buffer>({ path: directory, noSubdir: false, overlappingSync: false });
  const commits = (): number => {
    reader.resetReadTxn();
    return (reader.getStats() as { lastTxnId: number }).lastTxnId;
  };
  const heads = await Promise.all(["app/a", "app/b", "app/c"].map((room) => take(store, room)));
  const [a, b, c] = heads as [(typeof heads)[0], (typeof heads)[0], (typeof heads)[0]];
  const before = commits();
  const first = add(store, "app/a", a, "one").then((head) => add(store, "app/a", head, "two"));
  // Its turn comes while the first append is under way.
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  await Promise.all([first, add(store, "app/b", b, "x"), add(store, "app/c", c, "y")]);
  expect(commits() - before).toBe(2);
  await reader.close();
  await store.close();
  await rm(directory, { recursive: true });
});

test("STORE-16: rooms that must run have an index of their own, which holds nothing else", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roomgate-store-"));
  const store = await openStore(`lmdb:${directory}`);
  const rooms = Array.from({ length: 300 }, (_none, index) => roomOf(`app/r${index}`));
  await store.takeover(rooms.map((room) => ({ room, expect: undefined, owner: serverOf("s1"), journaled: false })));
  const expected = { epoch: 1, tail: 0 };
  const flag = (mustRun: boolean, ...of: readonly (typeof rooms)[number][]) =>
    store.append(of.map((room) => ({ room, expect: expected, records: [], mustRun })));
  const [a, b, c] = [roomOf("app/r7"), roomOf("app/r8"), roomOf("app/r9")];
  await flag(true, a, b, c);
  await flag(false, b);
  await store.release(c, expected, serverOf("s1"));

  const binary = { keyEncoding: "binary", encoding: "binary" } as const;
  const root = openLmdb<Buffer, Buffer>({ ...binary, path: directory, noSubdir: false, overlappingSync: false });
  const index = root.openDB<Buffer, Buffer>({ ...binary, name: "mustRun" });
  const keys = [...index.getKeys({ start: Buffer.of(0) })].map((key) => Buffer.from(key).toString("latin1"));
  expect(keys).toEqual([`\0${c}`, `s1\0${a}`]);
  await root.close();
  await store.close();
  await rm(directory, { recursive: true });
});

test("STORE-6: the rows of a trimmed journal leave the disk, those too that an earlier trim was kept from removing", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roomgate-store-"));
  const store = await openStore(`lmdb:${directory}`);
  const room = roomOf("app/r");
  const texts = Array.from({ length: 600 }, (_none, index) => `${index}`);
  const head = await add(store, "app/r", await take(store, "app/r"), ...texts);
  const neighbour = await add(store, "app/s", await take(store, "app/s"), "stays");

  const binary = { keyEncoding: "binary", encoding: "binary" } as const;
  const root = openLmdb<Buffer, Buffer>({ ...binary, path: directory, noSubdir: false, overlappingSync: false });
  const journal = root.openDB<Buffer, Buffer>({ ...binary, name: "journal" });
  const rows = () => [...journal.getRange({ start: Buffer.of(0) })].map(({ key, value }) => ({ key, value }));
  const all = rows();
  const upTo = head.tail - 10;
  expect(await store.trimJournal(room, head.epoch, upTo)).toEqual({ kind: "trimmed" });
  expect(rows()).toHaveLength(10 + neighbour.tail);

  // As a crash leaves it between the head and the rows.
  for (const { key, value } of all.slice(3, 500)) await journal.put(Buffer.from(key), Buffer.from(value));
  expect(await store.trimJournal(room, head.epoch, upTo + 1)).toEqual({ kind: "trimmed" });
  expect(rows()).toHaveLength(9 + neighbour.tail);
  expect((await headOf(store, "app/r"))?.tail).toBe(head.tail);
  await root.close();
  await store.close();
  await rm(directory, { recursive: true });
});

test("LIVE-15: a row that looks hours old by the time of day stays for the others to judge; a write that never finished goes", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roomgate-store-"));
  const store = await openStore(`lmdb:${directory}`);
  const row = memberOf("s1", "i1");
  await store.members.put(row);
  const members = join(directory, "members");
  await writeFile(join(members, ".4711.1"), "half a r");
  // The clock of the machine is set forward, and another process starts before the member writes again.
  const longAgo = new Date(Date.now() - 2 * 3_600_000);
  for (const name of await readdir(members)) await utimes(join(members, name), longAgo, longAgo);
  const other = await openStore(`lmdb:${directory}`);
  expect(await other.members.list()).toEqual({ kind: "members", members: [row] });
  expect(await readdir(members)).toEqual(["s1"]);
  await other.close();
  await store.close();
  await rm(directory, { recursive: true });
});
