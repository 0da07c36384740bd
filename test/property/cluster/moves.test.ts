import fc from "fast-check";
import { expect, test } from "vitest";
import { type MoveIn, type MoveInEffect, type MoveInEvent, stepMoveIn } from "../../../gateway/cluster/move-in.ts";
import {
  beginMoveOut,
  type MoveOut,
  type MoveOutEffect,
  type MoveOutEvent,
  stepMoveOut,
} from "../../../gateway/cluster/move-out.ts";
import type { HeadView } from "../../../gateway/cluster/ownership.ts";
import type { Step } from "../../../gateway/cluster/step.ts";
import { me, moveInSamples, moveOutSamples, other } from "../../support/cluster/machine-samples.ts";

const outEvent: fc.Arbitrary<MoveOutEvent> = fc.constantFrom(...moveOutSamples.events.map(([, event]) => event));

const head: fc.Arbitrary<HeadView> = fc.record({
  epoch: fc.integer({ min: 6, max: 9 }),
  tail: fc.integer({ min: 2, max: 4 }),
  owner: fc.constantFrom(me, other, null),
});
const inEvent: fc.Arbitrary<MoveInEvent> = fc.oneof(
  fc.constantFrom(...moveInSamples.events.map(([, event]) => event)),
  fc.record({ kind: fc.constantFrom("headRead" as const, "fenced" as const), head, me: fc.constant(me) }),
);

interface Walked<State, Event, Effect> {
  readonly before: State;
  readonly event: Event;
  readonly effects: readonly Effect[];
  readonly after: State;
}

function walk<State extends { kind: string }, Event, Effect>(
  step: (state: State, event: Event) => Step<State, Effect>,
  start: State,
  events: readonly Event[],
): Walked<State, Event, Effect>[] {
  let state = start;
  return events.map((event) => {
    const next = step(state, event);
    const walked = { before: state, event, effects: next.effects, after: next.state };
    state = next.state;
    return walked;
  });
}

const outWalks = fc
  .array(outEvent, { maxLength: 40 })
  .map((events) => walk<MoveOut, MoveOutEvent, MoveOutEffect>(stepMoveOut, beginMoveOut.state, events));
const inWalks = fc
  .array(inEvent, { maxLength: 40 })
  .map((events) => walk<MoveIn, MoveInEvent, MoveInEffect>(stepMoveIn, { kind: "receiving" }, events));

const kindsOf = (steps: readonly { effects: readonly { kind: string }[] }[]): string[] =>
  steps.flatMap(({ effects }) => effects.map((effect) => effect.kind));

test("MOVE-3: a move that froze its room ends in exactly one of handing over, calling off, and hearing that the room is lost", () => {
  fc.assert(
    fc.property(outWalks, (steps) => {
      const kinds = kindsOf(steps);
      const frozeAt = kinds.indexOf("freezeAndShip");
      const handed = kinds.filter((kind) => kind === "handOver").length;
      const calledOff = kinds.filter((kind) => kind === "callOff").length;
      expect(handed + calledOff).toBeLessThanOrEqual(1);
      if (frozeAt < 0) expect(handed + calledOff).toBe(0);
      const isOver = steps.at(-1)?.after.kind === "over";
      const stopped = steps.some(({ event, before }) => event.kind === "roomStopped" && before.kind !== "over");
      if (isOver && frozeAt >= 0) expect(handed + calledOff).toBe(stopped ? 0 : 1);
    }),
    { numRuns: 3_000 },
  );
});

test("MOVE-2: a move that ends before the freeze says so, and one that ends behind it does not claim that nothing has changed", () => {
  fc.assert(
    fc.property(outWalks, (steps) => {
      let isFrozen = false;
      for (const { effects } of steps) {
        for (const effect of effects) {
          if (effect.kind === "freezeAndShip") isFrozen = true;
          if (effect.kind === "fail") expect(effect.frozen).toBe(isFrozen);
        }
      }
    }),
    { numRuns: 3_000 },
  );
});

test("MOVE-14: a move commits once, behind the state; it reports once, last; and its timer never outlives it", () => {
  fc.assert(
    fc.property(outWalks, (steps) => {
      const kinds = [...beginMoveOut.effects.map((effect) => effect.kind), ...kindsOf(steps)];
      expect(kinds.filter((kind) => kind === "sendCommit").length).toBeLessThanOrEqual(1);
      if (kinds.includes("sendCommit")) {
        expect(kinds.indexOf("freezeAndShip")).toBeLessThan(kinds.indexOf("sendCommit"));
      }
      const reports = kinds.filter((kind) => kind === "fail" || kind === "succeed");
      const isOver = steps.at(-1)?.after.kind === "over";
      expect(reports.length).toBe(isOver ? 1 : 0);
      if (isOver) {
        expect(["fail", "succeed"]).toContain(kinds.at(-1));
        expect(kinds.lastIndexOf("disarmTimer")).toBeGreaterThan(kinds.lastIndexOf("armTimer"));
      } else expect(kinds.lastIndexOf("armTimer")).toBeGreaterThan(kinds.lastIndexOf("disarmTimer"));
    }),
    { numRuns: 3_000 },
  );
});

test("MOVE-13: every phase of a move can run out of time, lose its target and lose its room, and the move is over then", () => {
  for (const [, state] of moveOutSamples.states) {
    for (const event of [
      { kind: "timedOut" },
      { kind: "linkDown", reason: "reset" },
      { kind: "roomStopped" },
    ] as const) {
      expect(stepMoveOut(state, event).state.kind).toBe("over");
    }
  }
});

test("MOVE-1: a target runs a room only on the store's word, conditional on what the source froze", () => {
  fc.assert(
    fc.property(inWalks, (steps) => {
      for (const { before, event, effects } of steps) {
        for (const effect of effects) {
          if (effect.kind === "takeOver") {
            if (before.kind === "over" || before.kind === "receiving") throw new Error("nothing was restored yet");
            expect(effect.expect).toEqual(before.expect);
          }
          if (effect.kind !== "run") continue;
          if (event.kind === "taken") expect(before.kind).toBe("taking");
          else {
            expect(event).toMatchObject({ head: { owner: me, epoch: 8 } });
            expect(`${before.kind} ${event.kind}`).toMatch(/^(resolving headRead|taking fenced)$/);
          }
        }
      }
    }),
    { numRuns: 3_000 },
  );
});

test("MOVE-8: a move in ends once, in running or in nothing, and never gives up while its takeover may have landed", () => {
  fc.assert(
    fc.property(inWalks, (steps) => {
      const kinds = kindsOf(steps);
      const ends = kinds.filter((kind) => kind === "run" || kind === "discard");
      expect(ends.length).toBe(steps.at(-1)?.after.kind === "over" ? 1 : 0);
      if (ends.length === 1) expect(kinds.at(-1)).toBe(ends[0]);
      for (const { before, event, effects } of steps) {
        if (!effects.some((effect) => effect.kind === "discard")) continue;
        if (before.kind !== "taking" && before.kind !== "resolving") continue;
        // Neither the source nor a timer: only what the store says, or that it says nothing for too long.
        expect(["fenced", "storeUnavailable", "storeUnknown", "headRead"]).toContain(event.kind);
      }
    }),
    { numRuns: 3_000 },
  );
});

test("MOVE-9: no state of a move in is a dead end", () => {
  for (const [name, state] of moveInSamples.states) {
    if (state.kind === "over") continue;
    const ways = moveInSamples.events.filter(([, event]) => stepMoveIn(state, event).state.kind !== state.kind);
    expect({ name, ways: ways.length > 0 }).toEqual({ name, ways: true });
  }
});
