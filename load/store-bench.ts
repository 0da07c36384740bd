import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { openStore } from "../gateway/store/open.ts";
import type { Store } from "../gateway/store/port.ts";
import { parseRoomKey, parseServerId, type RoomKey, type ServerId } from "../gateway/wire/ids.ts";

/**
 * How fast a store is here: `node dist/load/store-bench.js [url]`, by default LMDB in a directory of its own. The event loop
 * is watched all the time: what a store does in one piece, the rooms of its server wait for.
 */

const owner = must(parseServerId("s1"));
const record = new Uint8Array(64).fill(1);
const snapshot = new Uint8Array(50 * 1024 * 1024).fill(3);

const directory = await mkdtemp(join(tmpdir(), "roomgate-bench-"));
const store = await openStore(process.argv[2] ?? `lmdb:${directory}`);
try {
  await measure("one record at a time, one room", () => appendAlone(store, 3_000));
  await measure("100 rooms, one record each in one call", () => appendTogether(store, 100, 1_500));
  await measure("5 000 rooms, one record each in one call", () => appendTogether(store, 5_000, 15));
  await measure("100 rooms on their own, each waits for its answer", () => appendApart(store, 100, 400));
  await measure("takeovers, one after the other", () => takeApart(store, 2_000));
  await measure("takeovers, 1 000 in one call", () => takeTogether(store, 1_000, 10));
  await measure("snapshot of 50 MB saved", () => saveSnapshot(store, 6));
  await measure("snapshot of 50 MB loaded", () => loadSnapshot(store, 6));
  await measure("appends while snapshots of 50 MB are saved", () => appendDuringSaves(store));
  await measure("a journal of 100 000 records read", () => readJournal(store, 100_000));
} finally {
  await store.close();
  await rm(directory, { recursive: true });
}

interface Timed {
  readonly count: number;
  readonly latenciesMs: readonly number[];
}

async function measure(name: string, work: () => Promise<Timed>): Promise<void> {
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const beganMs = performance.now();
  const { count, latenciesMs } = await work();
  const tookMs = performance.now() - beganMs;
  loop.disable();
  const sorted = [...latenciesMs].sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(2);
  console.log(
    `${name.padEnd(52)} ${Math.round((count / tookMs) * 1000)}/s`.padEnd(66),
    `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest stall of the event loop ${(loop.max / 1e6).toFixed(1)} ms`,
  );
}

async function repeat(times: number, work: (round: number) => Promise<void>): Promise<readonly number[]> {
  const latenciesMs: number[] = [];
  for (let round = 0; round < times; round += 1) {
    const beganMs = performance.now();
    await work(round);
    latenciesMs.push(performance.now() - beganMs);
  }
  return latenciesMs;
}

async function appendAlone(target: Store, times: number): Promise<Timed> {
  const room = roomAt("alone", 0);
  let tail = await take(target, room);
  const latenciesMs = await repeat(times, async () => {
    tail = await append(target, room, tail);
  });
  return { count: times, latenciesMs };
}

async function appendTogether(target: Store, roomCount: number, times: number): Promise<Timed> {
  const rooms = Array.from({ length: roomCount }, (_, i) => roomAt(`together${roomCount}`, i));
  await target.takeover(rooms.map((room) => ({ room, expect: undefined, owner, journaled: true })));
  const latenciesMs = await repeat(times, async (round) => {
    const answers = await target.append(
      rooms.map((room) => ({ room, expect: { epoch: 1, tail: 1 + round }, records: [record] })),
    );
    const refused = answers.find((answer) => answer.kind !== "appended");
    if (refused !== undefined) throw new Error(JSON.stringify(refused));
  });
  return { count: roomCount * times, latenciesMs };
}

async function appendApart(target: Store, roomCount: number, times: number): Promise<Timed> {
  const latenciesMs = await Promise.all(
    Array.from({ length: roomCount }, async (_, index) => {
      const room = roomAt("apart", index);
      let tail = await take(target, room);
      return repeat(times, async () => {
        tail = await append(target, room, tail);
      });
    }),
  );
  return { count: roomCount * times, latenciesMs: latenciesMs.flat() };
}

async function takeApart(target: Store, times: number): Promise<Timed> {
  const latenciesMs = await repeat(times, async (round) => {
    await take(target, roomAt("taken", round));
  });
  return { count: times, latenciesMs };
}

async function takeTogether(target: Store, roomCount: number, times: number): Promise<Timed> {
  const latenciesMs = await repeat(times, async (round) => {
    const rooms = Array.from({ length: roomCount }, (_, i) => roomAt(`many${round}`, i));
    await target.takeover(rooms.map((room) => ({ room, expect: undefined, owner, journaled: true })));
  });
  return { count: roomCount * times, latenciesMs };
}

async function saveSnapshot(target: Store, times: number): Promise<Timed> {
  const room = roomAt("large", 0);
  await take(target, room);
  const latenciesMs = await repeat(times, async (position) => {
    const answer = await target.saveSnapshot(room, 1, { position, version: "1", bytes: snapshot });
    if (answer.kind !== "stored") throw new Error(JSON.stringify(answer));
  });
  return { count: times, latenciesMs };
}

async function loadSnapshot(target: Store, times: number): Promise<Timed> {
  const latenciesMs = await repeat(times, async () => {
    const answer = await target.loadSnapshot(roomAt("large", 0));
    if (answer.kind !== "snapshot") throw new Error(JSON.stringify(answer));
  });
  return { count: times, latenciesMs };
}

async function appendDuringSaves(target: Store): Promise<Timed> {
  const room = roomAt("beside", 0);
  let tail = await take(target, room);
  let isOver = false;
  const saves = saveSnapshotOf(target, 4).finally(() => {
    isOver = true;
  });
  const latenciesMs: number[] = [];
  while (!isOver) {
    const beganMs = performance.now();
    tail = await append(target, room, tail);
    latenciesMs.push(performance.now() - beganMs);
  }
  await saves;
  return { count: latenciesMs.length, latenciesMs };
}

async function saveSnapshotOf(target: Store, times: number): Promise<void> {
  const room = roomAt("large", 1);
  await take(target, room);
  for (let position = 0; position < times; position += 1) {
    await target.saveSnapshot(room, 1, { position, version: "1", bytes: snapshot });
  }
}

async function readJournal(target: Store, recordCount: number): Promise<Timed> {
  const room = roomAt("long", 0);
  const tail = await take(target, room);
  await target.append([
    { room, expect: { epoch: 1, tail }, records: Array.from({ length: recordCount }, () => record) },
  ]);
  const latenciesMs = await repeat(3, async () => {
    const answer = await target.readJournal(room, 0, { recordsMax: recordCount * 2, bytesMax: 1e9 });
    if (answer.kind !== "records" || answer.records.length !== recordCount + 1) throw new Error(answer.kind);
  });
  return { count: 3, latenciesMs };
}

async function take(target: Store, room: RoomKey, by: ServerId = owner): Promise<number> {
  const [answer] = await target.takeover([{ room, expect: undefined, owner: by, journaled: true }]);
  if (answer?.kind !== "taken") throw new Error(JSON.stringify(answer));
  return answer.head.tail;
}

async function append(target: Store, room: RoomKey, tail: number): Promise<number> {
  const [answer] = await target.append([{ room, expect: { epoch: 1, tail }, records: [record] }]);
  if (answer?.kind !== "appended") throw new Error(JSON.stringify(answer));
  return answer.tail;
}

function roomAt(name: string, index: number): RoomKey {
  return must(parseRoomKey(`bench/${name}-${index}`));
}

function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("malformed id");
  return value;
}
