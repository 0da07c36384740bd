import { describe, expect, it } from "vitest";
import {
  beginMembership,
  giveEvidence,
  inStateMs,
  type Judgement,
  type MemberRow,
  type Membership,
  type MembershipEvent,
  observe,
  usableServers,
} from "../../../gateway/cluster/membership.ts";
import type { ServerId } from "../../../gateway/wire/ids.ts";

const timing = { heartbeatMs: 500, leaseMs: 3000 };
const a = "a" as ServerId;

const row = (counter: number, change: Partial<MemberRow<string>> = {}): MemberRow<string> => ({
  id: a,
  kind: "server",
  instance: "one",
  counter,
  state: "live",
  info: "",
  ...change,
});

/** One observer, its looks, and what it has heard so far. A look takes no time unless it says so. */
function makeObserver() {
  let membership: Membership<string> = beginMembership();
  let events: MembershipEvent[] = [];
  const keep = (judgement: Judgement<string>): void => {
    membership = judgement.membership;
    events.push(...judgement.events);
  };
  return {
    look: (nowMs: number, ...rows: MemberRow<string>[]) =>
      keep(observe(membership, { rows, askedMs: nowMs, answeredMs: nowMs }, timing)),
    slowLook: (askedMs: number, answeredMs: number, ...rows: MemberRow<string>[]) =>
      keep(observe(membership, { rows, askedMs, answeredMs }, timing)),
    evidence: (nowMs: number, instance = "one") => keep(giveEvidence(membership, a, instance, nowMs)),
    /** Looks every heartbeat in (fromMs, toMs] at the same row. */
    watch: (fromMs: number, toMs: number, same: MemberRow<string>) => {
      for (let nowMs = fromMs + 500; nowMs <= toMs; nowMs += 500) {
        keep(observe(membership, { rows: [same], askedMs: nowMs, answeredMs: nowMs }, timing));
      }
    },
    member: () => membership.members.get(a),
    state: () => membership.members.get(a)?.state,
    inStateMs: () => inStateMs(membership, membership.members.get(a) ?? { sinceMs: Number.NaN }),
    usable: () => usableServers(membership).map(({ id }) => id),
    revision: () => membership.revision,
    /** What was heard since the last call. */
    heard: () => {
      const kinds = events.map((event) => event.kind);
      events = [];
      return kinds;
    },
  };
}

describe("first look", () => {
  it("LIVE-1: everybody is live and usable at once, on credit", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    expect(observer.heard()).toEqual(["memberJoined"]);
    expect(observer.member()).toMatchObject({ state: "live", proven: false, usable: true });
  });

  it("LIVE-1: a counter that moves proves the member", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.look(500, row(2));
    expect(observer.member()).toMatchObject({ state: "live", proven: true, usable: true });
    observer.watch(500, 2500, row(2));
    expect(observer.usable()).toEqual([a]);
  });

  it("LIVE-1: a row that a crashed cluster left behind is not usable after three heartbeats, and lost after the lease", () => {
    const observer = makeObserver();
    observer.look(0, row(7));
    observer.watch(0, 1000, row(7));
    expect(observer.usable()).toEqual([a]);
    observer.watch(1000, 1500, row(7));
    expect(observer.usable()).toEqual([]);
    expect(observer.state()).toBe("live");
    observer.watch(1500, 2500, row(7));
    expect(observer.heard()).toEqual(["memberJoined"]);
    observer.watch(2500, 3000, row(7));
    expect(observer.heard()).toEqual(["memberLost"]);
  });

  it("LIVE-1: a row that appears later was just written: it needs no credit", () => {
    const observer = makeObserver();
    observer.look(0);
    observer.look(5000, row(1));
    expect(observer.member()).toMatchObject({ state: "live", proven: true, usable: true });
  });
});

