import { describe, expect, test } from "vitest";
import type { TakeoverRequest } from "../../../gateway/store/port.ts";
import { add, appNameOf, headOf, journalOf, roomOf, serverOf, take, textBytes } from "./fixtures.ts";
import type { Subject } from "./store-contract.ts";

export function ownershipContract(subject: Subject): void {
  describe("takeover", () => {
    test("a room that was never owned has no head", async () => {
      expect(await headOf(subject.store, "app/r")).toBeUndefined();
    });

    test("STORE-1: the first owner gets epoch 1, and a fence record if journaled", async () => {
      const { store } = subject;
      expect(await take(store, "app/j")).toEqual({ epoch: 1, tail: 1, owner: "s1", mustRun: false });
      expect(await take(store, "app/m", "s1", undefined, false)).toEqual({
        epoch: 1,
        tail: 0,
        owner: "s1",
        mustRun: false,
      });
      expect(await headOf(store, "app/j")).toEqual({ epoch: 1, tail: 1, owner: "s1", mustRun: false });
      expect(await journalOf(store, "app/j")).toEqual(["1:1!"]);
      expect(await journalOf(store, "app/m")).toEqual([]);
    });

    test("STORE-1: it needs exactly the expected epoch and tail, and tells what it found instead", async () => {
      const { store } = subject;
      const head = await add(store, "app/r", await take(store, "app/r"), "a", "b");
      const found = { epoch: 1, tail: 3, owner: "s1", mustRun: false };
      const attempts = [
        undefined,
        { epoch: 0, tail: 0 },
        { epoch: 1, tail: 2 },
        { epoch: 1, tail: 4 },
        { epoch: 2, tail: 3 },
        { epoch: 0, tail: 3 },
      ];
      for (const expected of attempts) {
        const [answer] = await store.takeover([
          { room: roomOf("app/r"), expect: expected, owner: serverOf("s2"), journaled: true },
        ]);
        expect(answer).toEqual({ kind: "fenced", head: found });
      }
      expect(await headOf(store, "app/r")).toEqual(found);
      expect(await take(store, "app/r", "s2", head)).toEqual({ epoch: 2, tail: 4, owner: "s2", mustRun: false });
      expect(await journalOf(store, "app/r")).toEqual(["1:1!", "2:1:a", "3:1:b", "4:2!"]);
    });

    test("STORE-1: expecting a head of a room that was never owned is fenced, with no head", async () => {
      const [answer] = await subject.store.takeover([
        { room: roomOf("app/r"), expect: { epoch: 0, tail: 0 }, owner: serverOf("s1"), journaled: true },
      ]);
      expect(answer).toEqual({ kind: "fenced", head: undefined });
    });

    test("STORE-1: the owner itself can take its room again, which ends its own epoch", async () => {
      const { store } = subject;
      const first = await take(store, "app/r", "s1", undefined, false);
      expect(await take(store, "app/r", "s1", first, false)).toEqual({
        epoch: 2,
        tail: 0,
        owner: "s1",
        mustRun: false,
      });
    });

    test("STORE-1: of many contenders for one epoch exactly one wins, and the others see it", async () => {
      const stores = [subject.store, await subject.another(), await subject.another()];
      let expected: TakeoverRequest["expect"];
      for (let round = 1; round <= 20; round += 1) {
        const answers = await Promise.all(
          Array.from({ length: 24 }, async (_, index) => {
            const store = stores[index % stores.length];
            const owner = serverOf(`s${index}`);
            return (await store?.takeover([{ room: roomOf("app/r"), expect: expected, owner, journaled: true }]))?.[0];
          }),
        );
        const taken = answers.filter((answer) => answer?.kind === "taken");
        expect(taken).toHaveLength(1);
        const head = await headOf(subject.store, "app/r");
        expect(taken[0]).toEqual({ kind: "taken", head });
        expect(head).toMatchObject({ epoch: round, tail: round });
        for (const answer of answers) if (answer?.kind !== "taken") expect(answer).toEqual({ kind: "fenced", head });
        expected = head;
      }
      expect(await journalOf(subject.store, "app/r")).toEqual(
        Array.from({ length: 20 }, (_, i) => `${i + 1}:${i + 1}!`),
      );
    });

    test("STORE-5: the requests of one call stand alone, and are answered in order", async () => {
      const { store } = subject;
      const old = await take(store, "app/old");
      const owner = serverOf("s9");
      const request = (room: string, expected: TakeoverRequest["expect"], journaled = true) => ({
        room: roomOf(room),
        expect: expected,
        owner,
        journaled,
      });
      const answers = await store.takeover([
        request("app/new", undefined),
        request("app/old", undefined),
        request("app/old", old),
        request("app/gone", old),
        request("app/new", { epoch: 1, tail: 1 }, false),
      ]);
      expect(answers).toEqual([
        { kind: "taken", head: { epoch: 1, tail: 1, owner, mustRun: false } },
        { kind: "fenced", head: old },
        { kind: "taken", head: { epoch: 2, tail: 2, owner, mustRun: false } },
        { kind: "fenced", head: undefined },
        { kind: "taken", head: { epoch: 2, tail: 1, owner, mustRun: false } },
      ]);
      expect(await store.takeover([])).toEqual([]);
    });
  });

  describe("release", () => {
    test("STORE-4: nobody owns it then; epoch and tail stay, and the next owner's epoch is higher", async () => {
      const { store } = subject;
      const head = await add(store, "app/r", await take(store, "app/r"), "a");
      expect(await store.release(roomOf("app/r"), head, serverOf("s1"))).toEqual({ kind: "released" });
      expect(await headOf(store, "app/r")).toEqual({ epoch: 1, tail: 2, owner: null, mustRun: false });
      const [fresh] = await store.takeover([
        { room: roomOf("app/r"), expect: undefined, owner: serverOf("s2"), journaled: true },
      ]);
      expect(fresh).toEqual({ kind: "fenced", head: { epoch: 1, tail: 2, owner: null, mustRun: false } });
      expect(await take(store, "app/r", "s2", head)).toEqual({ epoch: 2, tail: 3, owner: "s2", mustRun: false });
    });

    test("STORE-4: only its owner can, at exactly its head", async () => {
      const { store } = subject;
      const head = await take(store, "app/r");
      const room = roomOf("app/r");
      const found = { kind: "fenced", head };
      expect(await store.release(room, { epoch: 1, tail: 0 }, serverOf("s1"))).toEqual(found);
      expect(await store.release(room, { epoch: 2, tail: 1 }, serverOf("s1"))).toEqual(found);
      expect(await store.release(room, head, serverOf("s2"))).toEqual(found);
      expect(await store.release(roomOf("app/none"), head, serverOf("s1"))).toEqual({
        kind: "fenced",
        head: undefined,
      });
      expect(await store.release(room, head, serverOf("s1"))).toEqual({ kind: "released" });
      expect(await store.release(room, head, serverOf("s1"))).toEqual({
        kind: "fenced",
        head: { ...head, owner: null },
      });
    });
  });

  describe("heads", () => {
    test("are listed by owner and app, never above the limit, without rooms that nobody owns", async () => {
      const { store } = subject;
      for (const room of ["app/a", "app/b", "app-2/a", "zoo/a"]) await take(store, room);
      const released = await take(store, "app/c");
      await store.release(roomOf("app/c"), released, serverOf("s1"));
      await take(store, "app/d", "s10");
      await take(store, "app/b", "s2", { epoch: 1, tail: 1 });
      const list = async (filter: { owner?: string; app?: string; limit?: number }) => {
        const answer = await store.listHeads({
          ...(filter.owner === undefined ? {} : { owner: serverOf(filter.owner) }),
          ...(filter.app === undefined ? {} : { app: appNameOf(filter.app) }),
          limit: filter.limit ?? 100,
        });
        if (answer.kind !== "heads") throw new Error(answer.reason);
        return answer.heads;
      };
      const rooms = async (filter: Parameters<typeof list>[0]) => (await list(filter)).map(({ room }) => room);
      expect(await rooms({})).toEqual(["app-2/a", "app/a", "app/b", "app/d", "zoo/a"]);
      expect(await rooms({ owner: "s1" })).toEqual(["app-2/a", "app/a", "zoo/a"]);
      expect(await rooms({ owner: "s1", app: "app" })).toEqual(["app/a"]);
      expect(await rooms({ app: "app" })).toEqual(["app/a", "app/b", "app/d"]);
      expect(await rooms({ owner: "s3" })).toEqual([]);
      expect(await rooms({ limit: 2 })).toHaveLength(2);
      expect(await rooms({ limit: 0 })).toEqual([]);
      expect(await list({ owner: "s2" })).toEqual([
        { room: "app/b", head: { epoch: 2, tail: 2, owner: "s2", mustRun: false } },
      ]);
    });

    test("are listed beyond any page size", async () => {
      const { store } = subject;
      const all = Array.from({ length: 1500 }, (_, index) => roomOf(`app/r${index}`));
      await store.takeover(all.map((room) => ({ room, expect: undefined, owner: serverOf("s1"), journaled: false })));
      for (const filter of [{}, { owner: serverOf("s1") }, { app: appNameOf("app") }]) {
        const answer = await store.listHeads({ ...filter, limit: 2000 });
        const found = answer.kind === "heads" ? answer.heads.map(({ room }) => room) : [];
        expect(found).toEqual([...all].sort());
        expect(answer).not.toHaveProperty("next");
      }
    });

    test("STORE-2: what another user was answered is seen at once", async () => {
      const other = await subject.another();
      let head = await take(subject.store, "app/r");
      for (let round = 0; round < 20; round += 1) {
        const [writer, reader] = round % 2 === 0 ? [subject.store, other] : [other, subject.store];
        head = { ...head, ...(await add(writer, "app/r", head, `${round}`)) };
        expect(await headOf(reader, "app/r")).toEqual(head);
      }
    });

    test("room keys of every shape stay apart", async () => {
      const { store } = subject;
      const keys = [
        "a/a",
        "a/aa",
        "a/a:a",
        "aa/a",
        "a-a/a",
        `${"z".repeat(64)}/${"~".repeat(128)}`,
        "a/A",
        "a/-",
        "a/0",
      ];
      for (const key of keys) await add(store, key, await take(store, key), key);
      for (const key of keys) expect(await journalOf(store, key)).toEqual(["1:1!", `2:1:${key}`]);
      expect(
        await store.append([{ room: roomOf("a/b"), expect: { epoch: 1, tail: 1 }, records: [textBytes("x")] }]),
      ).toEqual([{ kind: "fenced", head: undefined }]);
    });
  });
}
