import type { Member } from "../cluster/membership.ts";
import type { Instant } from "../cluster/watched-time.ts";

/** A gateway that is not known to be dead has at least this long, and longer than it holds, to come back before its sessions are given up. */
const detachedMsMax = 20_000;

/**
 * ROOM-31: whether a gateway without a trunk since `since` will not come back with its sessions. One that was started anew under its
 * old id has none of the sessions of the process before it. LIVE-15: its absence is as long as this server has watched it.
 */
export function isGatewayGone(
  member: Pick<Member<unknown>, "state" | "absentMs"> | undefined,
  { since, now }: { readonly since: Instant; readonly now: Instant },
  { leaseMs, holdMs }: { readonly leaseMs: number; readonly holdMs: number },
): boolean {
  const detachedMs = now.watchedMs - since.watchedMs;
  if (detachedMs >= Math.max(detachedMsMax, holdMs + leaseMs)) return true;
  // One that is not in the view may have come after the last look.
  return member ? member.state === "lost" || member.absentMs >= since.nowMs : detachedMs >= leaseMs;
}
