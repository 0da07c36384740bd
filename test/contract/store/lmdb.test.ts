import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../../gateway/store/open.ts";
import type { Store } from "../../../gateway/store/port.ts";
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
