import { defaultClientLimits } from "../cluster/default-limits.ts";
import { deriveHashKey } from "../cluster/keyed-hash.ts";
import { defaultTiming } from "../cluster/timing.ts";
import { WatchedClock } from "../cluster/watched-time.ts";
import { boundStore, type StoreBounds, storeBoundsOf } from "../store/bounded-store.ts";
import { MemberAgent } from "../store/member-agent.ts";
import type { MemberRecord, Store } from "../store/port.ts";
import { closeCodes } from "../wire/close-codes.ts";
import type { GatewayId } from "../wire/ids.ts";
import type { TrunkDialer } from "../wire/link.ts";
import type { Runtime } from "../wire/runtime.ts";
import { ClientSite, type SiteLimits } from "./client-site.ts";
import { EdgeRooms } from "./edge-rooms.ts";
import { createGatewayStats, type GatewayStats } from "./gateway-stats.ts";
import type { Listener, ListenerOptions, OpenListener } from "./listener.ts";
import type { Pages } from "./pages.ts";
import { ServerDirectory } from "./server-directory.ts";
import type { SessionLimits } from "./session.ts";
import { TrunkPool } from "./trunk-pool.ts";

/** What a gateway is told; everything with a default may be left out. */
export interface GatewayOptions extends Partial<SessionLimits>, Partial<SiteLimits> {
  readonly id: GatewayId;
  /** Random per process start. */
  readonly instance: string;
  /** Shown to operators. Default 0. */
  readonly pid?: number;
  readonly listener: ListenerOptions;
  /** `host:port` at which operators find the client side. Default: as it listens. */
  readonly address?: string;
  /** How often it says that it lives. Default 500. */
  readonly heartbeatMs?: number;
  /** A member that has not said so for this long is taken for lost. Default 3 000. */
  readonly leaseMs?: number;
  /** How long a room may be without a running owner before its sessions are closed with 4503. Default 15 000. */
  readonly holdMs?: number;
  /** How long the store may take. Default: what follows from the heartbeat and the lease. */
  readonly storeBounds?: StoreBounds;
}

export interface GatewayDeps {
  readonly runtime: Runtime;
  /** Whatever it is: it is given bounds. */
  readonly store: Store;
  readonly dialer: TrunkDialer;
  /** The cluster's secret: all gateways and servers derive the same placement from it, and nobody else can. */
  readonly placementKey: string;
  readonly openListener: OpenListener;
  /** Plain requests outside `/rooms/`; 404 where it answers nothing. */
  readonly pages: Pages;
}

export interface RunningGateway {
  readonly port: number;
  readonly engine: Listener["engine"];
  /** Sockets that are open now. */
  readonly sessions: number;
  /** Whether clients can be served: some room server is known, and the gateway is not going away. */
  readonly ready: boolean;
  /** Looks now who else is in the cluster. Resolves when it knows. */
  lookAgain(): Promise<void>;
  /** Live counters, not a copy. */
  metrics(): GatewayStats;
  /** Lets nobody in any more, closes its clients with 1001 over about a second, tells their rooms, leaves the cluster. */
  stop(): Promise<void>;
}

export const gatewayDefaults = Object.freeze({
  ...defaultClientLimits,
  heartbeatMs: defaultTiming.heartbeatMs,
  leaseMs: defaultTiming.leaseMs,
  holdMs: defaultTiming.holdMs,
  holdFramesMax: defaultTiming.holdFramesMax,
  holdBytesMax: defaultTiming.holdBytesMax,
  thinAboveBytes: 65_536,
  latestKeysMax: 1_024,
  pid: 0,
});

const closeSlices = 20;
const closeSliceMs = 50;
/** So few at once are no storm. */
const closeSliceSessionsMin = 50;
/** How long a gateway that stops waits for rooms to acknowledge what was said. */
const farewellMsMax = 2_000;

type Complete = Required<Omit<GatewayOptions, "address" | "storeBounds">> & Pick<GatewayOptions, "address">;

/** Rejects with a `RoomgateError`: what {@link OpenListener} rejects with, `id-in-use`, or `store-unavailable`. */
export async function startGateway(options: GatewayOptions, deps: GatewayDeps): Promise<RunningGateway> {
  const complete = { ...gatewayDefaults, ...options };
  const bounds = options.storeBounds ?? storeBoundsOf(complete);
  const store = boundStore(deps.store, deps.runtime, bounds);
  const gateway = new Gateway(complete, { ...deps, store });
  await gateway.start();
  return gateway;
}

