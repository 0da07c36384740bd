import type { Timing } from "../cluster/timing.ts";
import type { StoreBounds } from "../store/bounded-store.ts";
import type { MemberRecord, Store } from "../store/port.ts";
import type { ServerId } from "../wire/ids.ts";
import type { ListenTrunk, TrunkDialer } from "../wire/link.ts";
import type { Runtime } from "../wire/runtime.ts";
import type { ServerCounters } from "./server-counters.ts";
import type { SnapshotAfter } from "./snapshot-keeper.ts";
import type { TurnMarker } from "./turn-marker.ts";

export interface RoomServerOptions {
  readonly id: ServerId;
  readonly instance: string;
  readonly pid: number;
  readonly trunkHost: string;
  /** 0 picks a free one. */
  readonly trunkPort: number;
  readonly weight: number;
  readonly timing: Timing;
  readonly concurrentMovesMax: number;
  /** Hard limit; above it claims and moves are refused. */
  readonly roomsMax: number;
  readonly rebalanceRoomsPerSecond: number;
  /** Of journaled rooms. Default: {@link snapshotAfterDefault}. */
  readonly snapshotAfter?: SnapshotAfter;
  /** How long the store may take. Default: what follows from `timing`. */
  readonly storeBounds?: StoreBounds;
}

export interface RoomServerDeps {
  readonly runtime: Runtime;
  /** Whatever it is: it is given bounds. */
  readonly store: Store;
  readonly listenTrunk: ListenTrunk;
  readonly dialer: TrunkDialer;
  readonly marker?: TurnMarker;
  /** The own row as it was last written, for whoever writes it when this process cannot. */
  readonly onHeartbeat?: (row: MemberRecord) => void;
  /** The same at all members of the cluster; nobody outside knows it. */
  readonly placementKey: string;
}

export interface ServerStats extends Omit<ServerCounters, "sessions"> {
  readonly sessions: number;
  readonly rooms: number;
  /** Of rooms with an interval: age of the oldest turn that has left and is not in the store. What a crash now would cost. */
  readonly unstoredMs: number;
}

export interface RunningRoomServer {
  readonly id: ServerId;
  /** `host:port` of the trunk. */
  readonly address: string;
  readonly rooms: number;
  readonly sessions: number;
  readonly state: "live" | "draining" | "stopped";
  /** Looks now who else is in the cluster. Resolves when it knows. */
  lookAgain(): Promise<void>;
  metrics(): ServerStats;
  /** Moves all rooms away, then leaves. Resolves when it has left; safe to repeat. Called by itself too, when the operating side asks. */
  drain(): Promise<void>;
  /** The whole cluster stops: snapshots and lets go of all rooms, then leaves. */
  stop(): Promise<void>;
  /** Resolves when the server begins to leave, by whichever way. */
  readonly draining: Promise<void>;
  /** Resolves when the server has left, by whichever way. */
  readonly left: Promise<void>;
}
