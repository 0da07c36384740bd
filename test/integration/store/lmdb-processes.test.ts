import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { markOf } from "../../../gateway/store/lmdb/process-start.ts";
import { leaveNote, type WakeNote } from "../../../gateway/store/lmdb/wake-note.ts";
import { openStore } from "../../../gateway/store/open.ts";
import type { Store } from "../../../gateway/store/port.ts";
import type { Logger } from "../../../gateway/wire/runtime.ts";
import { add, bytesText, headOf, noLimit, roomOf, serverOf, take, textBytes } from "../../contract/store/fixtures.ts";
import { storeContract } from "../../contract/store/store-contract.ts";
import { buildStoreChild, type ChildStore, startStoreChild } from "./child-store.ts";

let child: Awaited<ReturnType<typeof buildStoreChild>>;
let directory: string;
let children: ChildStore[] = [];
let stores: Store[] = [];

beforeAll(async () => {
  child = await buildStoreChild();
});
afterAll(() => child.dispose());

async function start(): Promise<ChildStore> {
  const started = await startStoreChild(child.script, `lmdb:${directory}`);
  children.push(started);
  return started;
}

async function open(): Promise<Store> {
  const store = await openStore(`lmdb:${directory}`);
  stores.push(store);
  return store;
}

async function begin(): Promise<void> {
  directory = await mkdtemp(join(tmpdir(), "roomgate-processes-"));
}

async function dispose(): Promise<void> {
  for (const running of children) await running.end();
  for (const store of stores) await store.close();
  children = [];
  stores = [];
  await rm(directory, { recursive: true });
}

// The same suite, where every other user of the data is a process of its own.
storeContract("lmdb between processes", "disk", async () => {
  await begin();
  return { store: await open(), another: async () => (await start()).store, dispose };
});

