import type { WatchedClock } from "../cluster/watched-time.ts";
import type { Channel, Cseq, Epoch, GatewayId, RoomKey, Rseq, ServerId, SessionNumber } from "../wire/ids.ts";
import type { TrunkLink } from "../wire/link.ts";
import type { Logger, Runtime } from "../wire/runtime.ts";
import type { ChannelPort, GatewayHold } from "./gateway-channel.ts";
import type { JournalSetting } from "./journaled-turns.ts";
import type { ServerCounters } from "./server-counters.ts";
import type { StateParts } from "./state-body.ts";
import type { TurnMarker } from "./turn-marker.ts";

export interface LiveRoomHost {
  /** Where it runs. */
  readonly server: ServerId;
  readonly runtime: Runtime;
  readonly clock: WatchedClock;
  readonly log: Logger;
  readonly counters: ServerCounters;
  /** Missing for an app of durability `memory`: nothing is journaled. */
  readonly journal: JournalSetting | undefined;
  readonly marker: TurnMarker | undefined;
  /** Why a room cannot be told anything; `undefined` if it can. */
  tellRefusal(to: RoomKey): string | undefined;
  /** Something waits to be told to `to`. */
  offerTell(to: RoomKey): void;
  /** `from` is to settle what this room has heard of it. */
  remindToSettle(from: RoomKey): void;
  /** The room's code has thrown. No turn follows. */
  roomThrew(error: unknown): void;
}

/** What a gateway tells when it binds. */
export interface Binding {
  readonly link: TrunkLink;
  readonly channel: Channel;
  readonly gateway: GatewayId;
  readonly line: Epoch;
  readonly seen: Rseq;
  /** Session number and highest acknowledged cseq of each of the gateway's sessions. */
  readonly sessions: ReadonlyMap<SessionNumber, Cseq>;
  readonly port: ChannelPort;
  readonly hold: GatewayHold;
}

/**
 * Where a room comes from: a snapshot of the app's state alone (`memory`), everything that another owner has shipped, or
 * everything that the store has (records follow by `replay`).
 */
export type Origin =
  | { readonly kind: "snapshot"; readonly app: Uint8Array | undefined }
  | { readonly kind: "moved"; readonly parts: StateParts }
  /** `skip`: by an operator's word, what of it cannot be delivered any more is left out. */
  | { readonly kind: "stored"; readonly parts: StateParts | undefined; readonly skip: boolean };
