import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Committer } from "../gateway/room/committer.ts";
import type { JournalSetting } from "../gateway/room/journaled-turns.ts";
import type { LiveRoom } from "../gateway/room/live-room.ts";
import type { Origin } from "../gateway/room/live-room-ports.ts";
import { recoverJournaled } from "../gateway/room/recovery.ts";
import type { Message, Room, RoomContext } from "../gateway/room/sdk.ts";
import { snapshotAfterDefault } from "../gateway/room/snapshot-keeper.ts";
import { encodeBody } from "../gateway/room/state-body.ts";
import { openStore } from "../gateway/store/open.ts";
import type { Head, Store } from "../gateway/store/port.ts";
import type { RoomKey, ServerId } from "../gateway/wire/ids.ts";
import { BenchMembers, benchRuntime, createBenchRoom } from "./live-room-bench.ts";

/**
 * How long it takes to have a commit room of 1 MB back on LMDB, from the takeover of its head until it could run, with as much journal
 * behind its snapshot as there ever is: `node dist/load/recovery-bench.js [rooms] [stateBytes]`. The store is opened anew in
 * between. With `many`, journals are of as many records as there ever are, instead of as many bytes.
 */
const [roomsText = "50", stateText = "1048576", shape = "large"] = process.argv.slice(2);
const rooms = Number(roomsText);
const stateBytes = Number(stateText);
const members = 10;
const payload = new TextEncoder().encode("x".repeat(64));
const { journalBytesMin, journalRecordsMax } = snapshotAfterDefault;
const journalBytes = Math.max(journalBytesMin, stateBytes / 2);
const turnsPerTick = shape === "many" ? 1 : 50;

/** Its state is a ring of bytes that entries are written into. */
class Ring implements Room {
  readonly #room: RoomContext;
  #bytes = new Uint8Array(stateBytes);
  #at = 0;

  constructor(room: RoomContext) {
    this.#room = room;
  }

  onMessage(_session: unknown, message: Message): void {
    this.#room.append(message.bytes);
    this.#room.broadcast(message.bytes);
  }

  apply(entry: Uint8Array): void {
    if (this.#at + entry.length > this.#bytes.length) this.#at = 0;
    this.#bytes.set(entry, this.#at);
    this.#at += entry.length;
  }

  snapshot(): Uint8Array {
    return this.#bytes.slice();
  }

  restore(snapshot: Uint8Array): void {
    this.#bytes = snapshot.slice();
  }
}

const create = (room: RoomContext): Room => new Ring(room);
const keyOf = (index: number): RoomKey => `ring/r${index}` as RoomKey;

function settingOn(store: Store): JournalSetting {
  const committer = new Committer(store, benchRuntime, benchRuntime.log);
  const fenced = (): never => {
    throw new Error("fenced");
  };
  return { committer, runtime: benchRuntime, intervalMs: undefined, fenced, durable: () => {} };
}

async function take(store: Store, room: RoomKey, owner: string, expect: Head | undefined): Promise<Head> {
  const [answer] = await store.takeover([{ room, expect, owner: owner as ServerId, journaled: true }]);
  if (answer?.kind !== "taken") throw new Error(`${room} cannot be taken: ${answer?.kind}`);
  return answer.head;
}

/** Lives until it is about to need its next snapshot, and is left there. */
async function liveOnce(store: Store, room: RoomKey): Promise<{ head: Head; bytes: number; records: number }> {
  const head = await take(store, room, "s1", undefined);
  const live = createBenchRoom(room, head.epoch, settingOn(store), create, {
    kind: "stored",
    parts: undefined,
    skip: false,
  });
  const said = new BenchMembers(live, head, members);
  const idle = (): Promise<void> => new Promise((resolve) => live.journaled?.whenQuiet(resolve));
  await said.say(members, payload);
  await idle();
  const journal = live.journaled?.journal;
  if (!journal) throw new Error("the room has no journal");
  const bytes = Buffer.concat(encodeBody(live.wholeState(), undefined));
  const stored = await store.saveSnapshot(room, head.epoch, { position: journal.head.tail, version: "1", bytes });
  if (stored.kind !== "stored") throw new Error("the snapshot is not stored");
  journal.snapshotTaken();
  const isFull = (): boolean =>
    journal.sinceSnapshot.bytes >= journalBytes || journal.sinceSnapshot.records >= journalRecordsMax - 1;
  while (!isFull()) {
    await said.say(turnsPerTick, payload);
    await idle();
  }
  const left = { head: { ...head, ...journal.head }, ...journal.sinceSnapshot };
  live.dispose();
  return left;
}

const directory = mkdtempSync(join(tmpdir(), "roomgate-bench-"));
try {
  const filling = await openStore(`lmdb:${directory}`);
  const left = [];
  for (let index = 0; index < rooms; index += 1) left.push(await liveOnce(filling, keyOf(index)));
  await filling.close();
  const store = await openStore(`lmdb:${directory}`);
  const took: number[] = [];
  for (const [index, { head }] of left.entries()) {
    const room = keyOf(index);
    const beganMs = performance.now();
    const at = await take(store, room, "s2", head);
    const again = (from: Origin): LiveRoom => createBenchRoom(room, at.epoch, settingOn(store), create, from);
    const recovered = await recoverJournaled(store, room, "1", at, undefined, again, () => Promise.resolve());
    took.push(performance.now() - beganMs);
    if (recovered.kind !== "live" || recovered.live.sessions.size !== members) throw new Error(`${room} is not back`);
    recovered.live.dispose();
  }
  await store.close();
  took.sort((one, other) => one - other);
  const at = (part: number): string =>
    (took[Math.min(took.length - 1, Math.floor(took.length * part))] ?? 0).toFixed(1);
  const [first] = left;
  console.log(
    `${rooms} rooms of ${stateBytes} bytes, each with ${first?.records} records of ${first?.bytes} bytes behind its snapshot: ` +
      `back after p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`,
  );
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit(0);
