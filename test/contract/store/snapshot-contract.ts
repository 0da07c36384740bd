import { describe, expect, test } from "vitest";
import { bytesText, headOf, roomOf, serverOf, take, textBytes } from "./fixtures.ts";
import type { Subject } from "./store-contract.ts";

const room = roomOf("app/r");
const megabyte = 1024 * 1024;

/** `length` bytes that tell which snapshot they belong to, wherever one looks. */
function stateOf(mark: number, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i += 1) words[i] = (Math.imul(i, 2654435761) ^ (mark * 0x01010101)) >>> 0;
  return new Uint8Array(words.buffer, 0, length);
}

export function snapshotContract(subject: Subject): void {
  describe("snapshot", () => {
    test("STORE-7: there is none at first, then the newest, whole, with its position and version", async () => {
      const { store } = subject;
      expect(await store.loadSnapshot(room)).toEqual({ kind: "none" });
      await take(store, "app/r");
      expect(await store.loadSnapshot(room)).toEqual({ kind: "none" });
      for (const [position, version, text] of [
        [1, "1", "one"],
        [7, "2 ü", "two"],
        [7, "", ""],
      ] as const) {
        const snapshot = { position, version, bytes: textBytes(text) };
        expect(await store.saveSnapshot(room, 1, snapshot)).toEqual({ kind: "stored" });
        const loaded = await store.loadSnapshot(room);
        if (loaded.kind !== "snapshot") throw new Error(loaded.kind);
        expect({ ...loaded.snapshot, bytes: bytesText(loaded.snapshot.bytes) }).toEqual({
          position,
          version,
          bytes: text,
        });
      }
      expect(await headOf(store, "app/r")).toEqual({ epoch: 1, tail: 1, owner: "s1", mustRun: false });
    });

    test("ROOM-35: what was loaded is its reader's own, and to change it changes nothing that is stored", async () => {
      const { store } = subject;
      await take(store, "app/r");
      for (const length of [100, 3 * megabyte]) {
        await store.saveSnapshot(room, 1, { position: 1, version: "1", bytes: stateOf(1, length) });
        const first = await store.loadSnapshot(room);
        if (first.kind === "snapshot") first.snapshot.bytes.fill(0);
        const second = await store.loadSnapshot(room);
        expect(second.kind === "snapshot" && Buffer.compare(second.snapshot.bytes, stateOf(1, length))).toBe(0);
      }
    });

    test("STORE-7: only the present epoch may save, also after a release", async () => {
      const { store } = subject;
      const snapshot = (text: string) => ({ position: 1, version: "1", bytes: textBytes(text) });
      expect(await store.saveSnapshot(room, 1, snapshot("x"))).toEqual({ kind: "fenced", head: undefined });
      const first = await take(store, "app/r");
      await store.saveSnapshot(room, 1, snapshot("first"));
      const second = await take(store, "app/r", "s2", first);
      for (const epoch of [1, 3, 0]) {
        expect(await store.saveSnapshot(room, epoch, snapshot("zombie"))).toEqual({ kind: "fenced", head: second });
      }
      const kept = await store.loadSnapshot(room);
      expect(kept.kind === "snapshot" && bytesText(kept.snapshot.bytes)).toBe("first");
      await store.release(room, second, serverOf("s2"));
      expect(await store.saveSnapshot(room, 2, snapshot("second"))).toEqual({ kind: "stored" });
    });

    test("STORE-15: a save that comes late, behind one at a later position, changes nothing and is answered as stored", async () => {
      const { store } = subject;
      await take(store, "app/r");
      await store.saveSnapshot(room, 1, { position: 7, version: "1", bytes: textBytes("newest") });
      for (const bytes of [textBytes("late"), stateOf(1, 12 * megabyte)]) {
        expect(await store.saveSnapshot(room, 1, { position: 6, version: "1", bytes })).toEqual({ kind: "stored" });
        const kept = await store.loadSnapshot(room);
        expect(kept.kind === "snapshot" && [kept.snapshot.position, bytesText(kept.snapshot.bytes)]).toEqual([
          7,
          "newest",
        ]);
      }
    });

    test("STORE-15: positions are compared within an epoch: the next owner of a room without a journal counts anew", async () => {
      const { store } = subject;
      const first = await take(store, "app/r");
      await store.saveSnapshot(room, 1, { position: 7, version: "1", bytes: textBytes("first") });
      await take(store, "app/r", "s2", first);
      for (const bytes of [textBytes("second"), stateOf(1, 12 * megabyte)]) {
        expect(await store.saveSnapshot(room, 2, { position: 1, version: "1", bytes })).toEqual({ kind: "stored" });
        const kept = await store.loadSnapshot(room);
        expect(kept.kind === "snapshot" && Buffer.compare(kept.snapshot.bytes, bytes)).toBe(0);
      }
    });

    test("STORE-7: 20 MB come back as they were, and can be replaced by less", async () => {
      const { store } = subject;
      await take(store, "app/r");
      for (const length of [20 * megabyte + 3, megabyte, megabyte + 1, 256 * 1024, 5]) {
        const bytes = stateOf(length, length);
        expect(await store.saveSnapshot(room, 1, { position: 1, version: "1", bytes })).toEqual({ kind: "stored" });
        const loaded = await store.loadSnapshot(room);
        expect(loaded.kind === "snapshot" && Buffer.compare(loaded.snapshot.bytes, bytes)).toBe(0);
      }
    });

    test("STORE-7: a large save that is overtaken by a new owner changes nothing", async () => {
      const { store } = subject;
      const other = await subject.another();
      const first = await take(store, "app/r");
      await store.saveSnapshot(room, 1, { position: 1, version: "1", bytes: textBytes("old") });
      const slow = store.saveSnapshot(room, 1, { position: 2, version: "1", bytes: stateOf(1, 12 * megabyte) });
      const second = await take(other, "app/r", "s2", first);
      const answer = await slow;
      const loaded = await store.loadSnapshot(room);
      if (loaded.kind !== "snapshot") throw new Error(loaded.kind);
      // An engine may have been quicker than the takeover; then the whole snapshot is there.
      if (answer.kind === "stored") expect(loaded.snapshot.bytes.length).toBe(12 * megabyte);
      else {
        expect(answer).toEqual({ kind: "fenced", head: second });
        expect(bytesText(loaded.snapshot.bytes)).toBe("old");
      }
    });

    test("STORE-7: who reads while it is replaced gets the old or the new one, whole", async () => {
      const { store } = subject;
      const other = await subject.another();
      await take(store, "app/r");
      const save = (mark: number) =>
        store.saveSnapshot(room, 1, { position: mark, version: "1", bytes: stateOf(mark, 3 * megabyte + mark) });
      await save(0);
      let isOver = false;
      let reads = 0;
      const reading = (async () => {
        let last = 0;
        while (!isOver) {
          const loaded = await other.loadSnapshot(room);
          if (loaded.kind !== "snapshot") throw new Error(JSON.stringify(loaded));
          const { position, bytes } = loaded.snapshot;
          expect(position).toBeGreaterThanOrEqual(last);
          expect(Buffer.compare(bytes, stateOf(position, 3 * megabyte + position))).toBe(0);
          last = position;
          reads += 1;
          await new Promise(setImmediate);
        }
      })();
      for (let mark = 1; mark <= 15; mark += 1) expect(await save(mark)).toEqual({ kind: "stored" });
      isOver = true;
      await reading;
      expect(reads).toBeGreaterThan(0);
    });

    test("STORE-7: saves at the same time leave one of them, whole", async () => {
      const { store } = subject;
      await take(store, "app/r");
      const sizes = [10, 2 * megabyte, 300_000, 5 * megabyte, 20, 3 * megabyte, 1];
      const answers = await Promise.all(
        sizes.map((size, mark) =>
          store.saveSnapshot(room, 1, { position: mark, version: "1", bytes: stateOf(mark, size) }),
        ),
      );
      expect(answers).toEqual(sizes.map(() => ({ kind: "stored" })));
      const loaded = await store.loadSnapshot(room);
      if (loaded.kind !== "snapshot") throw new Error(loaded.kind);
      const { position, bytes } = loaded.snapshot;
      expect(Buffer.compare(bytes, stateOf(position, sizes[position] ?? -1))).toBe(0);
    });

    test("appends go on while a large snapshot is saved", async () => {
      const { store } = subject;
      const head = await take(store, "app/r");
      const saving = store.saveSnapshot(room, 1, { position: 1, version: "1", bytes: stateOf(1, 20 * megabyte) });
      let tail = head.tail;
      for (let i = 0; i < 20; i += 1) {
        const [answer] = await store.append([{ room, expect: { epoch: 1, tail }, records: [textBytes("x")] }]);
        tail += 1;
        expect(answer).toEqual({ kind: "appended", tail });
      }
      expect(await saving).toEqual({ kind: "stored" });
      expect(await headOf(store, "app/r")).toEqual({ epoch: 1, tail, owner: "s1", mustRun: false });
    });
  });
}