class Gateway implements RunningGateway {
  readonly #options: Complete;
  readonly #deps: GatewayDeps;
  readonly #stats = createGatewayStats();
  readonly #pool: TrunkPool;
  readonly #directory: ServerDirectory;
  readonly #rooms: EdgeRooms;
  readonly #site: ClientSite;
  readonly #members: MemberAgent;
  #listener: Listener | undefined = undefined;
  #stopping: Promise<void> | undefined = undefined;

  constructor(options: Complete, deps: GatewayDeps) {
    const { runtime, dialer, store, placementKey, pages } = deps;
    const stats = this.#stats;
    this.#options = options;
    this.#deps = deps;
    this.#pool = new TrunkPool({ runtime, dialer, stats });
    this.#directory = new ServerDirectory(deriveHashKey(placementKey), (server) => this.#pool.isUnreachable(server));
    this.#rooms = new EdgeRooms({
      runtime,
      stats,
      limits: options,
      holdMs: options.holdMs,
      candidates: (room) => this.#directory.candidates(room),
      isUnreachable: (server) => this.#pool.isUnreachable(server),
      requestChannel: (room, server, address) => this.#pool.request(room, server, address),
      deadServers: (owner) => this.#pool.deadServers(owner),
      mayBeGivenUp: (sinceMs) => this.#members.mayHaveLapsed(sinceMs),
    });
    const judgeApp = (app: string) => this.#directory.judgeApp(app);
    this.#site = new ClientSite({ runtime, stats, limits: options, rooms: this.#rooms, judgeApp, pages });
    this.#members = new MemberAgent({
      runtime,
      members: store.members,
      timing: options,
      self: () => this.#row(),
      onLook: () => this.#looked(),
    });
  }

  get port(): number {
    return this.#listener?.port ?? this.#options.listener.port;
  }

  get engine(): Listener["engine"] {
    return this.#listener?.engine ?? "ws";
  }

  get sessions(): number {
    return this.#stats.sessions;
  }

  lookAgain(): Promise<void> {
    return this.#members.lookAgain();
  }

  get ready(): boolean {
    return this.#stopping === undefined && this.#directory.hasServer;
  }

  metrics(): GatewayStats {
    return this.#stats;
  }

  async start(): Promise<void> {
    const listener = await this.#deps.openListener(this.#options.listener, this.#site);
    this.#listener = listener;
    try {
      await this.#members.start();
    } catch (error) {
      this.#site.close();
      this.#pool.close();
      await listener.close();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { runtime } = this.#deps;
    this.#site.close();
    this.#listener?.stopListening();
    const sessions = this.#rooms.sessions();
    const perSlice = Math.max(closeSliceSessionsMin, Math.ceil(sessions.length / closeSlices));
    for (let from = 0; from < sessions.length; from += perSlice) {
      if (from > 0) await this.#pause(closeSliceMs);
      for (const session of sessions.slice(from, from + perSlice)) {
        session.end(closeCodes.goingAway, "the gateway is going away");
      }
    }
    const clock = new WatchedClock(() => runtime.nowMs());
    const untilMs = clock.nowMs() + farewellMsMax;
    while (this.#rooms.count > 0 && clock.nowMs() < untilMs) await this.#pause(closeSliceMs);
    this.#rooms.abandon();
    // Farewells are on their way when the trunks close: a link sends what is written before it ends.
    this.#pool.close();
    await this.#members.stop();
    await this.#listener?.close();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#deps.runtime.after(ms, resolve);
    });
  }

  #looked(): void {
    if (!this.#directory.update(this.#members.membership)) {
      this.#pool.setMembers(this.#directory.servers);
      return;
    }
    this.#pool.setMembers(this.#directory.servers);
    this.#rooms.membersChanged();
  }

  #row(): Omit<MemberRecord, "counter"> {
    const { id, instance, pid, listener } = this.#options;
    return {
      id,
      kind: "gateway",
      instance,
      state: this.#stopping === undefined ? "live" : "draining",
      pid,
      address: this.#options.address ?? `${listener.host}:${this.port}`,
      weight: 1,
      apps: [],
      rooms: this.#stats.rooms,
      sessions: this.#stats.sessions,
    };
  }
}
