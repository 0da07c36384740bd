import { describe, expect, test } from "vitest";
import {
  addedSlot,
  firstSlot,
  restartDelayMs,
  type Slot,
  type SlotEffect,
  type SlotEvent,
  soundMs,
  stepSlot,
} from "../../../gateway/ops/supervisor/slot.ts";

/** Feeds events and collects what the shell would be told. */
function run(slot: Slot, ...events: readonly SlotEvent[]): { slot: Slot; effects: readonly SlotEffect[] } {
  const effects: SlotEffect[] = [];
  let at = slot;
  for (const event of events) {
    const step = stepSlot(at, event);
    at = step.state;
    effects.push(...step.effects);
  }
  return { slot: at, effects };
}

const ready = (nowMs: number): SlotEvent => ({ kind: "ready", nowMs });
const exited = (nowMs: number, { restart = true, othersRun = false } = {}): SlotEvent => ({
  kind: "exited",
  nowMs,
  restart,
  othersRun,
  how: "died",
});
const leftAlone: SlotEvent = { kind: "leftAlone" };
const drainBegan: SlotEvent = { kind: "drainBegan", restart: true };
const waited: SlotEvent = { kind: "waited" };
const stop: SlotEvent = { kind: "stop" };

describe("OPS-3: a place in the cluster", () => {
  test("starts another at once after a single death", () => {
    const { slot, effects } = run(firstSlot, ready(0), exited(60_000), waited);
    expect(effects).toEqual([{ kind: "startAfter", delayMs: 0, deaths: 1, how: "died" }, { kind: "start" }]);
    expect(slot).toEqual({ kind: "starting", isFirst: false, deaths: 1 });
  });

  test("lets others take over first where there are any, and does not where the last of them goes", () => {
    const { slot, effects } = run(firstSlot, ready(0), exited(60_000, { othersRun: true }));
    expect(effects).toEqual([{ kind: "startAfter", delayMs: 250, deaths: 1, how: "died" }]);
    expect(run(slot, leftAlone, waited)).toEqual({
      slot: { kind: "starting", isFirst: false, deaths: 1 },
      effects: [{ kind: "start" }],
    });
    // Who dies again and again waits all the same.
    const dying: Slot = { kind: "waiting", deaths: 2 };
    expect(run(dying, leftAlone)).toEqual({ slot: dying, effects: [] });
  });

  test("waits longer and longer where deaths follow each other, up to a bound", () => {
    let slot: Slot = run(firstSlot, ready(0)).slot;
    const delays: number[] = [];
    for (let nowMs = 1; nowMs <= 12; nowMs += 1) {
      const { slot: next, effects } = run(slot, exited(nowMs), waited, ready(nowMs));
      slot = next;
      for (const effect of effects) if (effect.kind === "startAfter") delays.push(effect.delayMs);
    }
    expect(delays).toEqual([0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    expect(restartDelayMs(1000, false)).toBe(30_000);
  });

  test("is back within a second as long as it did not die six times in a row", () => {
    for (let deaths = 1; deaths <= 5; deaths += 1) expect(restartDelayMs(deaths, true)).toBeLessThan(1000);
  });

  test("forgives once a process has run for a while", () => {
    const slot: Slot = { kind: "running", sinceMs: 0, deaths: 9 };
    expect(run(slot, exited(soundMs)).effects).toMatchObject([{ kind: "startAfter", delayMs: 0, deaths: 1 }]);
    expect(run(slot, exited(soundMs - 1)).effects).toMatchObject([{ kind: "startAfter", delayMs: 25_600, deaths: 10 }]);
  });

  test("does not try again what failed at the very first start", () => {
    const { slot, effects } = run(firstSlot, exited(5));
    expect(effects).toEqual([{ kind: "failStart", how: "died" }]);
    expect(slot.kind).toBe("empty");
  });

  test("tries again where a later process does not come up", () => {
    expect(run(addedSlot, exited(5)).effects).toMatchObject([{ kind: "startAfter", deaths: 1 }]);
  });

  test("is empty for good without restart", () => {
    const { slot, effects } = run(firstSlot, ready(0), exited(5, { restart: false }));
    expect(slot.kind).toBe("empty");
    expect(effects).toEqual([{ kind: "sayGone", how: "died" }]);
  });
});

describe("OPS-8: a place whose server drains", () => {
  test("gets a neighbour at once, and none when it has left", () => {
    const { slot, effects } = run(firstSlot, ready(0), drainBegan, drainBegan, exited(50));
    expect(effects).toEqual([{ kind: "addSlot" }, { kind: "sayGone", how: "died" }]);
    expect(slot.kind).toBe("empty");
  });

  test("gets none without restart", () => {
    expect(run(firstSlot, ready(0), { kind: "drainBegan", restart: false }).effects).toEqual([]);
  });
});

describe("the whole cluster stops", () => {
  const slots: readonly Slot[] = [
    firstSlot,
    { kind: "running", sinceMs: 0, deaths: 0 },
    { kind: "waiting", deaths: 3 },
    { kind: "leaving" },
    { kind: "empty" },
  ];

  test.each(slots)("and nothing is started any more from $kind", (slot) => {
    const { slot: after, effects } = run(slot, stop, exited(1), waited, ready(2), drainBegan);
    const started = effects.filter(({ kind }) => kind === "start" || kind === "startAfter" || kind === "addSlot");
    expect(after.kind).toBe("empty");
    expect(started).toEqual([]);
  });
});
