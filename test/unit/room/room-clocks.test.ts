import fc from "fast-check";
import { expect, test } from "vitest";
import { RoomTimers, timersMax } from "../../../gateway/room/room-timers.ts";
import { type TickCounters, Ticker } from "../../../gateway/room/ticker.ts";
import type { Runtime } from "../../../gateway/wire/runtime.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

/** A clock whose timers come late by what the test says, as those of a busy process do. */
function lateBy(lateMs: () => number): { runtime: Runtime; advance(ms: number): void } {
  const world = createVirtualRuntime();
  return {
    runtime: { ...world, after: (delayMs, task) => world.after(delayMs + lateMs(), task), nowMs: () => world.nowMs() },
    advance: (ms) => world.advance(ms),
  };
}

const counters = (): TickCounters => ({ ticks: 0, ticksMadeUp: 0, ticksMissed: 0 });

test.each([1, 7, 20, 30, 60, 128, 240])("ROOM-13: a ticker of %i Hz has no drift", (hz) => {
  const { runtime, advance } = lateBy(() => 0);
  let ticks = 0;
  const ticker = new Ticker(runtime, hz, counters(), () => {
    ticks += 1;
  });
  ticker.start();
  for (const seconds of [1, 10, 60]) {
    ticks = 0;
    advance(seconds * 1_000);
    expect(Math.abs(ticks - hz * seconds)).toBeLessThanOrEqual(1);
  }
});

test("ROOM-13: ticks that come late are made up, so that the count stays right whatever the delays below five steps", () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.integer({ min: 0, max: 90 })), (delays) => {
      const { runtime, advance } = lateBy(() => delays.next().value ?? 0);
      let ticks = 0;
      const steps = new Set<number>();
      const ticker = new Ticker(runtime, 50, counters(), (stepMs) => {
        ticks += 1;
        steps.add(stepMs);
      });
      ticker.start();
      advance(10_000);
      expect([...steps]).toEqual([20]);
      expect(ticks).toBeLessThanOrEqual(500);
      expect(ticks).toBeGreaterThanOrEqual(495);
    }),
    { numRuns: 30 },
  );
});

test("ROOM-13: of a long stall five ticks are made up and the rest is let go", () => {
  let lateMs = 0;
  const { runtime, advance } = lateBy(() => lateMs);
  const at: number[] = [];
  const counted = counters();
  const ticker = new Ticker(runtime, 10, counted, () => at.push(runtime.nowMs()));
  ticker.start();
  advance(950);
  expect(at).toHaveLength(9);
  // The timer for the tick at 1 000 is set already; the one for 1 100 comes 5 s late.
  lateMs = 5_000;
  advance(100);
  lateMs = 0;
  advance(5_050);
  expect(at.filter((ms) => ms > 1_000 && ms <= 6_100)).toHaveLength(5);
  advance(500);
  expect(at.filter((ms) => ms > 6_100)).toHaveLength(5);
  // 66 were due.
  expect(counted).toEqual({ ticks: at.length, ticksMadeUp: 4, ticksMissed: 66 - at.length });
});

test("ROOM-13: a ticker that is stopped within a tick ticks no more, and one that is started twice ticks once", () => {
  const { runtime, advance } = lateBy(() => 0);
  let ticks = 0;
  const ticker: Ticker = new Ticker(runtime, 10, counters(), () => {
    ticks += 1;
    if (ticks === 3) ticker.stop();
  });
  ticker.start();
  ticker.start();
  advance(1_000);
  expect(ticks).toBe(3);
  ticker.start();
  advance(1_000);
  expect(ticks).toBe(13);
});

/** Each timer that is due is taken at once, as in a turn. */
function timersOf(runtime: Runtime, fired: (name: string) => void): RoomTimers {
  const timers: RoomTimers = new RoomTimers({
    runtime,
    fire: (name) => timers.takeDue(name) && fired(name),
    noteClock: undefined,
  });
  return timers;
}

test("ROOM-12: each timer fires once, when it is due, however the room stands still in between", () => {
  const act = fc.oneof(
    fc.record({ kind: fc.constant("set" as const), name: fc.constantFrom("a", "b", "c"), ms: fc.nat({ max: 300 }) }),
    fc.record({ kind: fc.constant("clear" as const), name: fc.constantFrom("a", "b", "c") }),
    fc.record({ kind: fc.constant("pass" as const), ms: fc.nat({ max: 150 }) }),
    fc.constant({ kind: "halt" as const }),
    fc.constant({ kind: "run" as const }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const world = createVirtualRuntime();
      const due = new Map<string, number>();
      let isHalted = true;
      const timers: RoomTimers = timersOf(world, (name) => {
        expect(isHalted).toBe(false);
        expect(due.get(name)).toBeLessThanOrEqual(world.nowMs() + 1);
        due.delete(name);
      });
      for (const given of acts) {
        switch (given.kind) {
          case "set":
            timers.set(given.name, given.ms);
            due.set(given.name, world.nowMs() + given.ms);
            break;
          case "clear":
            timers.clear(given.name);
            due.delete(given.name);
            break;
          case "pass":
            world.advance(given.ms);
            if (!isHalted) for (const [, dueMs] of due) expect(dueMs).toBeGreaterThanOrEqual(world.nowMs());
            break;
          case "halt":
            isHalted = true;
            timers.halt();
            break;
          case "run":
            isHalted = false;
            timers.run();
        }
        expect(new Map(timers.due())).toEqual(due);
      }
      isHalted = false;
      timers.run();
      world.advance(1_000);
      expect([due.size, timers.due(), world.timerCount]).toEqual([0, [], 0]);
    }),
    { numRuns: 300 },
  );
});

test("ROOM-12: timers that travel go on with the time that was left", () => {
  const world = createVirtualRuntime();
  const fired: string[] = [];
  const source = timersOf(world, (name) => fired.push(`source ${name}`));
  source.run();
  source.set("x", 500);
  source.set("y", 100);
  world.advance(200);
  source.halt();
  const target = timersOf(world, (name) => fired.push(`target ${name}`));
  target.advanceClock(source.clockMs);
  for (const [name, dueMs] of source.due()) target.setDue(name, dueMs);
  target.run();
  world.advance(299);
  expect(fired).toEqual(["source y"]);
  world.advance(1);
  expect(fired).toEqual(["source y", "target x"]);
});

test("ROOM-12: a timer of months is armed again on the way, and fires at its time", () => {
  const world = createVirtualRuntime();
  const waits: number[] = [];
  const runtime: Runtime = {
    ...world,
    nowMs: () => world.nowMs(),
    after: (delayMs, task) => {
      waits.push(delayMs);
      return world.after(delayMs, task);
    },
  };
  let fired = 0;
  const timers = timersOf(runtime, () => {
    fired += 1;
  });
  timers.run();
  const months = 90 * 24 * 3_600_000;
  timers.set("x", months);
  world.advance(months - 1);
  expect(fired).toBe(0);
  world.advance(1);
  expect(fired).toBe(1);
  expect(Math.max(...waits)).toBeLessThanOrEqual(0x7fffffff);
});

test("ROOM-12: delays that are none are refused, and so is the name above the bound, but not a known one", () => {
  const timers = timersOf(createVirtualRuntime(), () => {});
  for (const delayMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => timers.set("x", delayMs)).toThrow(RangeError);
  }
  for (let index = 0; index < timersMax; index += 1) timers.set(String(index), 1);
  expect(() => timers.set("one more", 1)).toThrow(/at most 1024 timers/);
  timers.set("0", 5);
  timers.clear("1");
  timers.set("one more", 1);
});
