import { WatchedClock } from "../gateway/cluster/watched-time.ts";
import type { GatewayChannel } from "../gateway/room/gateway-channel.ts";
import type { JournalSetting } from "../gateway/room/journaled-turns.ts";
import { LiveRoom } from "../gateway/room/live-room.ts";
import type { LiveRoomHost, Origin } from "../gateway/room/live-room-ports.ts";
import type { AppDefinition, Room, RoomContext } from "../gateway/room/sdk.ts";
import { createServerCounters } from "../gateway/room/server-counters.ts";
import type { Head } from "../gateway/store/port.ts";
import type { GatewayId, RoomKey, ServerId } from "../gateway/wire/ids.ts";
import type { TrunkLink } from "../gateway/wire/link.ts";
import { createNodeRuntime } from "../gateway/wire/node-runtime.ts";

const nothing = (): void => {};
const quiet = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => quiet };
export const benchRuntime = createNodeRuntime({ log: quiet as never });

/** A room of the real code on a trunk that goes nowhere. */
export function createBenchRoom(
  key: RoomKey,
  epoch: number,
  journal: JournalSetting | undefined,
  create: (room: RoomContext) => Room,
  from: Origin,
): LiveRoom {
  const definition: AppDefinition = { durability: "commit", create };
  const host: LiveRoomHost = {
    server: "s1" as ServerId,
    runtime: benchRuntime,
    clock: new WatchedClock(() => benchRuntime.nowMs()),
    log: benchRuntime.log,
    counters: createServerCounters(),
    journal,
    marker: undefined,
    tellRefusal: () => undefined,
    offerTell: nothing,
    remindToSettle: nothing,
    roomThrew: (error) => {
      throw error;
    },
  };
  return new LiveRoom(key, definition, epoch, host, from);
}

/** Its members, all of one gateway. */
export class BenchMembers {
  acked = 0;
  readonly #live: LiveRoom;
  readonly #channel: GatewayChannel;
  readonly #count: number;
  #next = 0;

  /** Lets the room run at `head`, with `count` members. */
  constructor(live: LiveRoom, head: Head, count: number) {
    this.#live = live;
    this.#count = count;
    live.run(head);
    const link = {
      ...{ bufferedBytes: 0, control: nothing, broadcast: nothing, down: nothing, flow: nothing, whenHeard: nothing },
      ack: (_channel: number, _epoch: number, pairs: readonly number[]) => {
        this.acked += pairs.length / 2;
      },
    } as unknown as TrunkLink;
    const gateway = "g1" as GatewayId;
    const port = { markDirty: nothing, awaitDrain: nothing, forget: nothing };
    const hold = { framesMax: 1_024, ms: 15_000 };
    this.#channel = live.bind({ link, channel: 1, gateway, line: 0, seen: 0, sessions: new Map(), port, hold });
    for (let number = 1; number <= count; number += 1) {
      live.join(this.#channel, number, 1, { query: "", protocol: "" });
    }
  }

  /** As batches of a trunk come: some messages of one after the other in one piece, then the acks go, and the event loop has its turn. */
  async say(messages: number, payload: Uint8Array): Promise<void> {
    for (let index = 0; index < messages; index += 1) {
      const number = 1 + (this.#next % this.#count);
      this.#next += 1;
      const member = this.#channel.members.get(number);
      if (member) this.#live.up(this.#channel, number, member.position + 1, true, payload);
    }
    await new Promise(setImmediate);
    this.#channel.flushAcks();
    this.#live.seen(this.#channel, this.#channel.sent);
  }
}
