import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../../../gateway/store/port.ts";
import { roomOf, serverOf, take, textBytes } from "./fixtures.ts";
import { journalContract } from "./journal-contract.ts";
import { memberContract } from "./member-contract.ts";
import { mustRunContract } from "./must-run-contract.ts";
import { ownershipContract } from "./ownership-contract.ts";
import { snapshotContract } from "./snapshot-contract.ts";

/** One set of data and those who use it. */
export interface StoreBench {
  readonly store: Store;
  /** Another user of the same data. */
  another(): Promise<Store>;
  dispose(): Promise<void>;
}

/** What the parts of the suite are given: whoever is current when a test runs. */
export interface Subject {
  readonly store: Store;
  another(): Promise<Store>;
}

/** Holds an engine to every sentence of `gateway/store/port.ts`. */
export function storeContract(name: string, durability: Store["durability"], make: () => Promise<StoreBench>): void {
  describe(name, () => {
    let bench: StoreBench;
    beforeEach(async () => {
      bench = await make();
    });
    afterEach(() => bench.dispose());
    const subject: Subject = {
      get store() {
        return bench.store;
      },
      another: () => bench.another(),
    };

    test("says what durable means here", () => {
      expect(subject.store.durability).toBe(durability);
    });

    ownershipContract(subject);
    journalContract(subject);
    snapshotContract(subject);
    memberContract(subject);
    mustRunContract(subject);

    describe("closed", () => {
      test("STORE-10: every call on a closed store answers unavailable, and closing again is safe", async () => {
        const { store } = subject;
        const room = roomOf("app/r");
        const head = await take(store, "app/r");
        await store.close();
        await store.close();
        const owner = serverOf("s1");
        const version = { epoch: head.epoch, tail: head.tail };
        const snapshot = { position: 0, version: "1", bytes: textBytes("x") };
        const answers = [
          await store.readHead(room),
          await store.listHeads({ limit: 1 }),
          ...(await store.takeover([{ room, expect: version, owner, journaled: true }])),
          await store.release(room, version, owner),
          await store.saveSnapshot(room, head.epoch, snapshot),
          await store.loadSnapshot(room),
          ...(await store.append([{ room, expect: version, records: [] }])),
          await store.readJournal(room, 0, { recordsMax: 1, bytesMax: 1 }),
          await store.trimJournal(room, head.epoch, 1),
          await store.members.put({ ...(await memberRow()), id: owner }),
          await store.members.list(),
          await store.members.remove(owner, "i"),
        ];
        expect(answers.map((answer) => answer.kind)).toEqual(answers.map(() => "unavailable"));
        expect(answers).toHaveLength(12);
      });

      test("close waits for what is under way", async () => {
        const { store } = subject;
        const head = await take(store, "app/r");
        const appended = store.append([{ room: roomOf("app/r"), expect: head, records: [textBytes("a")] }]);
        const saved = store.saveSnapshot(roomOf("app/r"), head.epoch, {
          position: 1,
          version: "1",
          bytes: new Uint8Array(3_000_000),
        });
        await store.close();
        expect((await appended)[0]).toEqual({ kind: "appended", tail: head.tail + 1 });
        expect(await saved).toEqual({ kind: "stored" });
      });

      test("closing one user leaves the others", async () => {
        const other = await subject.another();
        await other.close();
        expect((await subject.store.readHead(roomOf("app/r"))).kind).toBe("head");
      });
    });
  });
}

async function memberRow() {
  const { memberOf } = await import("./fixtures.ts");
  return memberOf("s1", "i");
}
