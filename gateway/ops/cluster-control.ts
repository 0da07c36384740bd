import type { AppName, Epoch, RoomKey, ServerId } from "../wire/ids.ts";

/**
 * What the admin side asks of a cluster. Nothing here rejects for what may go wrong in operation: the answer is a value.
 * `unavailable`: the store or the server in question could not be reached in time; whether a request to a server
 * had an effect is then not known.
 */
export interface ClusterControl {
  servers(): Promise<Answer<readonly ServerStatus[]>>;
  gateways(): Promise<Answer<readonly GatewayStatus[]>>;
  /** Rooms that somebody owns, in the order of their keys, at most `limit`. */
  rooms(filter: RoomFilter): Promise<Answer<readonly RoomStatus[]>>;
  room(key: RoomKey): Promise<Answer<RoomStatus>>;
  /** Answers when the room runs at `to`. `conflict`: nothing changed, and why. */
  move(key: RoomKey, to: ServerId): Promise<Answer<MoveReport>>;
  /**
   * Runs a room again that cannot be recovered, and leaves out what cannot be done of `record` of its journal, for good. Answers when the room's
   * state without it is stored. `conflict`: nothing changed, and why.
   */
  skip(key: RoomKey, record: number): Promise<Answer<SkipReport>>;
  /** Answers when the server has begun to move its rooms away. Safe to repeat. */
  drain(server: ServerId): Promise<Answer<undefined>>;
  /** Prometheus text. */
  metrics(): Promise<string>;
  ready(): Promise<Readiness>;
}

export type Answer<Value> =
  | { readonly kind: "ok"; readonly value: Value }
  | { readonly kind: "not-found"; readonly detail: string }
  | { readonly kind: "conflict"; readonly detail: string }
  | { readonly kind: "unavailable"; readonly detail: string };

export interface SkipReport {
  readonly room: RoomKey;
  readonly record: number;
  readonly server: ServerId;
  readonly epoch: Epoch;
}

export interface ServerStatus {
  readonly id: ServerId;
  /** `lost`: its heartbeat has not moved for a lease. */
  readonly state: "live" | "draining" | "lost";
  readonly pid: number;
  /** `host:port` of its trunk. */
  readonly address: string;
  readonly rooms: number;
  readonly sessions: number;
  readonly weight: number;
}

export interface GatewayStatus {
  readonly id: string;
  readonly pid: number;
  /** `host:port` for clients. */
  readonly address: string;
  readonly sessions: number;
}

export interface RoomFilter {
  readonly app: AppName | undefined;
  readonly server: ServerId | undefined;
  readonly limit: number;
}

export interface RoomStatus {
  readonly room: RoomKey;
  readonly server: ServerId;
  readonly epoch: Epoch;
  readonly sessions: number;
}

export interface MoveReport {
  readonly room: RoomKey;
  readonly from: ServerId;
  readonly to: ServerId;
  readonly epoch: Epoch;
  /** How long the room stood still. */
  readonly pauseMs: number;
}

export interface Readiness {
  readonly ready: boolean;
  /** What is missing; empty when ready. */
  readonly missing: readonly string[];
}
