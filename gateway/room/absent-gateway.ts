import type { Member } from "../cluster/membership.ts";
import type { Instant } from "../cluster/watched-time.ts";
import type { MemberAgent } from "../store/member-agent.ts";
import { parseGatewayId } from "../wire/ids.ts";

/** A gateway that is not known to be dead has at least this long, and longer than it holds, to come back before its sessions are given up. */
const detachedMsMin = 20_000;

/**
 * ROOM-31: whether a gateway without a trunk since `since` will not come back with its sessions. One that was started anew under its
 * old id has none of the sessions of the process before it. LIVE-15: its absence is as long as this server has watched it. `holdMs` is the gateway's.
 */
export function isGatewayGone(
  member: Pick<Member<unknown>, "state" | "absentMs"> | undefined,
  { since, now }: { readonly since: Instant; readonly now: Instant },
  { leaseMs, holdMs }: { readonly leaseMs: number; readonly holdMs: number },
): boolean {
  const detachedMs = now.watchedMs - since.watchedMs;
  if (detachedMs >= Math.max(detachedMsMin, holdMs + leaseMs)) return true;
  // One that is not in the view may have come after the last look.
  return member ? member.state === "lost" || member.absentMs >= since.nowMs : detachedMs >= leaseMs;
}

/** As {@link isGatewayGone}, for all gateways of a server at one moment. `heldMs` is what the gateway has said that it holds for. */
export function gatewayJudge(
  members: Pick<MemberAgent, "member">,
  now: Instant,
  { leaseMs, holdMs }: { readonly leaseMs: number; readonly holdMs: number },
): (gateway: string, since: Instant, heldMs: number) => boolean {
  return (gateway, since, heldMs) => {
    const id = parseGatewayId(gateway);
    // Of one that has not been here since the room came, this server's own has to do.
    const spans = { leaseMs, holdMs: Math.max(holdMs, heldMs) };
    return isGatewayGone(id && members.member(id), { since, now }, spans);
  };
}
