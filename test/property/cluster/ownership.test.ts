import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Ownership,
  type OwnershipEffect,
  type OwnershipEvent,
  runsTurns,
  step,
} from "../../../gateway/cluster/ownership.ts";
import { me, other, ownershipSamples } from "../../support/cluster/machine-samples.ts";

const head = fc.record({
  epoch: fc.integer({ min: 1, max: 4 }),
  tail: fc.integer({ min: 0, max: 2 }),
  owner: fc.constantFrom(me, other, null),
});
const maybeHead = fc.option(head, { nil: undefined });

/** Any event at any time; `taken` is always ours, as the store answers it. */
const anyEvent: fc.Arbitrary<OwnershipEvent> = fc.oneof(
  fc.record({
    kind: fc.constant("headRead" as const),
    head: maybeHead,
    me: fc.constant(me),
    standing: fc.constantFrom("nobody" as const, "me" as const, "live" as const, "dead" as const, "silent" as const),
    claim: fc.constantFrom("yes" as const, "full" as const, "draining" as const),
  }),
  head.map((taken) => ({ kind: "taken" as const, head: { ...taken, owner: me } })),
  maybeHead.map((found) => ({ kind: "fenced" as const, head: found, me })),
  fc.record({
    kind: fc.constant("handedOver" as const),
    owner: fc.constant(other),
    epoch: fc.integer({ min: 1, max: 4 }),
  }),
  fc.constantFrom<OwnershipEvent>(
    { kind: "storeUnknown" },
    { kind: "storeUnavailable" },
    { kind: "restored", mayBeLost: false },
    { kind: "restored", mayBeLost: true },
    { kind: "restoreFailed" },
    { kind: "freezeRequested" },
    { kind: "moveCalledOff" },
    { kind: "renewalStale" },
    { kind: "renewalFresh" },
    { kind: "outrun" },
    { kind: "releaseRequested" },
    { kind: "released" },
    { kind: "roomThrew" },
    { kind: "retryDue" },
  ),
);

interface Taken {
  readonly before: Ownership;
  readonly event: OwnershipEvent;
  readonly after: Ownership;
  readonly effects: readonly OwnershipEffect[];
}

function walk(start: Ownership, events: readonly OwnershipEvent[]): Taken[] {
  const steps: Taken[] = [];
  let state = start;
  for (const event of events) {
    const next = step(state, event);
    steps.push({ before: state, event, after: next.state, effects: next.effects });
    state = next.state;
  }
  return steps;
}

const starts = fc.constantFrom<Ownership>(
  { kind: "reading", attempts: 0 },
  // As a room that has just moved here.
  { kind: "running", epoch: 1 },
);
const walks = fc
  .tuple(starts, fc.array(anyEvent, { maxLength: 60 }))
  .map(([start, events]) => ({ start, steps: walk(start, events) }));

/** The store said, at this very step, that the head is this server's at `epoch`. */
function storeSaysMine({ event }: Taken, epoch: number): boolean {
  switch (event.kind) {
    case "taken":
      return event.head.epoch === epoch;
    case "headRead":
    case "fenced":
      return event.head?.owner === me && event.head.epoch === epoch;
    default:
      return false;
  }
}

test("OWN-1: nothing runs and nothing is restored but at an epoch that the store has named as this server's", () => {
  fc.assert(
    fc.property(walks, ({ steps }) => {
      steps.forEach((taken, index) => {
        for (const effect of taken.effects) {
          if (effect.kind === "restore" && taken.event.kind !== "retryDue") {
            expect(storeSaysMine(taken, effect.at.epoch)).toBe(true);
          }
          if (effect.kind !== "run") continue;
          const { epoch } = effect;
          // A claim runs when it is restored; everything else only on the store's word itself.
          const word = taken.event.kind === "restored" ? steps.slice(0, index) : [taken];
          expect(word.some((earlier) => storeSaysMine(earlier, epoch))).toBe(true);
        }
      });
    }),
    { numRuns: 3_000 },
  );
});

test("MOVE-4, OWN-3, OWN-11: a room that was frozen, suspended or outrun runs on only at the next epoch", () => {
  fc.assert(
    fc.property(walks, ({ start, steps }) => {
      let ran = start.kind === "running" ? start.epoch : 0;
      let hasStopped = false;
      for (const { before, after, effects, event } of steps) {
        if (before.kind === "running" && after.kind !== "running") hasStopped = true;
        for (const effect of effects) {
          if (effect.kind !== "run") continue;
          // What the store answers to a request is above what the request was conditional on.
          if (hasStopped && event.kind === "fenced") expect(effect.epoch).toBe(ran + 1);
          else expect(hasStopped ? ["taken"] : ["taken", "restored", "fenced"]).toContain(event.kind);
          hasStopped = false;
          ran = effect.epoch;
        }
      }
    }),
    { numRuns: 3_000 },
  );
});

