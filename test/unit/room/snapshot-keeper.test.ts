import { expect, test } from "vitest";
import type { LiveRoom } from "../../../gateway/room/live-room.ts";
import type { AppDefinition } from "../../../gateway/room/sdk.ts";
import { type SnapshotHost, SnapshotKeeper, snapshotAfterDefault } from "../../../gateway/room/snapshot-keeper.ts";
import type { RoomKey } from "../../../gateway/wire/ids.ts";

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
