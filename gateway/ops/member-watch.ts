import {
  beginMembership,
  type Member,
  type Membership,
  type MembershipTiming,
  observe,
} from "../cluster/membership.ts";
import type { MemberRecord, Store } from "../store/port.ts";
import type { Runtime, Timer } from "../wire/runtime.ts";

/** The operating side's own view of who lives; it never depends on what a gateway or a server thinks. */
export interface MemberWatch {
  /** By id. What was there at the last look that worked. */
  members(): readonly Member<MemberRecord>[];
  /** Whether the store answered the last look. */
  readonly storeAnswers: boolean;
  /** Looks now, after a look that is under way. */
  refresh(): Promise<void>;
  stop(): void;
}

/** A lost member's row is removed after this: by then everybody has long drawn the conclusions. Default of {@link watchMembers}. */
export const sweepAfterMsDefault = 60_000;

export function watchMembers(
  runtime: Runtime,
  store: Store,
  timing: MembershipTiming,
  sweepAfterMs: number = sweepAfterMsDefault,
): MemberWatch {
  let membership: Membership<MemberRecord> = beginMembership();
  let storeAnswers = false;
  let timer: Timer | undefined;
  let isStopped = false;
  let underWay: Promise<void> | undefined;

  async function look(): Promise<void> {
    const askedMs = runtime.nowMs();
    const list = await store.members.list();
    storeAnswers = list.kind === "members";
    if (list.kind !== "members") {
      runtime.log.warn({ reason: list.reason }, "the store does not say who lives");
      return;
    }
    const rows = list.members.map((record) => ({ ...record, info: record }));
    membership = observe(membership, { rows, askedMs, answeredMs: runtime.nowMs() }, timing).membership;
    for (const member of membership.members.values()) {
      if (member.state !== "lost" || runtime.nowMs() - member.sinceMs < sweepAfterMs) continue;
      runtime.log.info({ member: member.id }, "removing the row of a lost member");
      await store.members.remove(member.id, member.instance);
    }
  }

  function lookOnce(): Promise<void> {
    underWay ??= look().finally(() => {
      underWay = undefined;
    });
    return underWay;
  }

  function repeat(): void {
    void lookOnce().finally(() => {
      if (!isStopped) timer = runtime.after(timing.heartbeatMs, repeat);
    });
  }

  repeat();
  return {
    members: () => [...membership.members.values()].sort((a, b) => compareIds(a.id, b.id)),
    get storeAnswers() {
      return storeAnswers;
    },
    async refresh() {
      await underWay;
      await lookOnce();
    },
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}

/** `s2` before `s10`. */
function compareIds(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
