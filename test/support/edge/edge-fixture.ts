import { EdgeRooms } from "../../../gateway/edge/edge-rooms.ts";
import { gatewayDefaults } from "../../../gateway/edge/gateway.ts";
import { createGatewayStats, type GatewayStats } from "../../../gateway/edge/gateway-stats.ts";
import { packNumbers, readPairs } from "../../../gateway/edge/number-pairs.ts";
import type { Session, SessionLimits } from "../../../gateway/edge/session.ts";
import { TrunkPool } from "../../../gateway/edge/trunk-pool.ts";
import { makeRoomKey, type RoomKey, type ServerId } from "../../../gateway/wire/ids.ts";
import { createVirtualRuntime, type VirtualRuntime } from "../virtual-runtime.ts";
import { FakeSocket } from "./fake-socket.ts";
import { type FakeLink, FakeTrunks } from "./fake-trunks.ts";

export const holdMs = 15_000;

export interface Client {
  readonly socket: FakeSocket;
  readonly session: Session;
  readonly number: number;
  say(text: string): void;
  /** The client goes away. */
  go(code?: number): void;
}

/** Rooms and trunks of a gateway, with servers `s1`, `s2`, … that a test plays. Their order is the order of preference. */
export class EdgeFixture {
  readonly runtime: VirtualRuntime;
  readonly trunks: FakeTrunks;
  readonly stats: GatewayStats = createGatewayStats();
  readonly pool: TrunkPool;
  readonly rooms: EdgeRooms;
  servers: string[];
  /** When a silence ended in which servers may have given this gateway's sessions up. */
  silentUntilMs = -1;

  constructor(options: { servers?: string[]; limits?: Partial<SessionLimits>; seed?: number } = {}) {
    this.runtime = createVirtualRuntime({ seed: options.seed ?? 1 });
    this.trunks = new FakeTrunks(this.runtime);
    this.servers = options.servers ?? ["s1", "s2"];
    const { runtime, stats } = this;
    this.pool = new TrunkPool({ runtime, dialer: this.trunks, stats });
    this.rooms = new EdgeRooms({
      runtime,
      stats,
      limits: { ...gatewayDefaults, messagesPerSecondMax: 0, ...options.limits },
      holdMs,
      candidates: () => this.#candidates(),
      isUnreachable: (server) => this.pool.isUnreachable(server),
      requestChannel: (room, server, address) => this.pool.request(room, server, address),
      deadServers: (owner) => this.pool.deadServers(owner),
      mayBeGivenUp: (sinceMs) => sinceMs <= this.silentUntilMs,
    });
    for (const server of this.servers) this.trunks.serve(`${server}:1`, server);
    this.connect();
  }

  /** Servers that are members now. */
  connect(): void {
    this.pool.setMembers(this.servers.map((server) => ({ server: server as ServerId, address: `${server}:1` })));
    this.runtime.settle();
  }

  serverId(server: string): ServerId {
    return server as ServerId;
  }

  link(server: string): FakeLink {
    return this.trunks.link(server);
  }

  /** A client enters the room; frames on their way are handed over. */
  enter(roomId = "r", query = "", protocol = ""): Client {
    const socket = new FakeSocket();
    this.stats.sessions += 1;
    const session = this.rooms.enter(roomKey(roomId), { query, protocol, socket }, () => {
      this.stats.sessions -= 1;
    });
    this.runtime.settle();
    return {
      socket,
      session,
      number: session.number,
      say: (text) => session.message(Buffer.from(text), true),
      go: (code = 1000) => session.closed(code),
    };
  }

  /** The server answers its newest bind: the room runs there. Positions default to what the gateway said was acknowledged. */
  bound(server: string, epoch: number, options: BoundOptions = {}): number {
    const link = this.link(server);
    const { channel, sessions, line, seen } = link.bind;
    const positions = options.positions ?? Object.fromEntries(readPairs(sessions));
    link.tell({
      t: "bound",
      channel,
      epoch,
      line: options.line ?? (line === 0 ? epoch : line),
      rseq: options.rseq ?? seen,
      positions: packNumbers(Object.entries(positions).flatMap(([number, cseq]) => [Number(number), cseq])),
      windowBytes: options.windowBytes ?? 1_048_576,
      gap: options.gap ?? false,
    });
    this.runtime.settle();
    return channel;
  }

  /** The server has everything that was written for these clients. */
  ackAll(server: string, epoch: number, ...clients: Client[]): void {
    const link = this.link(server);
    const pairs = clients.flatMap(({ session }) => [session.number, session.up.last]);
    link.deliver({ t: "ack", channel: link.bind.channel, epoch, pairs });
  }

  #candidates() {
    const all = this.servers.map((server) => ({
      server: server as ServerId,
      address: `${server}:1`,
      isUnreachable: this.pool.isUnreachable(server as ServerId),
    }));
    return [...all.filter((one) => !one.isUnreachable), ...all.filter((one) => one.isUnreachable)];
  }
}

export interface BoundOptions {
  readonly positions?: Readonly<Record<number, number>>;
  readonly line?: number;
  readonly rseq?: number;
  readonly windowBytes?: number;
  readonly gap?: boolean;
}

export function roomKey(roomId: string): RoomKey {
  const key = makeRoomKey("echo", roomId);
  if (key === undefined) throw new Error(`${roomId} is no room id`);
  return key;
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}