describe("lmdb and processes that die or stop", () => {
  beforeEach(begin);
  afterEach(dispose);

  test("STORE-3: after kill -9 of a writer everything that was answered is there, and others go on at once", async () => {
    const rooms = Array.from({ length: 8 }, (_, i) => `flood/${i}`);
    const store = await open();
    const answered = new Map<string, string[]>();
    for (let round = 1; round <= 8; round += 1) {
      const writer = await start();
      let news = 0;
      const enough = new Promise<void>((resolve) => {
        writer.flood(rooms, `s${round}`, ({ room, epoch, tail }) => {
          if (epoch === undefined || tail === undefined) return;
          const known = answered.get(room) ?? [];
          known[tail] = `${epoch}/${tail}/${"x".repeat(tail % 300)}`;
          answered.set(room, known);
          news += 1;
          if (news === 200 + round * 37) resolve();
        });
      });
      await enough;
      await writer.end();
      for (const name of rooms) {
        const head = await headOf(store, name);
        if (head === undefined) throw new Error("the head is gone");
        const read = await store.readJournal(roomOf(name), 0, noLimit);
        if (read.kind !== "records") throw new Error(JSON.stringify(read));
        // No hole, nothing behind the tail, each record as it was written, and all that was answered among them.
        expect(read.records.map(({ position }) => position)).toEqual(read.records.map((_, i) => i + 1));
        expect(read.records).toHaveLength(head.tail);
        for (const record of read.records) {
          if (record.kind === "fence") continue;
          const { epoch, position } = record;
          expect(bytesText(record.bytes)).toBe(`${epoch}/${position}/${"x".repeat(position % 300)}`);
        }
        for (const [position, text] of (answered.get(name) ?? []).entries()) {
          if (text === undefined) continue;
          expect(bytesText(read.records[position - 1]?.bytes ?? new Uint8Array(0))).toBe(text);
        }
      }
    }
    expect(answered.size).toBe(rooms.length);
  });

  test("STORE-2: two processes take rooms from each other all the time, and no answered append is lost", async () => {
    const contenders = [await start(), await start(), await start()];
    const name = "app/fought-over";
    const answered = new Map<number, string>();
    const epochs = new Set<number>();
    await Promise.all(
      contenders.map(async ({ store }, index) => {
        // Each goes on until it has won so often: how often it loses in between is up to chance.
        for (let round = 0, won = 0; won < 20; round += 1) {
          const found = await headOf(store, name);
          const owner = serverOf(`s${index}`);
          const [taken] = await store.takeover([{ room: roomOf(name), expect: found, owner, journaled: true }]);
          if (taken?.kind !== "taken") continue;
          won += 1;
          expect(epochs.has(taken.head.epoch)).toBe(false);
          epochs.add(taken.head.epoch);
          let { epoch, tail } = taken.head;
          for (let i = 0; i < 10; i += 1) {
            const text = `${index}.${round}.${i}`;
            const [answer] = await store.append([
              { room: roomOf(name), expect: { epoch, tail }, records: [textBytes(text)] },
            ]);
            if (answer?.kind !== "appended") {
              expect(answer?.kind).toBe("fenced");
              break;
            }
            tail = answer.tail;
            expect(answered.has(tail)).toBe(false);
            answered.set(tail, `${epoch}:${text}`);
          }
        }
      }),
    );
    const store = await open();
    const read = await store.readJournal(roomOf(name), 0, noLimit);
    if (read.kind !== "records") throw new Error(read.kind);
    const data = read.records.filter(({ kind }) => kind === "data");
    const fences = read.records.filter(({ kind }) => kind === "fence");
    expect(new Map(data.map(({ position, epoch, bytes }) => [position, `${epoch}:${bytesText(bytes)}`]))).toEqual(
      answered,
    );
    expect(fences.map(({ epoch }) => epoch)).toEqual(Array.from({ length: epochs.size }, (_, i) => i + 1));
    expect(epochs.size).toBe(20 * contenders.length);
  });

  test("STORE-7: what a process was saving when it was killed is removed by the next one that opens the store", async () => {
    const first = await open();
    await take(first, "app/r");
    const writer = await start();
    const bytes = new Uint8Array(200 * 1024 * 1024);
    void writer.store.saveSnapshot(roomOf("app/r"), 1, { position: 1, version: "1", bytes }).catch(() => undefined);
    const chunks = () => rowsOf("chunks");
    while ((await chunks()) < 20) await new Promise((resolve) => setTimeout(resolve, 5));
    await writer.end();
    expect(await chunks()).toBeGreaterThan(0);
    expect(await rowsOf("generations")).toBe(1);
    expect(await first.loadSnapshot(roomOf("app/r"))).toEqual({ kind: "none" });
    await open();
    await expect.poll(async () => [await chunks(), await rowsOf("generations")], { timeout: 10_000 }).toEqual([0, 0]);
  });

  test("STORE-7: snapshots that were replaced do not pile up", async () => {
    const store = await open();
    await take(store, "app/r");
    for (let size = 1; size <= 40; size += 1) {
      const bytes = new Uint8Array(size % 2 === 0 ? 3_000_000 : 100);
      await store.saveSnapshot(roomOf("app/r"), 1, { position: size, version: "1", bytes });
    }
    await expect
      .poll(async () => [await rowsOf("chunks"), await rowsOf("snapshots"), await rowsOf("generations")], {
        timeout: 10_000,
      })
      .toEqual([12, 1, 0]);
  });

  test("STORE-12: a process that is stopped in the middle of a commit does not keep the others from writing", async (context) => {
    if (process.platform !== "linux") return context.skip("needs /proc");
    let wakings = 0;
    const say = (_fields: object, message: string): void => {
      if (message.includes("waking")) wakings += 1;
    };
    const log: Logger = { debug: say, info: say, warn: say, error: say, child: () => log };
    const store = await openStore(`lmdb:${directory}`, { lmdb: { log } });
    stores.push(store);
    const writer = await startFlood();
    let head: { epoch: number; tail: number } = await take(store, "app/other", "s2");
    let longestMs = 0;
    for (let round = 0; round < 12 || (wakings < 2 && round < 80); round += 1) {
      const before = wakings;
      writer.process.kill("SIGSTOP");
      const beganMs = performance.now();
      head = await add(store, "app/other", head, `${round}`);
      longestMs = Math.max(longestMs, performance.now() - beganMs);
      // It was awake for the commit, and is as stopped as it was before.
      if (wakings > before) {
        await expect.poll(() => stateOf(writer), { timeout: 2_000 }).toBe("T");
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(await stateOf(writer)).toBe("T");
      }
      writer.process.kill("SIGCONT");
      await new Promise((resolve) => setTimeout(resolve, 20 + (round % 12)));
      await expect.poll(() => stateOf(writer)).not.toBe("T");
    }
    expect(wakings).toBeGreaterThan(1);
    expect(longestMs).toBeLessThan(2_000);
    // It was found without opening the lock file: that would have cost us our file locks, by which LMDB knows that we live.
    const { ino } = await stat(join(directory, "lock.mdb"));
    const locks = await readFile("/proc/locks", "utf8");
    const ours = locks.split("\n").filter((line) => line.includes(` ${process.pid} `) && line.includes(`:${ino} `));
    expect(ours.length).toBeGreaterThan(0);
    // A zombie that comes back is fenced as ever.
    writer.process.kill("SIGSTOP");
    const found = await headOf(store, "flood/0");
    const [taken] = await store.takeover([
      { room: roomOf("flood/0"), expect: found, owner: serverOf("s2"), journaled: true },
    ]);
    const stopped = new Promise<unknown>((resolve) => {
      writer.flood([], "s1", (news) => {
        if (news.room === "flood/0" && news.stopped !== undefined) resolve(news.stopped);
      });
    });
    writer.process.kill("SIGCONT");
    if (taken?.kind === "taken") expect(await stopped).toMatchObject({ kind: "fenced" });
    else expect(taken?.kind).toBe("fenced");
  });

  test("STORE-12: a process that was woken stops itself again, unless it is continued meanwhile", async (context) => {
    if (process.platform !== "linux") return context.skip("needs /proc");
    const writer = await startFlood();
    const mark = markOf(writer.process.pid ?? 0);
    if (mark === undefined) throw new Error("the child has no mark");
    const wake = async (): Promise<WakeNote> => {
      const note = await leaveNote(directory, mark);
      if (note === undefined) throw new Error("the note before is there still");
      writer.process.kill("SIGCONT");
      await expect.poll(() => stateOf(writer)).not.toBe("T");
      return note;
    };
    const rests = () => new Promise((resolve) => setTimeout(resolve, 150));

    // Nobody else may wake it meanwhile, and it stops itself when the span is over.
    writer.process.kill("SIGSTOP");
    await expect.poll(() => stateOf(writer)).toBe("T");
    const first = await wake();
    expect(await leaveNote(directory, mark)).toBeUndefined();
    await first.end();
    await first.taken();
    await expect.poll(() => stateOf(writer), { timeout: 2_000 }).toBe("T");

    // An operator continues it within the span: so it stays.
    const second = await wake();
    await rests();
    writer.process.kill("SIGCONT");
    await rests();
    await second.end();
    await second.taken();
    await expect.poll(() => writer.lines.join("\n")).toContain("not stopped again");
    await rests();
    expect(await stateOf(writer)).not.toBe("T");

    // An operator's signal without a note is nothing special.
    writer.process.kill("SIGSTOP");
    await expect.poll(() => stateOf(writer)).toBe("T");
    writer.process.kill("SIGCONT");
    await rests();
    expect(await stateOf(writer)).not.toBe("T");

    // A waker that dies leaves a note that counts for one span at most.
    writer.process.kill("SIGSTOP");
    await expect.poll(() => stateOf(writer)).toBe("T");
    await wake();
    await expect.poll(() => stateOf(writer), { timeout: 3_000 }).toBe("T");
    writer.process.kill("SIGCONT");
    await rests();
    expect(await stateOf(writer)).not.toBe("T");
    expect(await readdir(join(directory, "woken"))).toEqual([]);
  });

  test("STORE-12: a process listens once for all its stores, and no more when they are closed", async (context) => {
    if (process.platform !== "linux") return context.skip("needs /proc");
    const listeners = () => process.listenerCount("SIGCONT");
    const before = listeners();
    const opened = [await open(), await open(), await open()];
    expect(listeners()).toBe(before + (isMainThread ? 1 : 0));
    for (const store of opened) await store.close();
    expect(listeners()).toBe(before);
  });

  test("STORE-14: a commit that takes too long is unknown, what waits behind it is unavailable, and then the store goes on", async (context) => {
    if (process.platform !== "linux") return context.skip("needs /proc");
    const store = await openStore(`lmdb:${directory}`, { lmdb: { commitMsMax: 1 } });
    stores.push(store);
    const writer = await start();
    let told = 0;
    writer.flood(
      Array.from({ length: 40 }, (_, i) => `flood/${i}`),
      "s1",
      () => {
        told += 1;
      },
    );
    await expect.poll(() => told, { timeout: 10_000 }).toBeGreaterThan(200);
    const name = "app/patient";
    const room = roomOf(name);
    let head: { epoch: number; tail: number } = await take(store, name, "s2");
    let unknown = 0;
    for (let round = 0; round < 60 && unknown < 3; round += 1) {
      writer.process.kill("SIGSTOP");
      const [answer] = await store.append([{ room, expect: head, records: [textBytes(`${round}`)] }]);
      if (answer?.kind === "unknown") {
        unknown += 1;
        const [behind] = await store.append([{ room, expect: head, records: [textBytes("behind")] }]);
        expect(["unavailable", "fenced"]).toContain(behind?.kind);
      } else expect(answer).toEqual({ kind: "appended", tail: head.tail + 1 });
      writer.process.kill("SIGCONT");
      // The caller does what the port asks for: it looks at the head, and goes on from what it finds.
      await expect
        .poll(
          async () => {
            const found = await headOf(store, name);
            if (found === undefined) throw new Error("the head is gone");
            const [next] = await store.append([{ room, expect: found, records: [textBytes(`after ${round}`)] }]);
            if (next?.kind === "appended") head = { epoch: found.epoch, tail: next.tail };
            return next?.kind;
          },
          { timeout: 5_000 },
        )
        .toBe("appended");
    }
    expect(unknown).toBeGreaterThan(0);
    const read = await store.readJournal(room, 1, noLimit);
    const texts = read.kind === "records" ? read.records.map(({ bytes }) => bytesText(bytes)) : [];
    expect(texts).not.toContain("behind");
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts.length).toBe(head.tail - 1);
  });

  /** A child that appends to 40 rooms all the time. */
  async function startFlood(): Promise<ChildStore> {
    const writer = await start();
    let tail = 0;
    writer.flood(
      Array.from({ length: 40 }, (_, i) => `flood/${i}`),
      "s1",
      (news) => {
        if (news.room === "flood/0") tail = news.tail ?? tail;
      },
    );
    await expect.poll(() => tail, { timeout: 10_000 }).toBeGreaterThan(20);
    return writer;
  }

  /** As /proc says: `T` is stopped. */
  async function stateOf(child: ChildStore): Promise<string | undefined> {
    const stat = await readFile(`/proc/${child.process.pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2)[0];
  }

  /** Rows of one table, counted from outside of the engine. */
  async function rowsOf(table: string): Promise<number> {
    const { open: openLmdb } = await import("lmdb");
    const root = openLmdb({
      path: directory,
      noSubdir: false,
      overlappingSync: false,
      keyEncoding: "binary",
      encoding: "binary",
    });
    try {
      return root
        .openDB({ name: table, keyEncoding: "binary", encoding: "binary" })
        .getCount({ start: Buffer.of(0) } as never);
    } finally {
      await root.close();
    }
  }
});
