import { Counter, Trend } from "k6/metrics";
import type { LoadLimits } from "./load-settings.ts";

/** What a run measures beside what k6 measures by itself. All have the tag `app`. */
export const measured = {
  /** Clients that were let in. */
  joined: new Counter("joined"),
  /** Sockets that were refused, or that ended before their client wanted it; tag `code`. */
  closes: new Counter("closes"),
  /** Frames that came. */
  messages: new Counter("messages"),
  /** Messages that never came. Tag `strict`: `no` where the promises allow it. */
  gaps: new Counter("gaps"),
  /** Messages that came again. Tag `strict`. */
  doubles: new Counter("doubles"),
  /** Messages that came behind later ones. Tag `strict`. */
  reorderings: new Counter("reorderings"),
  /** Frames that no room of this kind sends, and rules of an app that do not hold. */
  faults: new Counter("faults"),
  /** From sending a message until it, or what the room says to it, is back. */
  latency: new Trend("message_latency", true),
  /** The longest time that each client has waited for a message. */
  longestWait: new Trend("longest_wait", true),
  /** How long a room stood still in a planned move, as its servers measured it. */
  movePause: new Trend("move_pause", true),
  moves: new Counter("moves"),
  movesRefused: new Counter("moves_refused"),
  drains: new Counter("drains"),
  kills: new Counter("kills"),
};

export type Fault = "gaps" | "doubles" | "reorderings";

type Thresholds = Record<string, string[]>;

/** The promises of a run with so many clients: what may not happen at all, and the times that depend on the machine. */
export function promisesOf(clients: number, limits: LoadLimits): Thresholds {
  const never = ["count==0"];
  return {
    joined: [`count==${clients}`],
    closes: never,
    "gaps{strict:yes}": never,
    "doubles{strict:yes}": never,
    "reorderings{strict:yes}": never,
    faults: never,
    message_latency: [`p(99)<${limits.latencyP99Ms}`],
    longest_wait: [`max<${limits.longestWaitMs}`],
  };
}

/** Beside {@link promisesOf}, where rooms are moved and servers drained and killed: that this did happen, and the pause of a move. */
export function chaosPromises(
  wanted: { readonly moves: boolean; readonly drains: boolean; readonly kills: boolean },
  limits: LoadLimits,
): Thresholds {
  const some = ["count>0"];
  return {
    ...(wanted.moves ? { moves: some, move_pause: [`p(99)<${limits.movePauseP99Ms}`] } : {}),
    ...(wanted.drains ? { drains: some } : {}),
    ...(wanted.kills ? { kills: some } : {}),
  };
}
