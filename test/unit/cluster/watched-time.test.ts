import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WatchedClock, watchedStepMs } from "../../../gateway/cluster/watched-time.ts";

function clockAt(startMs: number) {
  const read = { nowMs: startMs };
  return { read, clock: new WatchedClock(() => read.nowMs, 2_000) };
}

describe("watched time", () => {
  it("LIVE-15: is the time that has passed where somebody looks often enough", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 2_000, noNaN: true })), (steps) => {
        const { read, clock } = clockAt(1_000_003);
        for (const stepMs of steps) {
          read.nowMs += stepMs;
          expect(clock.nowMs()).toBe(read.nowMs);
        }
      }),
    );
  });

  it("LIVE-15: of a jump only as much counts as looks may be apart, however often it is looked at then", () => {
    const { read, clock } = clockAt(1_000_003);
    read.nowMs += 500;
    const before = clock.nowMs();
    read.nowMs += 60_000;
    expect(clock.nowMs() - before).toBe(2_000);
    expect(clock.nowMs() - before).toBe(2_000);
    read.nowMs += 700;
    expect(clock.instant()).toEqual({ nowMs: 1_061_203, watchedMs: before + 2_700 });
  });

  it("LIVE-15: never goes back, and never faster than time", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100_000)), (steps) => {
        const { read, clock } = clockAt(0);
        for (const stepMs of steps) {
          const before = clock.nowMs();
          read.nowMs += stepMs;
          const passedMs = clock.nowMs() - before;
          expect(passedMs).toBe(watchedStepMs(0, stepMs, 2_000));
        }
      }),
    );
  });
});
