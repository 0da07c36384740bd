/**
 * Whether a server has renewed its row lately enough to go on. One that has not freezes itself: it stops its turns before
 * anybody else's lease on it can have run out (DESIGN rule 1 makes that a courtesy to memory rooms, not a condition of safety).
 */
export interface Renewal {
  /**
   * When the last *successful* put was started, on the server's own monotonic clock; `undefined` if none was. Started, not
   * answered: observers may have seen the row at any time in between, so their leases may have begun as early as that.
   */
  readonly renewedMs: number | undefined;
  /** When the latest silence ended in which somebody's lease on the process may have run out; `undefined` if there was none. */
  readonly lapseEndedMs: number | undefined;
}

export const neverRenewed: Renewal = Object.freeze({ renewedMs: undefined, lapseEndedMs: undefined });

export interface Put {
  readonly startedMs: number;
  readonly answeredMs: number;
}

/** A put has succeeded. Answers may overtake each other: the latest start counts. */
export function renewed(renewal: Renewal, { startedMs, answeredMs }: Put, leaseMs: number): Renewal {
  const { renewedMs, lapseEndedMs } = renewal;
  if (renewedMs !== undefined && renewedMs >= startedMs) return renewal;
  const hasLapsed = renewedMs !== undefined && answeredMs - renewedMs >= leaseMs;
  return { renewedMs: startedMs, lapseEndedMs: hasLapsed ? answeredMs : lapseEndedMs };
}

/** LIVE-12: whether anybody may have taken this process for lost at any time since `sinceMs`. */
export function mayHaveLapsed(renewal: Renewal, sinceMs: number, nowMs: number, leaseMs: number): boolean {
  const { renewedMs, lapseEndedMs } = renewal;
  if (renewedMs === undefined || nowMs - renewedMs >= leaseMs) return true;
  return lapseEndedMs !== undefined && lapseEndedMs >= sinceMs;
}

/** `stale`: freeze now. A server that was never renewed is stale, since nobody knows of it. */
export function judgeRenewal(renewal: Renewal, nowMs: number, selfFreezeMs: number): "fresh" | "stale" {
  return renewal.renewedMs !== undefined && nowMs - renewal.renewedMs < selfFreezeMs ? "fresh" : "stale";
}
