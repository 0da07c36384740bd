import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createNodeRuntime } from "../../../gateway/wire/node-runtime.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

/** Node's timers as they behave, on a clock that we move; `performance.now` may run apart from them. */
let nowMs = 0;

beforeEach(() => {
  nowMs = 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function pass(ms: number): void {
  nowMs += ms;
  vi.advanceTimersByTime(ms);
}

const openRuntime = () => createNodeRuntime({ log: createVirtualRuntime().log });

test("a task runs once, when its delay has passed", () => {
  let ran = 0;
  openRuntime().after(10, () => {
    ran += 1;
  });
  pass(9);
  expect(ran).toBe(0);
  pass(1);
  pass(100);
  expect(ran).toBe(1);
});

test("a timer that Node fires early by a part of a millisecond waits on", () => {
  let ran = 0;
  openRuntime().after(10, () => {
    ran += 1;
  });
  nowMs = 9.4;
  vi.advanceTimersByTime(10);
  expect(ran).toBe(0);
  nowMs = 10.4;
  vi.advanceTimersByTime(1);
  expect(ran).toBe(1);
});

test("a delay that is too long for Node's timers is waited for all the same", () => {
  let ran = 0;
  const thirtyDaysMs = 30 * 24 * 3600 * 1000;
  openRuntime().after(thirtyDaysMs, () => {
    ran += 1;
  });
  pass(2 ** 31 - 1);
  expect(ran).toBe(0);
  pass(thirtyDaysMs - (2 ** 31 - 1) - 1);
  expect(ran).toBe(0);
  pass(2);
  expect(ran).toBe(1);
});

test("a long delay wakes the process once: late by a part of 2 ms, and never too early first", () => {
  let ran = 0;
  const wakes = vi.spyOn(globalThis, "setTimeout");
  openRuntime().after(499.5, () => {
    ran += 1;
  });
  // Node's own clock had begun its millisecond before ours.
  nowMs = 500.1;
  vi.advanceTimersByTime(501);
  expect(ran).toBe(1);
  expect(wakes).toHaveBeenCalledTimes(1);
});

test("a cancelled task never runs, whenever and however often it is cancelled", () => {
  let ran = 0;
  const timer = openRuntime().after(10, () => {
    ran += 1;
  });
  nowMs = 9.4;
  vi.advanceTimersByTime(10);
  timer.cancel();
  timer.cancel();
  pass(100);
  expect(ran).toBe(0);
});
