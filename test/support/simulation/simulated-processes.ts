import type { Timing } from "../../../gateway/cluster/timing.ts";
import { type RunningGateway, startGateway } from "../../../gateway/edge/gateway.ts";
import type { Site } from "../../../gateway/edge/listener.ts";
import { type RunningRoomServer, startRoomServer } from "../../../gateway/room/room-server.ts";
import type { Apps } from "../../../gateway/room/sdk.ts";
import type { OperatedServer } from "../../../gateway/room/server-requests.ts";
import { type StoreBounds, storeBoundsOf } from "../../../gateway/store/bounded-store.ts";
import type { GatewayId, ServerId } from "../../../gateway/wire/ids.ts";
import type { MemoryNetwork } from "../../../gateway/wire/memory-pipe.ts";
import { createTrunkDialer } from "../../../gateway/wire/trunk-dialer.ts";
import { createTrunkListen } from "../../../gateway/wire/trunk-listener.ts";
import { pipesThrough, storeThrough } from "../host-edges.ts";
import { VirtualHost } from "../virtual-host.ts";
import type { VirtualRuntime } from "../virtual-runtime.ts";
import type { Chance } from "./chance.ts";
import type { SimulatedStore } from "./simulated-store.ts";
import { tapDials } from "./trunk-tap.ts";

/** What all processes of a run have in common. */
export interface Grounds {
  readonly world: VirtualRuntime;
  readonly network: MemoryNetwork;
  readonly chance: Chance;
  readonly store: SimulatedStore;
  /** The same apps on each, with what is its process' own. */
  appsOn(host: VirtualHost): Apps;
  /** The process does nothing from here on, or for a while. */
  stopped(instance: string): void;
  /** A gateway was told that a session's stream is acknowledged so far. */
  acknowledged(session: string, cseq: number): void;
}

/** As the defaults, but quicker, so that more happens in a second. */
export const simulationTiming: Timing = {
  heartbeatMs: 200,
  selfFreezeMs: 800,
  leaseMs: 1_200,
  freezeBudgetMs: 150,
  failoverBudgetMs: 2_500,
  holdMs: 18_000,
  holdBytesMax: 1_048_576,
  holdFramesMax: 1_024,
};
/** As the times above, against the defaults. What hangs does so for longer than any of them. */
const storeBounds: StoreBounds = {
  ...storeBoundsOf(simulationTiming),
  readMsMax: 900,
  changeMsMax: 1_400,
  hungCallsMax: 16,
};
const linkTiming = { pingAfterMs: 500, silenceMsMax: 1_500 };

export type OperatedRoomServer = RunningRoomServer & OperatedServer;

export interface ServerProcess {
  readonly id: ServerId;
  /** Never used again. */
  readonly instance: string;
  readonly host: VirtualHost;
  readonly running: Promise<OperatedRoomServer>;
}

export interface GatewayProcess {
  readonly machine: string;
  readonly id: GatewayId;
  readonly host: VirtualHost;
  readonly running: Promise<RunningGateway>;
  /** There from the moment when it listens. */
  site(): Site | undefined;
}

/** `machine` is the host that faults of the network name; `start` counts its processes. */
export function startServerProcess(grounds: Grounds, machine: string, id: string, start: number): ServerProcess {
  const process = makeProcess(grounds, "server", machine, id, start);
  const { host, store, trunk } = process;
  const running = startRoomServer(
    {
      id: id as ServerId,
      instance: trunk.self.instance,
      pid: start,
      trunkHost: machine,
      trunkPort: 0,
      weight: 1,
      timing: simulationTiming,
      concurrentMovesMax: 4,
      roomsMax: 1_000,
      rebalanceRoomsPerSecond: 2,
      storeBounds,
      snapshotAfter: { journalBytesMin: 1_500, journalRecordsMax: 12 },
    },
    {
      runtime: host,
      store,
      dialer: createTrunkDialer(trunk),
      listenTrunk: createTrunkListen(trunk),
      placementKey: "key",
    },
    grounds.appsOn(host),
  );
  return { id: id as ServerId, instance: trunk.self.instance, host, running: running as Promise<OperatedRoomServer> };
}

export function startGatewayProcess(grounds: Grounds, machine: string, id: string, start: number): GatewayProcess {
  const { host, store, trunk } = makeProcess(grounds, "gateway", machine, id, start);
  const heard = (session: number, cseq: number): void => grounds.acknowledged(`${id}.${session}`, cseq);
  let site: Site | undefined;
  const listener = {
    host: machine,
    port: 1,
    messageBytesMax: 65_536,
    sendBufferBytesMax: 4_194_304,
    pingEveryMs: 25_000,
    silenceMsMax: 60_000,
  };
  const running = startGateway(
    { id: id as GatewayId, instance: trunk.self.instance, listener, storeBounds, ...simulationTiming },
    {
      runtime: host,
      store,
      dialer: createTrunkDialer({ ...trunk, dialPipe: tapDials(trunk.dialPipe, heard) }),
      placementKey: "key",
      pages: () => ({ status: 404, headers: {}, body: "" }),
      openListener: async (_options, given) => {
        site = given;
        return { port: 1, engine: "ws", stopListening: () => {}, close: async () => {} };
      },
    },
  );
  return { machine, id: id as GatewayId, host, running, site: () => site };
}

function makeProcess(
  { world, network, chance, store }: Grounds,
  role: "server" | "gateway",
  machine: string,
  id: string,
  start: number,
) {
  const instance = `${machine}-${start}`;
  const host = new VirtualHost(world, instance, chance.below(1_000_000_000));
  const user = {
    host: machine,
    process: instance,
    get isDead() {
      return host.isDead;
    },
  };
  const self = { role, id: id as ServerId & GatewayId, instance };
  const drawNonce = (): Uint8Array => Uint8Array.from({ length: 32 }, () => chance.below(256));
  return {
    host,
    store: storeThrough(host, store.storeOf(user)),
    trunk: {
      runtime: host,
      secret: "secret",
      self,
      timing: linkTiming,
      drawNonce,
      ...pipesThrough(host, network.host(machine)),
    },
  };
}
