import type { ClaimVerdict, Outcome, Standing } from "../cluster/ownership.ts";
import type { WatchedClock } from "../cluster/watched-time.ts";
import type { Store } from "../store/port.ts";
import type { Epoch, RoomKey, ServerId } from "../wire/ids.ts";
import type { Logger, Runtime } from "../wire/runtime.ts";
import type { Committer } from "./committer.ts";
import type { GatewayChannel } from "./gateway-channel.ts";
import type { LiveRoom } from "./live-room.ts";
import type { Binding } from "./live-room-ports.ts";
import type { RecoveryQueue } from "./recovery-queue.ts";
import type { RoomCell } from "./room-cell.ts";
import type { ServerCounters } from "./server-counters.ts";
import type { SnapshotAfter } from "./snapshot-keeper.ts";
import type { TakeoverDesk } from "./takeover-desk.ts";
import type { TellDesk } from "./tell-desk.ts";
import type { TurnMarker } from "./turn-marker.ts";
import type { WaitingBinds } from "./waiting-binds.ts";

/** A gateway's wish to be connected to a room. */
export interface BindRequest extends Binding {
  readonly room: RoomKey;
  /** The highest epoch of the room that the gateway has heard of; 0 for none. */
  readonly epochSeen: Epoch;
  readonly unreachable: readonly ServerId[];
  readonly force: boolean;
  /** It waits there from here on; `undefined`: it does not wait any more. */
  waits(where: WaitingBinds | undefined): void;
  /** The room took the channel. */
  accepted(cell: RoomCell, channel: GatewayChannel): void;
}

/** What a cell asks of its server. */
export interface CellHost {
  readonly me: ServerId;
  readonly runtime: Runtime;
  readonly clock: WatchedClock;
  readonly log: Logger;
  readonly counters: ServerCounters;
  readonly store: Store;
  readonly committer: Committer;
  readonly takeovers: TakeoverDesk;
  readonly recoveries: RecoveryQueue;
  readonly marker: TurnMarker | undefined;
  readonly snapshotAfter: SnapshotAfter;
  /** How `owner` stands; `unreachable` are servers that gateways could not reach, to be looked into. */
  standingOf(owner: ServerId | null, unreachable: ReadonlySet<ServerId>): Promise<Standing>;
  /** Whether others may have taken this server for lost since then. */
  mayHaveLapsed(sinceMs: number): boolean;
  /** Looks at the members' rows now. */
  lookAgain(): Promise<void>;
  /** `isOrdered`: an operator wants it here, whatever it has done. */
  claimVerdict(room: RoomKey, force: boolean, isOrdered: boolean): ClaimVerdict;
  /** The room has failed, and is closed for it. */
  roomFailed(room: RoomKey): void;
  addressOf(server: ServerId): string | undefined;
  readonly tells: TellDesk;
  tellRefusal(to: RoomKey): string | undefined;
  /** The cell is over; `left` are requests that begin anew. */
  cellGone(cell: RoomCell, left: readonly BindRequest[]): void;
}

/** Somebody who wants the room to run, but is no gateway. Hears one of the two, once. */
export interface CellWish {
  running(live: LiveRoom): void;
  refused(outcome: Outcome): void;
}

/** What a move of this room hears. */
export interface CellMove {
  roomStopped(): void;
  /** Who owns the room is clear again: this server runs it, or the cell is gone. */
  roomSettled(outcome: { readonly kind: "running" } | Outcome): void;
}
