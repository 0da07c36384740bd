import { expect, test } from "vitest";
import { createMemoryBacking } from "../../../gateway/store/memory/backing.ts";
import { openStore } from "../../../gateway/store/open.ts";
import { add, headOf, roomOf, take, textBytes } from "./fixtures.ts";
import { storeContract } from "./store-contract.ts";

storeContract("memory", "process", async () => {
  const memory = createMemoryBacking();
  return {
    store: await openStore("memory:", { memory }),
    another: () => openStore("memory:", { memory }),
    dispose: async () => {},
  };
});

test("each memory: store is one of its own unless they share a backing", async () => {
  await take(await openStore("memory:"), "app/r");
  expect(await headOf(await openStore("memory:"), "app/r")).toBeUndefined();
});

test("STORE-9: a full memory store takes no more, and goes on when there is room again", async () => {
  const store = await openStore("memory:", { memory: createMemoryBacking({ bytesMax: 100 }) });
  const room = roomOf("app/r");
  const head = await add(store, "app/r", await take(store, "app/r"), "x".repeat(90));
  const records = [new Uint8Array(20)];
  expect((await store.append([{ room, expect: head, records }]))[0]?.kind).toBe("unavailable");
  expect(
    (await store.saveSnapshot(room, 1, { position: 1, version: "1", bytes: textBytes("y".repeat(20)) })).kind,
  ).toBe("unavailable");
  expect(await headOf(store, "app/r")).toEqual({ epoch: 1, tail: 2, owner: "s1", mustRun: false });
  await store.trimJournal(room, 1, 2);
  expect(await store.append([{ room, expect: head, records }])).toEqual([{ kind: "appended", tail: 3 }]);
});
