import { Committer } from "../gateway/room/committer.ts";
import type { JournalSetting } from "../gateway/room/journaled-turns.ts";
import type { Message, Room, RoomContext } from "../gateway/room/sdk.ts";
import { createMemoryBacking } from "../gateway/store/memory/backing.ts";
import { createMemoryStore } from "../gateway/store/memory/memory-store.ts";
import type { RoomKey, ServerId } from "../gateway/wire/ids.ts";
import { BenchMembers, benchRuntime, createBenchRoom } from "./live-room-bench.ts";

/**
 * CPU of one turn of a room with ten members, from the message of one to the broadcast and the ack on the trunk, without sockets and
 * without a disk: `node dist/load/turn-bench.js <memory|interval|commit> [turns]`. One line: nanoseconds a turn.
 */
const [kind = "memory", turnsText = "1000000"] = process.argv.slice(2);
const turns = Number(turnsText);
const turnsPerTick = 50;
const payload = new TextEncoder().encode("x".repeat(64));
const key = "bench/a" as RoomKey;

class Line implements Room {
  readonly #room: RoomContext;

  constructor(room: RoomContext) {
    this.#room = room;
  }

  onMessage(_session: unknown, message: Message): void {
    if (kind !== "memory") this.#room.append(message.bytes);
    this.#room.broadcast(message.bytes);
  }

  apply(): void {}
}

const store = createMemoryStore(createMemoryBacking());
const owner = "s1" as ServerId;
const [taken] = await store.takeover([{ room: key, expect: undefined, owner, journaled: kind !== "memory" }]);
if (taken?.kind !== "taken") throw new Error("the room cannot be taken");
const journal: JournalSetting = {
  committer: new Committer(store, benchRuntime, benchRuntime.log),
  runtime: benchRuntime,
  intervalMs: kind === "interval" ? 100 : undefined,
  fenced: () => {
    throw new Error("fenced");
  },
  durable: () => {},
};
const origin = { kind: "snapshot", app: undefined } as const;
const setting = kind === "memory" ? undefined : journal;
const live = createBenchRoom(key, taken.head.epoch, setting, (room) => new Line(room), origin);
const members = new BenchMembers(live, taken.head, 10);

async function run(count: number): Promise<void> {
  for (let done = 0; done < count; done += turnsPerTick) await members.say(turnsPerTick, payload);
}

await run(turns / 5);
members.acked = 0;
const before = process.cpuUsage();
await run(turns);
const { user, system } = process.cpuUsage(before);
if (members.acked === 0) throw new Error("nothing was acknowledged");
console.log(`${kind}: ${(((user + system) * 1_000) / turns).toFixed(0)} ns a turn`);
process.exit(0);
