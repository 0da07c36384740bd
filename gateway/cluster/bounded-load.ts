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
  /** Rooms that this server has claimed since it last heard of the others. */
  readonly claimsSinceView: number;
}

/** `limit`: the rooms that the server may hold as things stand. */
export type ClaimVerdict = { readonly ok: true } | { readonly ok: false; readonly limit: number };

/**
 * Whether a server may claim one more room: it may not go above 1.25 × its share, by weight, of all rooms. The next in rank
 * takes what it refuses.
 *
 * The view of the others is old. They are taken to have claimed since then as this server has, in proportion to their weights:
 * keyed hashing makes that the most likely case, and stale zeros would otherwise refuse a burst right after the start, or the
 * rooms of a server that has just died. So within one heartbeat a skew cannot be seen; a server that took too much in it
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
