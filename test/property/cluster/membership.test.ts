import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  beginMembership,
  giveEvidence,
  type MemberRow,
  type MembershipEvent,
  observe,
} from "../../../gateway/cluster/membership.ts";
import { judgeRenewal, neverRenewed, renewed } from "../../../gateway/cluster/renewal.ts";
import { defaultTiming } from "../../../gateway/cluster/timing.ts";
import type { ServerId } from "../../../gateway/wire/ids.ts";

const { heartbeatMs, leaseMs, selfFreezeMs } = defaultTiming;

/** True time is the simulation's own; nobody in it can read it. */
interface Put {
  readonly appliedMs: number;
  readonly row: MemberRow<null>;
}

/** Puts of one process, by the spans between them. */
function putsOf(id: string, gapsMs: readonly number[], firstMs = 0): Put[] {
  let appliedMs = firstMs;
  return [0, ...gapsMs].map((gapMs, counter) => {
    appliedMs += gapMs;
    const row = { id: id as ServerId, kind: "server", instance: "one", counter, state: "live", info: null } as const;
    return { appliedMs, row };
  });
}

interface TrueLook {
  readonly askedMs: number;
  /** When the store read the rows: somewhere between question and answer. */
  readonly readMs: number;
  readonly answeredMs: number;
}

interface LookSpan {
  /** From one question to the next is at most two heartbeats, unless a look is slow. */
  readonly waitMs: number;
  readonly toReadMs: number;
  readonly toAnswerMs: number;
  readonly isSlow: boolean;
}

const anyLookSpan: fc.Arbitrary<LookSpan> = fc.record({
  waitMs: fc.integer({ min: 1, max: 2 * heartbeatMs }),
  toReadMs: fc.integer({ min: 0, max: 4000 }),
  toAnswerMs: fc.integer({ min: 0, max: 4000 }),
  isSlow: fc.boolean(),
});
const anyLookSpans = fc.array(anyLookSpan, { minLength: 30, maxLength: 80 });

function looksOf(spans: readonly LookSpan[]): TrueLook[] {
  let nowMs = 0;
  return spans.map(({ waitMs, toReadMs, toAnswerMs, isSlow }) => {
    const askedMs = nowMs + waitMs;
    const readMs = askedMs + (isSlow ? toReadMs : toReadMs % 20);
    const answeredMs = readMs + (isSlow ? toAnswerMs : toAnswerMs % 20);
    nowMs = answeredMs;
    return { askedMs, readMs, answeredMs };
  });
}

/** What an observer hears whose clock is `offsetMs` off true time. */
function hear(
  members: readonly (readonly Put[])[],
  looks: readonly TrueLook[],
  offsetMs = 0,
): { event: MembershipEvent; atMs: number }[] {
  let membership = beginMembership<null>();
  const heard: { event: MembershipEvent; atMs: number }[] = [];
  for (const { askedMs, readMs, answeredMs } of looks) {
    const rows = members.flatMap((puts) => puts.findLast((put) => put.appliedMs <= readMs)?.row ?? []);
    const look = { rows, askedMs: askedMs + offsetMs, answeredMs: answeredMs + offsetMs };
    const judgement = observe(membership, look, { heartbeatMs, leaseMs });
    membership = judgement.membership;
    heard.push(...judgement.events.map((event) => ({ event, atMs: answeredMs })));
  }
  return heard;
}

const lossesIn = (heard: readonly { event: MembershipEvent; atMs: number }[]) =>
  heard.filter(({ event }) => event.kind === "memberLost");

/** Enough puts to outlast any run of looks above. */
const anyGapsBelowLease = fc.array(fc.integer({ min: 1, max: leaseMs - 1 }), { minLength: 1500, maxLength: 1500 });

