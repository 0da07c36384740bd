import { expect, test } from "vitest";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

test("timers run by due time, then by the order in which they were set, at their own time", () => {
  const runtime = createVirtualRuntime();
  const ran: string[] = [];
  runtime.after(20, () => ran.push(`late ${runtime.nowMs()}`));
  runtime.after(10, () => ran.push(`first ${runtime.nowMs()}`));
  runtime.after(10, () => ran.push(`second ${runtime.nowMs()}`));
  runtime.after(31, () => ran.push("beyond"));
  runtime.advance(30);
  expect(ran).toEqual(["first 10", "second 10", "late 20"]);
  expect(runtime.nowMs()).toBe(30);
  expect(runtime.timerCount).toBe(1);
});

test("tasks of soon run before the next timer, those they make included", () => {
  const runtime = createVirtualRuntime();
  const ran: string[] = [];
  runtime.after(0, () => ran.push("timer"));
  runtime.soon(() => {
    ran.push("outer");
    runtime.soon(() => ran.push("inner"));
  });
  runtime.advance(0);
  expect(ran).toEqual(["outer", "inner", "timer"]);
});

test("a timer set by a timer runs in the same advance if it is due, a cancelled one never", () => {
  const runtime = createVirtualRuntime();
  const ran: number[] = [];
  const cancelled = runtime.after(15, () => ran.push(-1));
  runtime.after(10, () => {
    cancelled.cancel();
    runtime.after(10, () => ran.push(runtime.nowMs()));
  });
  runtime.advance(20);
  expect(ran).toEqual([20]);
});

test("promise chains between timers run at the time of the timer before", async () => {
  const runtime = createVirtualRuntime();
  const ran: number[] = [];
  const wait = (ms: number) => new Promise<void>((resolve) => void runtime.after(ms, resolve));
  void (async () => {
    for (let round = 0; round < 3; round += 1) {
      await wait(10);
      ran.push(runtime.nowMs());
    }
  })();
  await runtime.advanceAsync(25);
  expect(ran).toEqual([10, 20]);
});

test("one seed gives one line of numbers", () => {
  const draw = (seed: number) => Array.from({ length: 5 }, createVirtualRuntime({ seed }).random);
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(7).every((value) => value >= 0 && value < 1)).toBe(true);
});

test("log lines carry the fields of their child loggers", () => {
  const runtime = createVirtualRuntime();
  runtime.log.child({ room: "app/1" }).warn({ epoch: 2 }, "fenced off");
  expect(runtime.linesWith("fenced")).toEqual([
    { level: "warn", message: "fenced off", fields: { room: "app/1", epoch: 2 } },
  ]);
});

test("tasks that never come to rest are an error, not a hang", () => {
  const runtime = createVirtualRuntime();
  const again = () => runtime.soon(again);
  again();
  expect(() => runtime.settle()).toThrow(/keep making/);
});
