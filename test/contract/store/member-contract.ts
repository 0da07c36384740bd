import { describe, expect, test } from "vitest";
import type { Store } from "../../../gateway/store/port.ts";
import { gatewayOf, memberOf, serverOf } from "./fixtures.ts";
import type { Subject } from "./store-contract.ts";

async function listed(store: Store) {
  const answer = await store.members.list();
  if (answer.kind !== "members") throw new Error(answer.reason);
  return [...answer.members].sort((a, b) => (a.id < b.id ? -1 : 1));
}

export function memberContract(subject: Subject): void {
  describe("members", () => {
    test("STORE-11: each member has one row, its last, seen by everybody", async () => {
      const { store } = subject;
      const other = await subject.another();
      expect(await listed(store)).toEqual([]);
      expect(await store.members.put(memberOf("s1", "i1", 1))).toEqual({ kind: "stored" });
      expect(await other.members.put({ ...memberOf("s2", "i2", 5), state: "draining" })).toEqual({ kind: "stored" });
      const gateway = { ...memberOf("s1", "g", 9), id: gatewayOf("g.1"), kind: "gateway" as const, apps: [] };
      await store.members.put(gateway);
      await store.members.put(memberOf("s1", "i1", 2));
      const rows = [gateway, memberOf("s1", "i1", 2), { ...memberOf("s2", "i2", 5), state: "draining" }];
      expect(await listed(store)).toEqual(rows);
      expect(await listed(other)).toEqual(rows);
    });

    test("STORE-11: the row of a process that started anew replaces the one before", async () => {
      const { store } = subject;
      await store.members.put(memberOf("s1", "old", 100));
      await store.members.put(memberOf("s1", "new", 1));
      expect(await listed(store)).toEqual([memberOf("s1", "new", 1)]);
    });

    test("STORE-11: a row goes only with its instance", async () => {
      const { store } = subject;
      const other = await subject.another();
      await store.members.put(memberOf("s1", "new"));
      expect(await other.members.remove(serverOf("s1"), "old")).toEqual({ kind: "removed" });
      expect(await listed(store)).toEqual([memberOf("s1", "new")]);
      expect(await other.members.remove(serverOf("s1"), "new")).toEqual({ kind: "removed" });
      expect(await other.members.remove(serverOf("s1"), "new")).toEqual({ kind: "removed" });
      expect(await listed(store)).toEqual([]);
    });

    test("STORE-11: rows that are put without waiting end with the last one", async () => {
      const { store } = subject;
      await Promise.all(Array.from({ length: 30 }, (_, i) => store.members.put(memberOf("s1", "i", i))));
      expect(await listed(store)).toEqual([memberOf("s1", "i", 29)]);
    });

    test("what was handed in can be changed afterwards", async () => {
      const { store } = subject;
      const apps = ["a"];
      await store.members.put({ ...memberOf("s1", "i"), apps });
      apps.push("b");
      expect((await listed(store))[0]?.apps).toEqual(["a"]);
    });
  });
}