describe("membership, for any timing", () => {
  it("LIVE-2: a live member is never lost, under any jitter below the lease and any delay of the store", () => {
    fc.assert(
      fc.property(anyGapsBelowLease, anyLookSpans, (gapsMs, spans) => {
        const gapsToTheEnd = [...gapsMs, ...Array.from({ length: 400 }, () => leaseMs - 1)];
        expect(lossesIn(hear([putsOf("a", gapsToTheEnd)], looksOf(spans)))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it("LIVE-2: a dead member is lost within the lease and one observation", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: leaseMs - 1 }), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 2 * heartbeatMs }), { minLength: 100, maxLength: 100 }),
        (gapsMs, waitsMs) => {
          // A tail at the usual pace, so that the run always reaches the judgement.
          const usual = Array.from({ length: 60 }, () => heartbeatMs);
          let nowMs = 0;
          const looks = [...waitsMs, ...usual].map((waitMs): TrueLook => {
            nowMs += waitMs;
            return { askedMs: nowMs, readMs: nowMs, answeredMs: nowMs };
          });
          const puts = putsOf("a", gapsMs);
          const diedMs = puts.at(-1)?.appliedMs ?? 0;
          const seenMs = looks.find((look) => look.readMs >= diedMs)?.answeredMs ?? 0;
          const losses = lossesIn(hear([puts], looks));
          expect(losses).toHaveLength(1);
          const dueMs = seenMs + leaseMs;
          expect(losses[0]?.atMs).toBeGreaterThanOrEqual(dueMs);
          expect(losses[0]?.atMs).toBe(looks.find((look) => look.askedMs >= dueMs)?.answeredMs);
        },
      ),
    );
  });

  it("LIVE-2: the member's clock does not matter, and the observer's only in its differences", () => {
    const anyMembers = fc.array(fc.array(fc.integer({ min: 1, max: 6000 }), { maxLength: 20 }), { maxLength: 4 });
    fc.assert(
      fc.property(anyMembers, anyLookSpans, fc.integer({ min: -1e12, max: 1e12 }), (members, spans, offsetMs) => {
        const puts = members.map((gapsMs, index) => putsOf(`member-${index}`, gapsMs));
        expect(hear(puts, looksOf(spans), offsetMs)).toEqual(hear(puts, looksOf(spans)));
      }),
    );
  });

  it("LIVE-2: members are judged independently of each other", () => {
    const anyGaps = fc.array(fc.integer({ min: 1, max: 6000 }), { maxLength: 20 });
    fc.assert(
      fc.property(anyGaps, anyGaps, anyLookSpans, (gapsOfA, gapsOfB, spans) => {
        const a = putsOf("a", gapsOfA);
        const together = hear([a, putsOf("b", gapsOfB)], looksOf(spans)).filter(({ event }) => event.id === "a");
        expect(together).toEqual(hear([a], looksOf(spans)));
      }),
    );
  });

  it("LIVE-4: when everybody was stopped together, nobody is lost for it", () => {
    const jitter = fc.integer({ min: 300, max: 1400 });
    fc.assert(
      fc.property(
        fc.array(fc.array(jitter, { minLength: 60, maxLength: 60 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1000, max: 15_000 }),
        fc.integer({ min: 2001, max: 600_000 }),
        (members, stoppedMs, pauseMs) => {
          const paused = (ms: number): number => (ms >= stoppedMs ? ms + pauseMs : ms);
          const puts = members.map((gapsMs, index) =>
            putsOf(`member-${index}`, gapsMs).map((put) => ({ ...put, appliedMs: paused(put.appliedMs) })),
          );
          const looks = Array.from({ length: 35 }, (_, n): TrueLook => {
            const atMs = paused((n + 1) * heartbeatMs);
            return { askedMs: atMs, readMs: atMs, answeredMs: atMs };
          });
          expect(lossesIn(hear(puts, looks))).toEqual([]);
        },
      ),
    );
  });

  it("LIVE-5: evidence holds against everything that was written before it", () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(500), anyLookSpans, (evidenceMs, diedBeforeMs, spans) => {
        const puts = putsOf("a", Array(100).fill(100)).filter((put) => put.appliedMs <= evidenceMs - diedBeforeMs);
        let membership = beginMembership<null>();
        let isGiven = false;
        for (const { askedMs, readMs, answeredMs } of looksOf(spans)) {
          if (!isGiven && evidenceMs <= answeredMs && membership.members.size > 0) {
            isGiven = true;
            membership = giveEvidence(membership, "a" as ServerId, "one", evidenceMs).membership;
          }
          const rows = puts.filter((put) => put.appliedMs <= readMs).slice(-1);
          const look = { rows: rows.map((put) => put.row), askedMs, answeredMs };
          membership = observe(membership, look, { heartbeatMs, leaseMs }).membership;
          if (isGiven) expect(membership.members.get("a" as ServerId)?.state).toBe("lost");
        }
      }),
    );
  });

  it("LIVE-6: every state meets every event, and what is told fits what is shown", () => {
    const anyRow: fc.Arbitrary<MemberRow<null>> = fc.record({
      id: fc.constantFrom("a" as ServerId, "b" as ServerId),
      kind: fc.constant("server" as const),
      instance: fc.constantFrom("one", "two"),
      counter: fc.nat(5),
      state: fc.constantFrom("live" as const, "draining" as const),
      info: fc.constant(null),
    });
    const anyStep = fc.oneof(
      fc.record({
        kind: fc.constant("look" as const),
        afterMs: fc.nat(2000),
        tookMs: fc.nat(500),
        rows: fc.uniqueArray(anyRow, { selector: (row) => row.id }),
      }),
      fc.record({
        kind: fc.constant("evidence" as const),
        afterMs: fc.nat(500),
        id: fc.constantFrom("a" as ServerId, "b" as ServerId),
        instance: fc.constantFrom("one", "two"),
      }),
    );
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
        let membership = beginMembership<null>();
        let nowMs = 0;
        /** State of each member as somebody who only hears the events would have it; draining counts as living. */
        const told = new Map<string, { instance: string; isLost: boolean }>();
        for (const step of steps) {
          nowMs += step.afterMs;
          const before = membership;
          const judgement =
            step.kind === "look"
              ? observe(
                  membership,
                  { rows: step.rows, askedMs: nowMs, answeredMs: nowMs + step.tookMs },
                  { heartbeatMs, leaseMs },
                )
              : giveEvidence(membership, step.id, step.instance, nowMs);
          if (step.kind === "look") nowMs += step.tookMs;
          membership = judgement.membership;
          for (const event of judgement.events) {
            if (event.kind === "memberLeft") told.delete(event.id);
            else told.set(event.id, { instance: event.instance, isLost: event.kind === "memberLost" });
          }
          const shown = [...membership.members.values()].map((member) => [
            member.id,
            { instance: member.instance, isLost: member.state === "lost" },
          ]);
          expect(Object.fromEntries(told)).toEqual(Object.fromEntries(shown));
          if (judgement.events.length > 0) expect(membership.revision).toBe(before.revision + 1);
          for (const member of membership.members.values()) if (member.usable) expect(member.state).toBe("live");
        }
      }),
    );
  });
});

