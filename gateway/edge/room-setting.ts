import type { WatchedClock } from "../cluster/watched-time.ts";
import type { RoomKey, ServerId } from "../wire/ids.ts";
import type { EdgeRoom } from "./edge-room.ts";
import type { Candidate, Known } from "./owner-search.ts";
import type { SessionSetting } from "./session.ts";

/** What a room needs of its gateway. */
export interface RoomSetting extends SessionSetting {
  readonly holdMs: number;
  /** LIVE-15: an outage is as long as it was watched. */
  readonly clock: WatchedClock;
  candidates(room: RoomKey): readonly Candidate[];
  isUnreachable(server: ServerId): boolean;
  /**
   * Calls `channelOpened` on the room, at once or when the trunk is open, or `channelLost` once. Both may come within the call.
   * Answers how to give the channel up.
   */
  requestChannel(room: EdgeRoom, server: ServerId, address: string): ChannelRequest;
  /** Servers that refused or reset a connection just now; `owner` is named first if it is one of them. */
  deadServers(owner: ServerId | undefined): readonly ServerId[];
  /** Whether room servers may have taken this gateway for lost, and given its sessions up, at any time since `sinceMs`. */
  mayBeGivenUp(sinceMs: number): boolean;
  /** Calls `tellSeen` on the room before long. */
  tellSeenSoon(room: EdgeRoom): void;
  /** The room has nobody left, and is not to be used any more. */
  roomOver(room: EdgeRoom, known: Known): void;
}

export interface ChannelRequest {
  /** Safe to repeat. Nothing is heard of the channel any more. */
  giveUp(): void;
  /** Calls `trunkDrained` on the room once. */
  awaitDrain(): void;
}
