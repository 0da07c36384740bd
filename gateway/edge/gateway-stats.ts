import { createPauseHistogram, type PauseHistogram } from "../wire/pause-histogram.ts";

/** Closes are counted by code; codes beyond this many kinds are counted as 0. */
const closeCodesMax = 64;

/** Plain counters since the start, but for those that say "now". Read them at any time; they are not a copy. */
export interface GatewayStats {
  /** Sockets that are open now. */
  sessions: number;
  /** Sessions whose socket is gone and whose room has not acknowledged it, now. */
  leaving: number;
  /** Rooms that this gateway has sessions in, now. */
  rooms: number;
  /** Of these, how many have a running owner, now. */
  roomsBound: number;
  /** Items of sessions that no room has acknowledged, now. */
  heldFrames: number;
  messagesUp: number;
  bytesUp: number;
  /** Messages written to clients: a broadcast counts once per member. */
  messagesDown: number;
  bytesDown: number;
  /** `latest` messages that a newer one replaced before they could be sent, and `volatile` ones that were not sent. */
  thinned: number;
  /** Frames of a lower epoch than the highest seen of their room. */
  droppedLowEpoch: number;
  /** Frames of a channel or session that is not there any more, or of an epoch that is not its channel's. */
  droppedStale: number;
  /** Reliable messages that had been received already. */
  droppedRepeated: number;
  refusedUpgrades: number;
  /** By close code, whoever closed. */
  readonly closes: Map<number, number>;
  /** How long rooms that had an owner were without a running one. */
  readonly pauses: PauseHistogram;
}

export function createGatewayStats(): GatewayStats {
  return {
    sessions: 0,
    leaving: 0,
    rooms: 0,
    roomsBound: 0,
    heldFrames: 0,
    messagesUp: 0,
    bytesUp: 0,
    messagesDown: 0,
    bytesDown: 0,
    thinned: 0,
    droppedLowEpoch: 0,
    droppedStale: 0,
    droppedRepeated: 0,
    refusedUpgrades: 0,
    closes: new Map(),
    pauses: createPauseHistogram(),
  };
}

export function countClose(stats: GatewayStats, code: number): void {
  const key = stats.closes.has(code) || stats.closes.size < closeCodesMax ? code : 0;
  stats.closes.set(key, (stats.closes.get(key) ?? 0) + 1);
}
