import { expect, test } from "vitest";
import { Committer } from "../../../gateway/room/committer.ts";
import { RoomJournal } from "../../../gateway/room/room-journal.ts";
import { createMemoryBacking } from "../../../gateway/store/memory/backing.ts";
import { createMemoryStore } from "../../../gateway/store/memory/memory-store.ts";
import type { RoomKey, ServerId } from "../../../gateway/wire/ids.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

test("ROOM-38: a room that fails when its records are durable fails alone: those that the store took with them are told", async () => {
  const runtime = createVirtualRuntime();
  const store = createMemoryStore(createMemoryBacking());
  const committer = new Committer(store, runtime, runtime.log);
  const heard: string[] = [];
  const open = async (key: string, durable: () => void): Promise<RoomJournal> => {
    const room = key as RoomKey;
    const [taken] = await store.takeover([{ room, expect: undefined, owner: "s1" as ServerId, journaled: true }]);
    if (taken?.kind !== "taken") throw new Error("not taken");
    return new RoomJournal(
      room,
      taken.head,
      committer,
      runtime,
      { intervalMs: 0 },
      {
        opened: () => {},
        sealing: () => {},
        mustRun: () => false,
        durable,
        failed: (error) => heard.push(`${key} failed: ${(error as Error).message}`),
        fenced: () => heard.push(`${key} fenced`),
      },
    );
  };
  const bad = await open("app/bad", () => {
    throw new RangeError("a frame of 18 MiB");
  });
  const good = await open("app/good", () => heard.push("app/good durable"));
  for (const journal of [bad, good]) {
    journal.writer.entry(new Uint8Array(1));
    journal.endTurn();
    journal.whenDurable(journal.flush(), () => {
      if (journal === bad) throw new Error("cannot be said");
    });
  }
  await runtime.settleAsync();
  expect(heard).toEqual(["app/bad failed: a frame of 18 MiB", "app/bad failed: cannot be said", "app/good durable"]);
  // And the store goes on taking records of both.
  for (const journal of [bad, good]) {
    journal.writer.entry(new Uint8Array(1));
    journal.endTurn();
  }
  await runtime.settleAsync();
  expect([bad.head.tail, good.head.tail]).toEqual([3, 3]);
});

test("STORE-16: before a room is let go the store has answered whether it must run, behind a record that is under way and without one", async () => {
  const runtime = createVirtualRuntime();
  const store = createMemoryStore(createMemoryBacking());
  const room = "app/a" as RoomKey;
  const [taken] = await store.takeover([{ room, expect: undefined, owner: "s1" as ServerId, journaled: true }]);
  if (taken?.kind !== "taken") throw new Error("not taken");
  let mustRun = true;
  const journal = new RoomJournal(
    room,
    taken.head,
    new Committer(store, runtime, runtime.log),
    runtime,
    { intervalMs: 0 },
    {
      opened: () => {},
      sealing: () => {},
      mustRun: () => mustRun,
      durable: () => {},
      failed: (error) => {
        throw error;
      },
      fenced: () => {},
    },
  );
  const saidAtRelease = async (): Promise<unknown> => {
    let said: unknown = "nothing";
    journal.whenAllSettled(journal.flush(), () => {
      void store.readHead(room).then((answer) => {
        said = answer.kind === "head" && answer.head?.mustRun;
      });
    });
    await runtime.settleAsync();
    return said;
  };
  journal.writer.entry(new Uint8Array(1));
  journal.endTurn();
  expect(await saidAtRelease()).toBe(true);
  mustRun = false;
  expect(await saidAtRelease()).toBe(false);
  expect(await saidAtRelease()).toBe(false);
  // While a record is under way that says something else.
  mustRun = true;
  journal.writer.entry(new Uint8Array(1));
  journal.endTurn();
  journal.flush();
  mustRun = false;
  expect(await saidAtRelease()).toBe(false);
  // It is put right before the word is on its way.
  mustRun = true;
  const settled = saidAtRelease();
  mustRun = false;
  expect(await settled).toBe(false);
  journal.stop();
  expect(await saidAtRelease()).toBe(false);
});