describe("silence", () => {
  it("LIVE-2: a member is lost when its counter has not moved for the lease, not before, and is told once", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.look(500, row(2));
    observer.watch(500, 3000, row(2));
    expect(observer.state()).toBe("live");
    observer.look(3499, row(2));
    expect(observer.state()).toBe("live");
    observer.look(3500, row(2));
    expect(observer.state()).toBe("lost");
    observer.watch(3500, 9000, row(2));
    expect(observer.heard()).toEqual(["memberJoined", "memberLost"]);
    expect(observer.member()?.sinceMs).toBe(3500);
  });

  it("LIVE-15: how long a member has been lost counts only as it was watched", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.watch(0, 3500, row(1));
    expect(observer.state()).toBe("lost");
    observer.look(63_500, row(1));
    expect(observer.inStateMs()).toBe(1500);
    observer.watch(63_500, 65_000, row(1));
    expect(observer.inStateMs()).toBe(3000);
  });

  it("LIVE-2: a lost member is back when its counter moves", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.watch(0, 3000, row(1));
    observer.look(3500, row(2));
    expect(observer.heard()).toEqual(["memberJoined", "memberLost", "memberBack"]);
    expect(observer.usable()).toEqual([a]);
  });

  it("LIVE-2: a stale read does not count as a move, nor bring old information back", () => {
    const observer = makeObserver();
    observer.look(0, row(8, { info: "new" }));
    for (let nowMs = 500; nowMs <= 3000; nowMs += 500) {
      observer.look(nowMs, nowMs % 1000 === 0 ? row(8, { info: "new" }) : row(7, { info: "old" }));
      expect(observer.member()?.info).toBe("new");
    }
    expect(observer.state()).toBe("lost");
  });

  it("LIVE-2: a counter that is no number never moves", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.watch(0, 3000, row(Number.NaN));
    expect(observer.state()).toBe("lost");
  });

  it("LIVE-3: a slow look judges by when it was asked, and starts leases when it was answered", () => {
    const observer = makeObserver();
    observer.slowLook(0, 400, row(1));
    observer.watch(400, 2900, row(1));
    observer.slowLook(3350, 4200, row(1));
    expect(observer.state()).toBe("live");
    observer.look(4210, row(1));
    expect(observer.state()).toBe("lost");
  });

  it("LIVE-3: a move that a slow look shows may be as young as its answer", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.slowLook(500, 1000, row(2));
    for (const nowMs of [1400, 2300, 3200, 3999]) observer.look(nowMs, row(2));
    expect(observer.state()).toBe("live");
    observer.look(4000, row(2));
    expect(observer.state()).toBe("lost");
  });
});

describe("an observer that did not look", () => {
  it("LIVE-4: gives everybody a new lease from its next look", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.look(500, row(2));
    observer.look(10_500, row(2));
    expect(observer.state()).toBe("live");
    observer.watch(10_500, 13_000, row(2));
    expect(observer.state()).toBe("live");
    observer.watch(13_000, 13_500, row(2));
    expect(observer.state()).toBe("lost");
  });

  it("LIVE-4: the new lease runs from the answer of that look", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.slowLook(10_000, 10_800, row(1));
    for (const nowMs of [10_900, 11_800, 12_700, 13_700]) observer.look(nowMs, row(1));
    expect(observer.state()).toBe("live");
    observer.look(13_800, row(1));
    expect(observer.state()).toBe("lost");
  });

  it("LIVE-4: two heartbeats between looks are no such gap", () => {
    const observer = makeObserver();
    for (const nowMs of [0, 1000, 2000]) observer.look(nowMs, row(1));
    expect(observer.state()).toBe("live");
    observer.look(3000, row(1));
    expect(observer.state()).toBe("lost");
  });

  it("LIVE-4: does not so forever: an observer whose looks are always late finds out who is dead", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.look(2000, row(1));
    observer.look(4000, row(1));
    observer.look(6000, row(1));
    expect(observer.state()).toBe("live");
    observer.look(8000, row(1));
    expect(observer.state()).toBe("lost");
  });

  it("LIVE-4: a pause while a look was under way counts as well", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.slowLook(500, 10_500, row(1));
    observer.look(10_600, row(1));
    expect(observer.state()).toBe("live");
  });

  it("LIVE-4: a member that is lost stays lost", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.watch(0, 3000, row(1));
    observer.look(20_000, row(1));
    expect(observer.state()).toBe("lost");
  });
});

