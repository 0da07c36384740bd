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
}

export const neverRenewed: Renewal = Object.freeze({ renewedMs: undefined });

/** A put that was started at `startedMs` has succeeded. Answers may overtake each other: the latest start counts. */
export function renewed(renewal: Renewal, startedMs: number): Renewal {
  return renewal.renewedMs !== undefined && renewal.renewedMs >= startedMs ? renewal : { renewedMs: startedMs };
}

/** `stale`: freeze now. A server that was never renewed is stale, since nobody knows of it. */
export function judgeRenewal(renewal: Renewal, nowMs: number, selfFreezeMs: number): "fresh" | "stale" {
  return renewal.renewedMs !== undefined && nowMs - renewal.renewedMs < selfFreezeMs ? "fresh" : "stale";
}
