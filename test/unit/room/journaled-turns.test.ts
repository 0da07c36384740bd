import { expect, test } from "vitest";
import { Committer } from "../../../gateway/room/committer.ts";
import { JournaledTurns } from "../../../gateway/room/journaled-turns.ts";
import type { RecordHandler } from "../../../gateway/room/record-ops.ts";
import { readRecord } from "../../../gateway/room/record-reader.ts";
import { createMemoryBacking } from "../../../gateway/store/memory/backing.ts";
import { createMemoryStore } from "../../../gateway/store/memory/memory-store.ts";
import type { RoomKey, ServerId } from "../../../gateway/wire/ids.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

test("COMMIT-8: what promises nothing to anybody rides with a record, and has one of its own where much of it waits", async () => {
  const runtime = createVirtualRuntime();
  const store = createMemoryStore(createMemoryBacking());
  const room = "app/a" as RoomKey;
  const [taken] = await store.takeover([{ room, expect: undefined, owner: "s1" as ServerId, journaled: true }]);
  if (taken?.kind !== "taken") throw new Error("not taken");
  const setting = { committer: new Committer(store, runtime, runtime.log), runtime, intervalMs: undefined };
  const journaled = new JournaledTurns(
    room,
    { ...setting, fenced: () => {}, durable: () => {} },
    {
      clockMs: () => 0,
      hasTimers: () => false,
      clockNoted: () => {},
      mustRun: () => false,
      forget: () => {},
      failed: (error) => {
        throw error;
      },
    },
  );
  journaled.begin(taken.head);
  const toldOf = async (): Promise<string[]> => {
    await runtime.settleAsync();
    const page = await store.readJournal(room, 0, { recordsMax: 100, bytesMax: 1e6 });
    const found: string[] = [];
    const handler = new Proxy({} as RecordHandler, {
      get: (_target, op) => (to: string, number: number) => op === "told" && found.push(`${to} ${number}`),
    });
    if (page.kind === "records")
      for (const record of page.records) if (record.kind === "data") readRecord(record.bytes, handler);
    return found;
  };
  for (let number = 1; number <= 1_000; number += 1) journaled.told("app/same", number);
  for (let index = 0; index < 255; index += 1) journaled.told(`app/${index}`, index);
  journaled.endTurn();
  expect(await toldOf()).toEqual([]);
  journaled.told("app/last", 1);
  const found = await toldOf();
  expect(found).toHaveLength(257);
  expect(found[0]).toBe("app/same 1000");
  // And from the beginning again.
  journaled.told("app/same", 1_001);
  expect(await toldOf()).toHaveLength(257);
});