describe("evidence", () => {
  it("LIVE-5: makes its instance lost at once, and is told once", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.evidence(10);
    observer.evidence(20);
    expect(observer.state()).toBe("lost");
    expect(observer.usable()).toEqual([]);
    expect(observer.heard()).toEqual(["memberJoined", "memberLost"]);
  });

  it("LIVE-5: is not cleared by a heartbeat from before it that the next look shows", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.evidence(400);
    observer.look(500, row(2));
    observer.watch(500, 9000, row(2));
    expect(observer.state()).toBe("lost");
  });

  it("LIVE-5: a look that was asked before it is no baseline", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.evidence(450);
    observer.slowLook(400, 600, row(1));
    observer.look(900, row(2));
    expect(observer.state()).toBe("lost");
  });

  it("LIVE-5: is cleared by a counter that goes on moving", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.evidence(400);
    observer.look(500, row(2));
    observer.look(1000, row(3));
    expect(observer.heard()).toEqual(["memberJoined", "memberLost", "memberBack"]);
    expect(observer.usable()).toEqual([a]);
  });

  it("LIVE-5: given again, it needs another proof of life", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.evidence(400);
    observer.look(500, row(2));
    observer.evidence(900);
    observer.look(1000, row(3));
    expect(observer.state()).toBe("lost");
    observer.look(1500, row(4));
    expect(observer.state()).toBe("live");
  });

  it("LIVE-5: is cleared by a new instance, and says nothing about one", () => {
    const observer = makeObserver();
    observer.look(0, row(9));
    observer.evidence(400);
    observer.look(500, row(1, { instance: "two" }));
    expect(observer.state()).toBe("live");
    observer.evidence(600, "one");
    expect(observer.state()).toBe("live");
    expect(observer.heard()).toEqual(["memberJoined", "memberLost", "memberRestarted"]);
  });

  it("LIVE-5: about somebody unknown it changes nothing", () => {
    const membership = beginMembership<string>();
    expect(giveEvidence(membership, a, "one", 0)).toEqual({ membership, events: [] });
  });
});

describe("coming and going", () => {
  it("LIVE-6: a row that is gone is a member that left", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.look(500);
    expect(observer.heard()).toEqual(["memberJoined", "memberLeft"]);
    expect(observer.member()).toBeUndefined();
  });

  it("LIVE-6: another instance under the same id is a restart, whatever its counter", () => {
    const observer = makeObserver();
    observer.look(0, row(100));
    observer.look(500, row(1, { instance: "two" }));
    expect(observer.heard()).toEqual(["memberJoined", "memberRestarted"]);
    expect(observer.member()).toMatchObject({ instance: "two", counter: 1, proven: true, leaseFromMs: 500 });
  });

  it("LIVE-6: a draining member lives, but takes no rooms", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    observer.look(500, row(2, { state: "draining" }));
    expect(observer.heard()).toEqual(["memberJoined", "memberDraining"]);
    expect(observer.usable()).toEqual([]);
    observer.watch(500, 3500, row(2, { state: "draining" }));
    expect(observer.state()).toBe("lost");
    observer.look(4000, row(3, { state: "draining" }));
    expect(observer.state()).toBe("draining");
  });

  it("gateways are never usable servers", () => {
    const observer = makeObserver();
    observer.look(0, row(1, { kind: "gateway" }));
    expect(observer.state()).toBe("live");
    expect(observer.usable()).toEqual([]);
  });

  it("`revision` rises with what placement depends on, and only then", () => {
    const observer = makeObserver();
    const risesBy = (act: () => void): number => {
      const before = observer.revision();
      act();
      return observer.revision() - before;
    };
    expect(risesBy(() => observer.look(0, row(1)))).toBe(1);
    expect(risesBy(() => observer.look(500, row(2, { info: "other" })))).toBe(0);
    expect(risesBy(() => observer.watch(500, 3000, row(2)))).toBe(0);
    expect(risesBy(() => observer.look(3500, row(2)))).toBe(1);
    expect(risesBy(() => observer.evidence(3600))).toBe(0);
    expect(risesBy(() => observer.look(4000, row(1, { instance: "two" })))).toBe(1);
    expect(risesBy(() => observer.evidence(4100, "two"))).toBe(1);
    expect(risesBy(() => observer.look(4500))).toBe(1);
    expect(risesBy(() => observer.look(5000))).toBe(0);
  });

  it("`revision` rises when credit runs out", () => {
    const observer = makeObserver();
    observer.look(0, row(1));
    const before = observer.revision();
    observer.watch(0, 1500, row(1));
    expect(observer.revision()).toBe(before + 1);
  });
});
