import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { test } from "vitest";
import { openStore } from "../../../gateway/store/open.ts";
import { followModel, steps } from "./store-model.ts";

test("STORE-2: whatever is asked in whatever order, the memory store answers as the port says", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => followModel(await openStore("memory:"), "r", script)),
    { numRuns: 300 },
  );
});

test("STORE-2: whatever is asked in whatever order, the LMDB store answers as the port says", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roomgate-model-"));
  const store = await openStore(`lmdb:${directory}`);
  let run = 0;
  try {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        run += 1;
        await followModel(store, `r${run}`, script);
      }),
      { numRuns: 60 },
    );
  } finally {
    await store.close();
    await rm(directory, { recursive: true });
  }
});
