import { defaultTiming, type Timing } from "../../gateway/cluster/timing.ts";
import { type RunningGateway, startGateway } from "../../gateway/edge/gateway.ts";
import type { Site } from "../../gateway/edge/listener.ts";
import type { MoveResult } from "../../gateway/room/outgoing-move.ts";
import { type RoomServerOptions, type RunningRoomServer, startRoomServer } from "../../gateway/room/room-server.ts";
import type { Apps } from "../../gateway/room/sdk.ts";
import type { OperatedServer } from "../../gateway/room/server-requests.ts";
import { createMemoryBacking } from "../../gateway/store/memory/backing.ts";
import { createMemoryStore } from "../../gateway/store/memory/memory-store.ts";
import type { Store } from "../../gateway/store/port.ts";
import type { GatewayId, RoomKey, ServerId } from "../../gateway/wire/ids.ts";
import { createMemoryNetwork, type MemoryNetwork } from "../../gateway/wire/memory-pipe.ts";
import { createTrunkDialer } from "../../gateway/wire/trunk-dialer.ts";
import { createTrunkListen } from "../../gateway/wire/trunk-listener.ts";
import { pipesThrough, storeThrough } from "./host-edges.ts";
import { VirtualClient } from "./virtual-client.ts";
import { VirtualHost } from "./virtual-host.ts";
import { createVirtualRuntime, type VirtualRuntime } from "./virtual-runtime.ts";

export interface VirtualServer {
  readonly id: ServerId;
  readonly host: VirtualHost;
  readonly running: RunningRoomServer;
}

export interface VirtualGateway {
  readonly id: GatewayId;
  readonly host: VirtualHost;
  readonly running: RunningGateway;
  readonly site: Site;
}

export interface VirtualClusterOptions {
  readonly seed?: number;
  readonly apps: Apps;
  readonly timing?: Partial<Timing>;
  readonly server?: Partial<RoomServerOptions>;
  /** Puts faults between a process and its store. */
  readonly wrapStore?: (store: Store, host: VirtualHost) => Store;
  readonly delayMs?: (from: string, to: string) => number;
}

/** A whole cluster in one process on virtual time: the real gateway, room server, wire and store code. */
export class VirtualCluster {
  readonly world: VirtualRuntime;
  readonly network: MemoryNetwork;
  readonly servers = new Map<string, VirtualServer>();
  readonly gateways = new Map<string, VirtualGateway>();
  readonly store: Store;
  readonly #options: VirtualClusterOptions;
  readonly #timing: Timing;
  readonly #backing = createMemoryBacking();
  #instances = 0;

  constructor(options: VirtualClusterOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
    this.world = createVirtualRuntime(options.seed === undefined ? {} : { seed: options.seed });
    this.network = createMemoryNetwork(this.world, options.delayMs ? { delayMs: options.delayMs } : {});
    this.store = createMemoryStore(this.#backing);
  }

  async addServer(name: string, options: Partial<RoomServerOptions> = {}): Promise<VirtualServer> {
    const id = name as ServerId;
    const { host, store, trunk } = this.#process(name, "server");
    const starting = startRoomServer(
      {
        id,
        instance: trunk.self.instance,
        pid: 1,
        trunkHost: name,
        trunkPort: 0,
        weight: 1,
        timing: this.#timing,
        concurrentMovesMax: 8,
        roomsMax: 10_000,
        rebalanceRoomsPerSecond: 0,
        ...this.#options.server,
        ...options,
      },
      {
        runtime: host,
        store,
        dialer: createTrunkDialer(trunk),
        listenTrunk: createTrunkListen(trunk),
        placementKey: "key",
      },
      this.#options.apps,
    );
    const server = { id, host, running: await this.settle(starting) };
    this.servers.set(name, server);
    return server;
  }

  async addGateway(name: string): Promise<VirtualGateway> {
    const id = name as GatewayId;
    const { host, store, trunk } = this.#process(name, "gateway");
    let site: Site | undefined;
    const { heartbeatMs, leaseMs, holdMs, holdFramesMax, holdBytesMax } = this.#timing;
    const starting = startGateway(
      {
        id,
        instance: trunk.self.instance,
        listener: {
          host: name,
          port: 1,
          messageBytesMax: 1024 * 1024,
          sendBufferBytesMax: 4 * 1024 * 1024,
          pingEveryMs: 25_000,
          silenceMsMax: 60_000,
        },
        heartbeatMs,
        leaseMs,
        holdMs,
        holdFramesMax,
        holdBytesMax,
      },
      {
        runtime: host,
        store,
        dialer: createTrunkDialer(trunk),
        placementKey: "key",
        pages: () => ({ status: 404, headers: {}, body: "" }),
        openListener: async (_options, given) => {
          site = given;
          return { port: 1, engine: "ws", stopListening: () => {}, close: async () => {} };
        },
      },
    );
    const running = await this.settle(starting);
    if (!site) throw new Error("the gateway has not listened");
    const gateway = { id, host, running, site };
    this.gateways.set(name, gateway);
    return gateway;
  }

  async client(gateway: string, room: string, onFrame?: (text: string) => void, query = ""): Promise<VirtualClient> {
    const client = new VirtualClient(onFrame);
    await client.connect(this.#gateway(gateway).site, `/rooms/${room}`, query);
    return client;
  }

  /** Asks the room's owner to move it, as the operating side does. */
  move(room: string, to: string): Promise<MoveResult> | undefined {
    for (const { running } of this.servers.values()) {
      const operated = running as RunningRoomServer & OperatedServer;
      if (operated.operated.describe(room as RoomKey)) return operated.operated.move(room as RoomKey, to as ServerId);
    }
    return undefined;
  }

  /** As `kill -9`. */
  kill(name: string): void {
    this.network.crash(name);
    this.servers.get(name)?.host.kill();
    this.gateways.get(name)?.host.kill();
    this.servers.delete(name);
    this.gateways.delete(name);
  }

  advance(ms: number): Promise<void> {
    return this.world.advanceAsync(ms);
  }

  /** Lets time pass until `promise` has an answer. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    promise.then(over, over);
    for (let waitedMs = 0; !isOver && waitedMs < 120_000; waitedMs += 10) await this.world.advanceAsync(10);
    if (!isOver) throw new Error("no answer within two minutes of virtual time");
    return promise;
  }

  /** Who owns a room by the store. */
  async ownerOf(room: string): Promise<string | null> {
    const answer = await this.store.readHead(room as never);
    return answer.kind === "head" ? (answer.head?.owner ?? null) : null;
  }

  #gateway(name: string): VirtualGateway {
    const gateway = this.gateways.get(name);
    if (!gateway) throw new Error(`there is no gateway ${name}`);
    return gateway;
  }

  #process(name: string, role: "server" | "gateway") {
    this.#instances += 1;
    const host = new VirtualHost(this.world, name, this.#instances * 1_000_003);
    const memory = createMemoryStore(this.#backing);
    const store = storeThrough(host, this.#options.wrapStore?.(memory, host) ?? memory);
    const self = { role, id: name as ServerId & GatewayId, instance: `${name}-${this.#instances}` };
    return {
      host,
      store,
      trunk: { runtime: host, secret: "secret", self, ...pipesThrough(host, this.network.host(name)) },
    };
  }
}
