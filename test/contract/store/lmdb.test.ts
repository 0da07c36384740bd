import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "../../../gateway/store/open.ts";
import type { Store } from "../../../gateway/store/port.ts";
import { add, take } from "./fixtures.ts";
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
