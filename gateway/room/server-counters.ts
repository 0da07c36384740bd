import { createPauseHistogram, type PauseHistogram } from "../wire/pause-histogram.ts";
import type { TickCounters } from "./ticker.ts";

/** Plain counts of one room server, read by the operating side. Gauges go up and down; all else only rises. */
export interface ServerCounters extends TickCounters {
  /** Gauge. */
  sessions: number;
  messagesUp: number;
  messagesDown: number;
  /** Rooms that this server has claimed, moved in, moved away; moves that were called off; rooms lost to another owner. */
  claims: number;
  movesIn: number;
  movesOut: number;
  movesFailed: number;
  roomsLost: number;
  roomsThrown: number;
  snapshots: number;
  /** Frames for channels or epochs that are not here any more. */
  framesDropped: number;
  /** Of planned moves, as this source has seen them. */
  readonly movePauses: PauseHistogram;
}

export function createServerCounters(): ServerCounters {
  return {
    sessions: 0,
    messagesUp: 0,
    messagesDown: 0,
    claims: 0,
    movesIn: 0,
    movesOut: 0,
    movesFailed: 0,
    roomsLost: 0,
    roomsThrown: 0,
    snapshots: 0,
    framesDropped: 0,
    ticks: 0,
    ticksMadeUp: 0,
    ticksMissed: 0,
    movePauses: createPauseHistogram(),
  };
}
