/** A server may hold this many times its fair share before it refuses to claim more. */
export const loadFactor = 1.25;

export interface ServerLoad {
  readonly rooms: number;
  /** Capacity relative to the others, above 0. */
  readonly weight: number;
}

export interface ClaimSituation {
  /** Rooms that this server owns now, claims under way included. */
  readonly ownRooms: number;
  readonly ownWeight: number;
  /** The other servers that can take rooms, as last heard of: a heartbeat old, or two. */
  readonly others: readonly ServerLoad[];
  /** Rooms that this server has claimed since the others may have written what it knows of them: {@link RecentClaims}. */
  readonly claimsSinceView: number;
}

/** `limit`: the rooms that the server may hold as things stand. */
export type ClaimVerdict = { readonly ok: true } | { readonly ok: false; readonly limit: number };

/**
 * Counts a server's own claims between its looks at the others' rows. A row that is new at one look was written at any time since
 * the look before, so the claims of two spans count: all that may be missing in the others' rows.
 */
export interface RecentClaims {
  readonly sinceLook: number;
  readonly inSpanBefore: number;
}

export const noRecentClaims: RecentClaims = Object.freeze({ sinceLook: 0, inSpanBefore: 0 });

export function claimed(recent: RecentClaims): RecentClaims {
  return { ...recent, sinceLook: recent.sinceLook + 1 };
}

/** The server has just read the others' rows. */
export function looked(recent: RecentClaims): RecentClaims {
  return { sinceLook: 0, inSpanBefore: recent.sinceLook };
}

/** What to give as `claimsSinceView`. */
export function claimsIn(recent: RecentClaims): number {
  return recent.sinceLook + recent.inSpanBefore;
}

/**
 * Whether a server may claim one more room: it may not go above 1.25 × its share, by weight, of all rooms. The next in rank
 * takes what it refuses.
 *
 * The view of the others is old. They are taken to have claimed since then as this server has, in proportion to their weights:
 * keyed hashing makes that the most likely case, and stale zeros would otherwise refuse a burst right after the start, or the
 * rooms of a server that has just died. So a skew cannot be seen for a heartbeat or two; a server that took too much in them
 * refuses from the next view on, until the others have caught up.
 *
 * The limit is rounded up. Thus the limits of all servers add up to more than all rooms: with true numbers there is always
 * one that may claim, even for the first room of three servers.
 */
export function mayClaim(situation: ClaimSituation): ClaimVerdict {
  const { ownRooms, ownWeight, others, claimsSinceView } = situation;
  if (!(ownWeight > 0)) return { ok: false, limit: 0 };
  let othersRooms = 0;
  let othersWeight = 0;
  for (const other of others) {
    othersRooms += other.rooms;
    othersWeight += other.weight;
  }
  const grown = (claimsSinceView * othersWeight) / ownWeight;
  const allRooms = ownRooms + 1 + othersRooms + grown;
  const limit = Math.ceil((loadFactor * allRooms * ownWeight) / (ownWeight + othersWeight));
  return ownRooms < limit ? { ok: true } : { ok: false, limit };
}
