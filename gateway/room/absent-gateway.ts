import type { Member } from "../cluster/membership.ts";

/** A gateway that is not known to be dead has at least this long, and longer than it holds, to come back before its sessions are given up. */
const detachedMsMin = 20_000;

/**
 * ROOM-31: whether a gateway without a trunk since `sinceMs` will not come back with its sessions. One that was started anew under its
 * old id has none of the sessions of the process before it. `holdMs` is the gateway's.
 */
export function isGatewayGone(
  member: Pick<Member<unknown>, "state" | "absentMs"> | undefined,
  { sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: number },
  { leaseMs, holdMs }: { readonly leaseMs: number; readonly holdMs: number },
): boolean {
  const detachedMs = nowMs - sinceMs;
  if (detachedMs >= Math.max(detachedMsMin, holdMs + leaseMs)) return true;
  // One that is not in the view may have come after the last look.
  return member ? member.state === "lost" || member.absentMs >= sinceMs : detachedMs >= leaseMs;
}
