import { describe, expect, it } from "vitest";
import { look, nextLookMs, type Watch, type WatchVerdict, watchTiming } from "../../../gateway/ops/turn-watch.ts";

const { lookMs, suspectMs, endMs } = watchTiming;

/** What a watchdog says that looks every `lookMs`, unless it was stopped itself: `at` gives the running turn and its room. */
function watched(untilMs: number, at: (nowMs: number) => { turn: number; mark: number }, sleeps: number[] = []) {
  const verdicts: [nowMs: number, verdict: WatchVerdict][] = [];
  let watch: Watch | undefined;
  for (let nowMs = 0; nowMs <= untilMs; nowMs += sleeps.includes(nowMs) ? 60_000 : lookMs) {
    const seen = look(watch, { ...at(nowMs), nowMs });
    watch = seen.watch;
    if (seen.verdict !== "fine") verdicts.push([nowMs, seen.verdict]);
  }
  return verdicts;
}

describe("QUAR-2: a turn that does not come back", () => {
  it("makes its room suspect once, and later its process is ended", () => {
    const verdicts = watched(endMs + lookMs, () => ({ turn: 7, mark: 3 }));
    expect(verdicts.filter(([, verdict]) => verdict === "suspect")).toEqual([[suspectMs, "suspect"]]);
    expect(verdicts.find(([, verdict]) => verdict === "end")).toEqual([endMs, "end"]);
  });

  it("is another turn with every number, also of the same room: a busy room is not suspect", () => {
    expect(watched(60_000, (nowMs) => ({ turn: Math.floor(nowMs / (suspectMs - lookMs)), mark: 3 }))).toEqual([]);
  });

  it("is not there between turns", () => {
    expect(watched(60_000, () => ({ turn: 7, mark: 0 }))).toEqual([]);
  });

  it("is not blamed for the time in which nobody ran, its watchdog neither", () => {
    // Stopped as a whole for a minute, five times, each time in the same turn.
    const sleeps = [100, 60_150, 120_200, 180_250, 240_300];
    expect(watched(300_300, () => ({ turn: 7, mark: 3 }), sleeps)).toEqual([]);
  });

  it("is looked at often, and a process without one is seldom woken", () => {
    const idle = look(undefined, { turn: 7, mark: 0, nowMs: 0 });
    const busy = look(idle.watch, { turn: 8, mark: 3, nowMs: watchTiming.restMs });
    expect([nextLookMs(idle.watch), nextLookMs(busy.watch)]).toEqual([watchTiming.restMs, lookMs]);
    expect(watchTiming.restMs + suspectMs).toBeLessThan(endMs / 2);
  });

  it("begins anew with the next turn", () => {
    const at = (nowMs: number) => ({ turn: nowMs < suspectMs - lookMs ? 1 : 2, mark: 3 });
    const verdicts = watched(2 * suspectMs, at);
    expect(verdicts).toEqual([[suspectMs - lookMs + suspectMs, "suspect"]]);
  });
});
