import { claimed, claimsIn, looked, mayClaim, noRecentClaims } from "../cluster/bounded-load.ts";
import type { ClaimVerdict } from "../cluster/ownership.ts";
import type { WatchedClock } from "../cluster/watched-time.ts";
import type { MemberAgent } from "../store/member-agent.ts";
import type { RoomKey } from "../wire/ids.ts";
import type { Logger } from "../wire/runtime.ts";
import type { Candidates } from "./candidates.ts";
import { FaultBook, quarantine } from "./fault-book.ts";

export interface ClaimJudgeDeps {
  /** Shows watched time. */
  readonly clock: WatchedClock;
  readonly log: Logger;
  readonly members: MemberAgent;
  readonly candidates: Candidates;
  readonly selfFreezeMs: number;
  readonly roomsMax: number;
  readonly weight: number;
  isLive(): boolean;
  /** Rooms here and on their way here, without the one in question. */
  roomsHere(): number;
}

/** A room that is refused is named in the log so often, however many ask for it. */
const namedEveryMs = 10_000;
const namedMax = 10_000;

/** Whether this server takes a room that is to be had. */
export class ClaimJudge {
  readonly #deps: ClaimJudgeDeps;
  readonly #faults = new FaultBook();
  /** When refused rooms were named in the log, oldest first. */
  readonly #named = new Map<RoomKey, number>();
  #recentClaims = noRecentClaims;

  constructor(deps: ClaimJudgeDeps) {
    this.#deps = deps;
  }

  /** The view of the others was looked at again. */
  looked(): void {
    this.#recentClaims = looked(this.#recentClaims);
  }

  roomFailed(room: RoomKey): void {
    this.#faults.note(room, this.#deps.clock.nowMs());
  }

  /** QUAR-1: servers that it has ended, and its faults here, within the last minute. */
  isQuarantined(room: RoomKey): boolean {
    const { candidates, clock } = this.#deps;
    return candidates.deathsBy(room) + this.#faults.count(room, clock.nowMs()) >= quarantine.faultsMax;
  }

  /** `isOrdered`: an operator wants it here, whatever it has done and whatever its share is. */
  verdict(room: RoomKey, force: boolean, isOrdered: boolean): ClaimVerdict {
    const { members, candidates, selfFreezeMs, roomsMax, weight, isLive, roomsHere } = this.#deps;
    if (!isLive()) return "draining";
    // OWN-3: whoever looks at a room's owner behind this claim must find that this server lives.
    if (members.renewal(selfFreezeMs) === "stale") return "unavailable";
    if (!isOrdered && this.isQuarantined(room)) {
      this.#nameRefused(room);
      return "quarantined";
    }
    const ownRooms = roomsHere();
    if (ownRooms >= roomsMax) return "full";
    const claimsSinceView = claimsIn(this.#recentClaims);
    const load = { ownRooms, ownWeight: weight, others: candidates.othersLoad(), claimsSinceView };
    if (!force && !isOrdered && !mayClaim(load).ok) return "full";
    this.#recentClaims = claimed(this.#recentClaims);
    return "yes";
  }

  #nameRefused(room: RoomKey): void {
    const { clock, log } = this.#deps;
    const nowMs = clock.nowMs();
    if (nowMs - (this.#named.get(room) ?? Number.NEGATIVE_INFINITY) < namedEveryMs) return;
    this.#named.delete(room);
    this.#named.set(room, nowMs);
    if (this.#named.size > namedMax) this.#named.delete(this.#named.keys().next().value as RoomKey);
    log.error({ room }, "the room has failed, or ended its server, again and again: it is quarantined");
  }
}