describe("self-freeze against lease", () => {
  it("LIVE-7: a server has frozen itself before any observer calls it lost, however slow its puts and their looks are", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(1500), fc.nat(1500), fc.nat(1500)), { minLength: 1, maxLength: 10 }),
        anyLookSpans,
        (attempts, spans) => {
          let nowMs = 0;
          let renewal = neverRenewed;
          const puts = attempts.map(([restMs, toApplyMs, toAnswerMs], counter): Put => {
            const startedMs = nowMs + restMs;
            const appliedMs = startedMs + toApplyMs;
            nowMs = appliedMs + toAnswerMs;
            renewal = renewed(renewal, { startedMs, answeredMs: nowMs }, leaseMs);
            const row = {
              id: "a" as ServerId,
              kind: "server",
              instance: "one",
              counter,
              state: "live",
              info: null,
            } as const;
            return { appliedMs, row };
          });
          // The server hangs from its last put on. Whoever calls it lost after that does so when it would be stale.
          const lastAppliedMs = puts.at(-1)?.appliedMs ?? 0;
          for (const { atMs } of lossesIn(hear([puts], looksOf(spans)))) {
            if (atMs > lastAppliedMs) expect(judgeRenewal(renewal, atMs, selfFreezeMs)).toBe("stale");
          }
        },
      ),
    );
  });
});
