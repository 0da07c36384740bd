import { describe, expect, test } from "vitest";
import type { HeadFilter, HeadVersion, Store } from "../../../gateway/store/port.ts";
import { add, appNameOf, headOf, journalOf, roomOf, serverOf, take, textBytes } from "./fixtures.ts";
import type { Subject } from "./store-contract.ts";

/** Sets the flag along with records, or with none. */
async function flag(store: Store, room: string, head: HeadVersion, mustRun: boolean, ...texts: string[]) {
  const { epoch, tail } = head;
  const records = texts.map(textBytes);
  const [answer] = await store.append([{ room: roomOf(room), expect: { epoch, tail }, records, mustRun }]);
  return answer;
}

async function page(store: Store, filter: Partial<HeadFilter>): Promise<{ rooms: string[]; next: string | undefined }> {
  const answer = await store.listHeads({ limit: 100, ...filter });
  if (answer.kind !== "heads") throw new Error(answer.reason);
  return { rooms: answer.heads.map(({ room }) => room), next: answer.next };
}

const roomsOf = async (store: Store, filter: Partial<HeadFilter>) => (await page(store, filter)).rooms;

export function mustRunContract(subject: Subject): void {
  describe("must run", () => {
    test("STORE-16: is set in one step with an append, with or without records, and stays where it is left out", async () => {
      const { store } = subject;
      const head = await take(store, "app/r");
      expect(head.mustRun).toBe(false);
      expect(await flag(store, "app/r", head, true, "a")).toEqual({ kind: "appended", tail: 2 });
      expect(await headOf(store, "app/r")).toEqual({ epoch: 1, tail: 2, owner: "s1", mustRun: true });
      await add(store, "app/r", { epoch: 1, tail: 2 }, "b");
      expect((await headOf(store, "app/r"))?.mustRun).toBe(true);
      expect(await flag(store, "app/r", { epoch: 1, tail: 3 }, false)).toEqual({ kind: "appended", tail: 3 });
      expect(await headOf(store, "app/r")).toEqual({ epoch: 1, tail: 3, owner: "s1", mustRun: false });
      expect(await flag(store, "app/r", { epoch: 1, tail: 3 }, true)).toEqual({ kind: "appended", tail: 3 });
      expect((await headOf(store, "app/r"))?.mustRun).toBe(true);
      expect(await journalOf(store, "app/r")).toEqual(["1:1!", "2:1:a", "3:1:b"]);
    });

    test("STORE-16: is not set by an append that is fenced", async () => {
      const { store } = subject;
      const head = await take(store, "app/r");
      expect((await flag(store, "app/r", { epoch: 1, tail: 7 }, true, "a"))?.kind).toBe("fenced");
      expect(await headOf(store, "app/r")).toEqual(head);
      expect(await roomsOf(store, { mustRun: true })).toEqual([]);
    });

    test("STORE-16: takeover and release keep it, and the room is found at whoever has it then", async () => {
      const { store } = subject;
      await flag(store, "app/r", await take(store, "app/r"), true, "a");
      await take(store, "app/other");
      const where = async () => ({
        s1: await roomsOf(store, { owner: serverOf("s1"), mustRun: true }),
        s2: await roomsOf(store, { owner: serverOf("s2"), mustRun: true }),
        nobody: await roomsOf(store, { owner: null, mustRun: true }),
        all: await roomsOf(store, { mustRun: true }),
      });
      expect(await where()).toEqual({ s1: ["app/r"], s2: [], nobody: [], all: ["app/r"] });
      const taken = await take(store, "app/r", "s2", { epoch: 1, tail: 2 });
      expect(taken.mustRun).toBe(true);
      expect(await where()).toEqual({ s1: [], s2: ["app/r"], nobody: [], all: ["app/r"] });
      await store.release(roomOf("app/r"), taken, serverOf("s2"));
      expect(await headOf(store, "app/r")).toEqual({ ...taken, owner: null });
      expect(await where()).toEqual({ s1: [], s2: [], nobody: ["app/r"], all: [] });
      const again = await take(store, "app/r", "s1", taken);
      expect(again.mustRun).toBe(true);
      await flag(store, "app/r", again, false);
      expect(await where()).toEqual({ s1: [], s2: [], nobody: [], all: [] });
    });

    test("STORE-16: another user of the data finds it at once", async () => {
      const other = await subject.another();
      await flag(subject.store, "app/r", await take(subject.store, "app/r"), true);
      expect(await roomsOf(other, { owner: serverOf("s1"), mustRun: true })).toEqual(["app/r"]);
    });
  });

  describe("pages of heads", () => {
    test("STORE-17: rooms that nobody owns are listed where they are asked for", async () => {
      const { store } = subject;
      for (const room of ["app/b", "app/a", "zoo/a"]) {
        await store.release(roomOf(room), await take(store, room), serverOf("s1"));
      }
      await take(store, "app/c");
      expect(await roomsOf(store, { owner: null })).toEqual(["app/a", "app/b", "zoo/a"]);
      expect(await roomsOf(store, { owner: null, app: appNameOf("app") })).toEqual(["app/a", "app/b"]);
      expect(await roomsOf(store, { owner: null, after: roomOf("app/a") })).toEqual(["app/b", "zoo/a"]);
      expect(await roomsOf(store, {})).toEqual(["app/c"]);
    });

    test("STORE-17: pages follow each other by the cursor, and the last one has none", async () => {
      const { store } = subject;
      const all = Array.from({ length: 700 }, (_none, index) => `app/r${index}`).sort();
      await store.takeover(
        all.map((room, index) => ({
          room: roomOf(room),
          expect: undefined,
          owner: serverOf(`s${index % 3}`),
          journaled: false,
        })),
      );
      await store.append(
        all.map((room) => ({ room: roomOf(room), expect: { epoch: 1, tail: 0 }, records: [], mustRun: true })),
      );
      for (const filter of [{}, { mustRun: true }, { app: appNameOf("app") }, { owner: serverOf("s1") }] as const) {
        const expected = "owner" in filter ? all.filter((_room, index) => index % 3 === 1) : all;
        for (const limit of [1, 100, 233, expected.length - 1, expected.length]) {
          const found: string[] = [];
          let after: Partial<HeadFilter> = {};
          for (let pages = 0; pages < 1_000; pages += 1) {
            const { rooms, next } = await page(store, { ...filter, ...after, limit });
            expect(rooms.length).toBeLessThanOrEqual(limit);
            found.push(...rooms);
            if (next === undefined || (limit === 1 && found.length > 20)) break;
            after = { after: roomOf(next) };
          }
          expect(found).toEqual(limit === 1 ? expected.slice(0, found.length) : expected);
        }
      }
      expect(await page(store, { after: roomOf("zoo/z") })).toEqual({ rooms: [], next: undefined });
    });
  });
}
