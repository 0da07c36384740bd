import { expect, test } from "vitest";
import type { LiveRoom } from "../../../gateway/room/live-room.ts";
import type { AppDefinition } from "../../../gateway/room/sdk.ts";
import { createServerCounters } from "../../../gateway/room/server-counters.ts";
import { type SnapshotHost, SnapshotKeeper, snapshotAfterDefault } from "../../../gateway/room/snapshot-keeper.ts";
import { createMemoryBacking } from "../../../gateway/store/memory/backing.ts";
import { createMemoryStore } from "../../../gateway/store/memory/memory-store.ts";
import type { Store } from "../../../gateway/store/port.ts";
import type { RoomKey, ServerId } from "../../../gateway/wire/ids.ts";
import { storeWith } from "../../support/store-with.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

test("COMMIT-7: rooms that began together and are equally busy do not all take their first snapshot at once", () => {
  const definition = { durability: "commit", create: () => ({}) } as unknown as AppDefinition;
  const host = { snapshotAfter: snapshotAfterDefault } as SnapshotHost;
  const keepers = Array.from(
    { length: 100 },
    (_none, index) => new SnapshotKeeper(`app/room-${index}` as RoomKey, definition, host),
  );
  const dueAt = (records: number): number => {
    const live = { journaled: { journal: { sinceSnapshot: { bytes: 0, records } } } } as unknown as LiveRoom;
    return keepers.filter((keeper) => keeper.isDue(live)).length;
  };
  const { journalRecordsMax } = snapshotAfterDefault;
  expect(dueAt(journalRecordsMax / 4 - 1)).toBe(0);
  expect(dueAt(journalRecordsMax)).toBe(100);
  const steps = Array.from({ length: 16 }, (_none, step) => (journalRecordsMax * (step + 1)) / 16);
  const newlyDue = steps.map((records, step) => dueAt(records) - dueAt(steps[step - 1] ?? 0));
  expect(Math.max(...newlyDue)).toBeLessThan(30);
});

test("STORE-15: a memory room's snapshot that lands late replaces no newer one of the same owner", async () => {
  const key = "app/r" as RoomKey;
  const me = "s1" as ServerId;
  const engine = createMemoryStore(createMemoryBacking());
  const late: (() => Promise<unknown>)[] = [];
  const saveSnapshot: Store["saveSnapshot"] = async (...given) => {
    if (late.length > 0) return engine.saveSnapshot(...given);
    late.push(() => engine.saveSnapshot(...given));
    return { kind: "unknown", reason: "no answer in time" };
  };
  const { log } = createVirtualRuntime();
  const definition = { durability: "memory", create: () => ({}) } as unknown as AppDefinition;
  let epoch = 0;
  const lifeOf = async () => {
    const expected = epoch === 0 ? undefined : { epoch, tail: 0 };
    await engine.takeover([{ room: key, expect: expected, owner: me, journaled: false }]);
    epoch += 1;
    const position = { epoch, tail: 0 };
    const host = {
      store: storeWith(engine, { saveSnapshot }),
      log,
      counters: createServerCounters(),
      snapshotAfter: snapshotAfterDefault,
      position: () => position,
      roomThrew: () => {},
      fenced: () => {},
    };
    const keeper = new SnapshotKeeper(key, definition, host);
    return (count: number) =>
      keeper.saveLast({ turns: { count }, snapshot: () => Uint8Array.of(count) } as unknown as LiveRoom);
  };
  const kept = async () => {
    const found = await engine.loadSnapshot(key);
    return found.kind === "snapshot" ? [...found.snapshot.bytes] : found.kind;
  };

  const save = await lifeOf();
  expect(await save(1)).toBe(false);
  expect(await save(2)).toBe(true);
  expect(await save(3)).toBe(true);
  await engine.release(key, { epoch, tail: 0 }, me);
  await late[0]?.();
  expect(await kept()).toEqual([3]);

  // The next owner counts anew, and its first one replaces what was.
  const saveAgain = await lifeOf();
  expect(await saveAgain(4)).toBe(true);
  expect(await kept()).toEqual([4]);
});