test("OWN-8: turns run between `run` and `halt` and at no other time", () => {
  fc.assert(
    fc.property(walks, ({ start, steps }) => {
      let mayRun = runsTurns(start);
      for (const { effects, after } of steps) {
        for (const effect of effects) {
          if (effect.kind === "run") mayRun = true;
          if (effect.kind === "halt" || effect.kind === "leave") mayRun = false;
        }
        expect(runsTurns(after)).toBe(mayRun);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("OWN-5: after `leave` nothing follows, and it comes once", () => {
  fc.assert(
    fc.property(walks, ({ steps }) => {
      const kinds = steps.flatMap(({ effects }) => effects.map((effect) => effect.kind));
      const left = kinds.indexOf("leave");
      if (left >= 0) expect(left).toBe(kinds.length - 1);
      const last = steps.at(-1);
      if (last?.after.kind === "gone") expect(kinds.at(-1)).toBe("leave");
    }),
    { numRuns: 2_000 },
  );
});

test("OWN-6: a state that waits for the store has asked it, or will be woken to ask", () => {
  // The event that each of these waits for comes only if somebody asked.
  const asks = new Set(["readHead", "takeOver", "takeOverAgain", "restore", "release", "retryLater"]);
  const waits = new Set(["reading", "taking", "resolving", "restoring", "reclaiming", "verifying", "releasing"]);
  fc.assert(
    fc.property(walks, ({ steps }) => {
      for (const { before, after, effects, event } of steps) {
        if (before === after || !waits.has(after.kind)) continue;
        expect({ event, after, asked: effects.some((effect) => asks.has(effect.kind)) }).toMatchObject({ asked: true });
      }
    }),
    { numRuns: 2_000 },
  );
});

test("OWN-7: no state but gone is a dead end, and a claim ends after a bounded number of answers", () => {
  for (const [name, state] of ownershipSamples.states) {
    if (state.kind === "gone") continue;
    const ways = ownershipSamples.events.filter(([, event]) => step(state, event).state.kind !== state.kind);
    expect({ name, ways: ways.length > 0 }).toEqual({ name, ways: true });
  }
  const storeOnly = anyEvent.filter(({ kind }) =>
    ["headRead", "fenced", "storeUnknown", "storeUnavailable"].includes(kind),
  );
  fc.assert(
    // Without ever a `taken`, each answer followed by the wake-up that may have been asked for.
    fc.property(fc.array(storeOnly, { minLength: 40, maxLength: 40 }), (answers) => {
      const events = answers.flatMap((answer): OwnershipEvent[] => [answer, { kind: "retryDue" }]);
      const steps = walk({ kind: "reading", attempts: 0 }, events);
      expect(["gone", "restoring"]).toContain(steps.at(-1)?.after.kind);
    }),
    { numRuns: 2_000 },
  );
});

test("OWN-2: between an unknown takeover and the next try lies an answer of the head", () => {
  fc.assert(
    fc.property(walks, ({ steps }) => {
      let isUnknown = false;
      for (const { before, event, effects } of steps) {
        if (before.kind === "taking" && event.kind === "storeUnknown") isUnknown = true;
        if (event.kind === "headRead") isUnknown = false;
        if (isUnknown) expect(effects.map(({ kind }) => kind)).not.toContain("takeOver");
      }
    }),
    { numRuns: 3_000 },
  );
});

test("OWN-10: a room that is this server's by its head is not refused for being full, and everybody else's is", () => {
  const claim = "full" as const;
  fc.assert(
    fc.property(head, fc.constantFrom("me" as const, "nobody" as const, "dead" as const), (found, standing) => {
      const owner = standing === "me" ? me : standing === "dead" ? other : null;
      const event = { kind: "headRead" as const, head: { ...found, owner }, me, standing, claim };
      const { state, effects } = step({ kind: "reading", attempts: 0 }, event);
      if (standing !== "me") expect(state).toEqual({ kind: "gone", outcome: { kind: "refused", code: "full" } });
      else expect(effects).toEqual([{ kind: "takeOver", expect: { epoch: found.epoch, tail: found.tail } }]);
    }),
  );
});
