import { inStateMs, type Member, type MemberId, type MembershipTiming } from "../cluster/membership.ts";
import { MemberAgent } from "../store/member-agent.ts";
import type { MemberRecord, MemberStore, Store } from "../store/port.ts";
import type { Runtime } from "../wire/runtime.ts";

/** The operating side's own view of who lives; it never depends on what a gateway or a server thinks. */
export interface MemberWatch {
  /** In the order of their ids, `s2` before `s10`. As of the last look that worked. */
  members(): readonly Member<MemberRecord>[];
  /** Whether the store has answered lately. */
  readonly storeAnswers: boolean;
  /** Looks now. */
  refresh(): Promise<void>;
  /** The process that is this member now is known to be gone, and no other was started under its id since. */
  giveEvidence(id: MemberId): void;
  stop(): Promise<void>;
}

/** A lost member's row is removed after this: by then everybody has long drawn the conclusions. */
export const sweepAfterMsDefault = 60_000;
/** Looks in a row that failed, or heartbeats that one look has been under way, until the store counts as silent. */
const missedLooksMax = 3;

/** Rejects with a `RoomgateError` (`store-unavailable`) where the first look fails. */
export async function watchMembers(
  runtime: Runtime,
  store: Store,
  timing: MembershipTiming,
  sweepAfterMs: number = sweepAfterMsDefault,
): Promise<MemberWatch> {
  const looks = countLooks(runtime, store.members);
  const agent = new MemberAgent({ runtime, members: looks.members, timing, self: undefined, onLook: sweep });

  function sweep(): void {
    for (const member of agent.membership.members.values()) {
      if (member.state !== "lost" || inStateMs(agent.membership, member) < sweepAfterMs) continue;
      const { id, instance } = member;
      runtime.log.info({ who: id }, "removing the row of a lost member");
      // Conditional on the instance; where it fails the next look tries again.
      void store.members.remove(id, instance);
    }
  }

  await agent.start();
  return {
    members: () => [...agent.membership.members.values()].sort((a, b) => compareIds(a.id, b.id)),
    get storeAnswers() {
      return looks.failures < missedLooksMax && looks.underWayMs() < missedLooksMax * timing.heartbeatMs;
    },
    refresh: () => agent.beat(),
    giveEvidence: (id) => {
      const member = agent.member(id);
      if (member) agent.giveEvidence(id, member.instance);
    },
    stop: () => agent.stop(),
  };
}

/**
 * OPS-18: only looks tell of the store. The time since the last one tells as much of this process, which may have stood still
 * itself.
 */
function countLooks(runtime: Runtime, members: MemberStore) {
  let beganMs: number | undefined;
  let failures = 0;
  return {
    get failures(): number {
      return failures;
    },
    underWayMs: (): number => (beganMs === undefined ? 0 : runtime.nowMs() - beganMs),
    members: {
      put: (record) => members.put(record),
      remove: (id, instance) => members.remove(id, instance),
      list: async () => {
        beganMs = runtime.nowMs();
        const answer = await members.list();
        beganMs = undefined;
        failures = answer.kind === "members" ? 0 : failures + 1;
        return answer;
      },
    } satisfies MemberStore,
  };
}

function compareIds(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
