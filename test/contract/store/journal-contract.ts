import { describe, expect, test } from "vitest";
import { add, bytesText, headOf, journalOf, noLimit, roomOf, serverOf, take, textBytes } from "./fixtures.ts";
import type { Subject } from "./store-contract.ts";

const room = roomOf("app/r");

export function journalContract(subject: Subject): void {
  describe("append", () => {
    test("STORE-2: records stand behind the tail, in order, with their epoch", async () => {
      const { store } = subject;
      const head = await add(store, "app/r", await take(store, "app/r"), "a", "b");
      expect(head).toEqual({ epoch: 1, tail: 3 });
      expect(await add(store, "app/r", head, "c")).toEqual({ epoch: 1, tail: 4 });
      expect(await journalOf(store, "app/r")).toEqual(["1:1!", "2:1:a", "3:1:b", "4:1:c"]);
      expect(await headOf(store, "app/r")).toEqual({ epoch: 1, tail: 4, owner: "s1", mustRun: false });
    });

    test("STORE-2: only at exactly the head; otherwise nothing changes and the head is told", async () => {
      const { store } = subject;
      const head = await take(store, "app/r");
      for (const expected of [
        { epoch: 1, tail: 0 },
        { epoch: 1, tail: 2 },
        { epoch: 0, tail: 1 },
        { epoch: 2, tail: 1 },
      ]) {
        expect(await store.append([{ room, expect: expected, records: [textBytes("x")] }])).toEqual([
          { kind: "fenced", head },
        ]);
        expect(await store.append([{ room, expect: expected, records: [] }])).toEqual([{ kind: "fenced", head }]);
      }
      expect(await journalOf(store, "app/r")).toEqual(["1:1!"]);
    });

    test("STORE-2: an owner that was taken over cannot append any more", async () => {
      const { store } = subject;
      const old = await add(store, "app/r", await take(store, "app/r"), "a");
      const other = await subject.another();
      const head = await take(other, "app/r", "s2", old);
      expect(await store.append([{ room, expect: old, records: [textBytes("zombie")] }])).toEqual([
        { kind: "fenced", head },
      ]);
      await add(other, "app/r", head, "b");
      expect(await journalOf(store, "app/r")).toEqual(["1:1!", "2:1:a", "3:2!", "4:2:b"]);
    });

    test("STORE-5: many rooms in one call, each on its own, answered in order; one room's requests in order", async () => {
      const { store } = subject;
      const heads = await store.takeover(
        Array.from({ length: 50 }, (_, i) => ({
          room: roomOf(`app/${i}`),
          expect: undefined,
          owner: serverOf("s1"),
          journaled: true,
        })),
      );
      expect(heads.every((answer) => answer.kind === "taken")).toBe(true);
      const requests = Array.from({ length: 50 }, (_, i) => [
        { room: roomOf(`app/${i}`), expect: { epoch: 1, tail: i % 3 === 0 ? 9 : 1 }, records: [textBytes(`a${i}`)] },
        { room: roomOf(`app/${i}`), expect: { epoch: 1, tail: 2 }, records: [textBytes(`b${i}`), textBytes(`c${i}`)] },
        { room: roomOf(`app/${i}`), expect: { epoch: 1, tail: 2 }, records: [textBytes("late")] },
      ]).flat();
      const answers = await store.append(requests);
      for (let i = 0; i < 50; i += 1) {
        const three = answers.slice(i * 3, i * 3 + 3);
        const before = { kind: "fenced", head: { epoch: 1, tail: 1, owner: "s1", mustRun: false } };
        if (i % 3 === 0) expect(three).toEqual([before, before, before]);
        else {
          expect(three).toEqual([
            { kind: "appended", tail: 2 },
            { kind: "appended", tail: 4 },
            { kind: "fenced", head: { epoch: 1, tail: 4, owner: "s1", mustRun: false } },
          ]);
        }
        expect(await journalOf(store, `app/${i}`)).toEqual(
          i % 3 === 0 ? ["1:1!"] : ["1:1!", `2:1:a${i}`, `3:1:b${i}`, `4:1:c${i}`],
        );
      }
      expect(await store.append([])).toEqual([]);
    });

    test("STORE-5: calls for one room that do not wait for each other keep their order", async () => {
      const { store } = subject;
      await take(store, "app/r");
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          store.append([{ room, expect: { epoch: 1, tail: 1 + i }, records: [textBytes(`${i}`)] }]),
        ),
      );
      expect(answers.flat()).toEqual(Array.from({ length: 200 }, (_, i) => ({ kind: "appended", tail: 2 + i })));
      expect(await journalOf(store, "app/r", 1)).toEqual(Array.from({ length: 200 }, (_, i) => `${2 + i}:1:${i}`));
    });

    test("STORE-2: of appends that race for one position one lands, whoever sends them", async () => {
      const stores = [subject.store, await subject.another(), await subject.another()];
      let head: { epoch: number; tail: number } = await take(subject.store, "app/r");
      const landed: string[] = [];
      for (let round = 0; round < 20; round += 1) {
        const { epoch, tail } = head;
        const answers = await Promise.all(
          stores.map((store, i) =>
            store.append([{ room, expect: { epoch, tail }, records: [textBytes(`${round}.${i}`)] }]),
          ),
        );
        const winners = answers.flatMap((answer, i) => (answer[0]?.kind === "appended" ? [i] : []));
        expect(winners).toHaveLength(1);
        landed.push(`${tail + 1}:1:${round}.${winners[0]}`);
        head = { epoch, tail: tail + 1 };
      }
      expect(await journalOf(subject.store, "app/r", 1)).toEqual(landed);
    });

    test("records may be empty, and large; bytes are kept as they were", async () => {
      const { store } = subject;
      const head = await take(store, "app/r");
      const large = new Uint8Array(3_000_000).map((_, i) => (i * 31) >> 3);
      const [answer] = await store.append([
        { room, expect: head, records: [new Uint8Array(0), large, textBytes("z")] },
      ]);
      expect(answer).toEqual({ kind: "appended", tail: 4 });
      const read = await store.readJournal(room, 1, noLimit);
      if (read.kind !== "records") throw new Error(read.kind);
      expect(read.records.map(({ position, kind, bytes }) => [position, kind, bytes.length])).toEqual([
        [2, "data", 0],
        [3, "data", large.length],
        [4, "data", 1],
      ]);
      expect(Buffer.compare(read.records[1]?.bytes ?? large.subarray(1), large)).toBe(0);
    });

    test("what was handed in and handed out belongs to the caller again", async () => {
      const { store } = subject;
      const head = await take(store, "app/r");
      const bytes = textBytes("abc");
      await store.append([{ room, expect: head, records: [bytes.subarray(0, 2)] }]);
      bytes.fill(0);
      const read = await store.readJournal(room, 1, noLimit);
      if (read.kind === "records") read.records[0]?.bytes.fill(1);
      expect(await journalOf(store, "app/r", 1)).toEqual(["2:1:ab"]);
    });
  });

  describe("journal", () => {
    test("STORE-6: is read from any place, within limits, with at least one record if there is any", async () => {
      const { store } = subject;
      await add(store, "app/r", await take(store, "app/r"), "aaaa", "bbbb", "cccc");
      expect(await journalOf(store, "app/r", 2)).toEqual(["3:1:bbbb", "4:1:cccc"]);
      expect(await journalOf(store, "app/r", 4)).toEqual([]);
      expect(await journalOf(store, "app/r", 99)).toEqual([]);
      expect(await journalOf(store, "app/none")).toEqual([]);
      const within = (recordsMax: number, bytesMax: number) =>
        journalOf(store, "app/r", 1, { recordsMax, bytesMax } as never);
      expect(await within(2, 1e9)).toEqual(["2:1:aaaa", "3:1:bbbb"]);
      expect(await within(9, 8)).toEqual(["2:1:aaaa", "3:1:bbbb"]);
      expect(await within(9, 7)).toEqual(["2:1:aaaa"]);
      expect(await within(9, 1)).toEqual(["2:1:aaaa"]);
      expect(await within(1, 1)).toEqual(["2:1:aaaa"]);
    });

    test("STORE-6: trimmed records are gone, and asking for them says where the journal begins", async () => {
      const { store } = subject;
      const head = await add(store, "app/r", await take(store, "app/r"), "a", "b", "c");
      expect(await store.trimJournal(room, 1, 2)).toEqual({ kind: "trimmed" });
      expect(await store.trimJournal(room, 1, 2)).toEqual({ kind: "trimmed" });
      expect(await store.trimJournal(room, 1, 1)).toEqual({ kind: "trimmed" });
      expect(await store.readJournal(room, 0, noLimit)).toEqual({ kind: "trimmed", first: 3 });
      expect(await store.readJournal(room, 1, noLimit)).toEqual({ kind: "trimmed", first: 3 });
      expect(await journalOf(store, "app/r", 2)).toEqual(["3:1:b", "4:1:c"]);
      await add(store, "app/r", head, "d");
      expect(await journalOf(store, "app/r", 4)).toEqual(["5:1:d"]);
      expect(await headOf(store, "app/r")).toEqual({ epoch: 1, tail: 5, owner: "s1", mustRun: false });
    });

    test("STORE-6: a journal that is trimmed to its end goes on behind it", async () => {
      const { store } = subject;
      const head = await add(store, "app/r", await take(store, "app/r"), "a");
      expect(await store.trimJournal(room, 1, 1000)).toEqual({ kind: "trimmed" });
      expect(await store.readJournal(room, 0, noLimit)).toEqual({ kind: "trimmed", first: 3 });
      expect(await journalOf(store, "app/r", 2)).toEqual([]);
      await add(store, "app/r", head, "b");
      expect(await journalOf(store, "app/r", 2)).toEqual(["3:1:b"]);
      expect(await take(store, "app/r", "s2", { epoch: 1, tail: 3 })).toEqual({
        epoch: 2,
        tail: 4,
        owner: "s2",
        mustRun: false,
      });
    });

    test("STORE-6: only the present epoch may trim", async () => {
      const { store } = subject;
      const head = await take(store, "app/r");
      const next = await take(store, "app/r", "s2", head);
      expect(await store.trimJournal(room, 1, 1)).toEqual({ kind: "fenced", head: next });
      expect(await store.trimJournal(room, 3, 1)).toEqual({ kind: "fenced", head: next });
      expect(await store.trimJournal(roomOf("app/none"), 1, 1)).toEqual({ kind: "fenced", head: undefined });
      expect(await journalOf(store, "app/r")).toEqual(["1:1!", "2:2!"]);
    });

    test("STORE-6: long journals are appended, read in pieces and trimmed, and leave their neighbours alone", async () => {
      const { store } = subject;
      await add(store, "app/q", await take(store, "app/q"), "q");
      await add(store, "app/r0", await take(store, "app/r0"), "r0");
      const head = await take(store, "app/r");
      const texts = Array.from({ length: 10_000 }, (_, i) => `record ${i}`);
      await add(store, "app/r", head, ...texts);
      const found: string[] = [];
      for (let after = 1; ; ) {
        const read = await store.readJournal(room, after, { recordsMax: 999, bytesMax: 1e6 });
        if (read.kind !== "records") throw new Error(read.kind);
        if (read.records.length === 0) break;
        for (const record of read.records) {
          after += 1;
          expect(record.position).toBe(after);
          found.push(bytesText(record.bytes));
        }
      }
      expect(found).toEqual(texts);
      expect(await store.trimJournal(room, 1, 9_999)).toEqual({ kind: "trimmed" });
      expect(await journalOf(store, "app/r", 9_999)).toEqual(["10000:1:record 9998", "10001:1:record 9999"]);
      expect(await journalOf(store, "app/q", 1)).toEqual(["2:1:q"]);
      expect(await journalOf(store, "app/r0", 1)).toEqual(["2:1:r0"]);
    });

    test("STORE-6: a journal is read without a hole while it grows and is trimmed", async () => {
      const { store } = subject;
      const other = await subject.another();
      let head: { epoch: number; tail: number } = await take(store, "app/r");
      let isOver = false;
      const read = (async () => {
        let after = 0;
        while (!isOver) {
          const answer = await other.readJournal(room, after, { recordsMax: 50, bytesMax: 1e6 });
          if (answer.kind === "trimmed") after = answer.first - 1;
          else if (answer.kind !== "records") throw new Error(answer.kind);
          else {
            expect(answer.records.map(({ position }) => position)).toEqual(answer.records.map((_, i) => after + 1 + i));
            after += answer.records.length;
          }
          await new Promise(setImmediate);
        }
        return after;
      })();
      for (let round = 0; round < 100; round += 1) {
        head = await add(store, "app/r", head, ...Array.from({ length: 20 }, (_, i) => `${i}`));
        if (round % 5 === 4) await store.trimJournal(room, 1, head.tail - 10);
      }
      isOver = true;
      expect(await read).toBeGreaterThan(0);
    });
  });
}
