import { describe, expect, it } from "vitest";
import { checkTiming, defaultTiming, type Timing } from "../../../gateway/cluster/timing.ts";

describe("checkTiming", () => {
  it("LIVE-8: finds nothing wrong with the defaults, which nobody can change", () => {
    expect(checkTiming(defaultTiming)).toEqual([]);
    expect(Object.isFrozen(defaultTiming)).toBe(true);
  });

  it.each<{ change: Partial<Timing>; named: string }>([
    { change: { heartbeatMs: 667 }, named: "3 × heartbeatMs (2001) must be below selfFreezeMs (2000)" },
    { change: { selfFreezeMs: 3000 }, named: "selfFreezeMs (3000) must be below leaseMs (3000)" },
    {
      change: { failoverBudgetMs: 4000 },
      named: "leaseMs + 2 × heartbeatMs (4000) must be below failoverBudgetMs (4000)",
    },
    { change: { holdMs: 5000 }, named: "failoverBudgetMs (5000) must be below holdMs (5000)" },
    { change: { freezeBudgetMs: 2000 }, named: "freezeBudgetMs (2000) must be below selfFreezeMs (2000)" },
  ])("LIVE-8: reports that $named", ({ change, named }) => {
    const problems = checkTiming({ ...defaultTiming, ...change });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(named);
  });

  it("LIVE-8: reports all broken relations at once", () => {
    const backwards = { heartbeatMs: 9000, selfFreezeMs: 8000, leaseMs: 7000, failoverBudgetMs: 6000, holdMs: 5000 };
    expect(checkTiming({ ...defaultTiming, ...backwards, freezeBudgetMs: 8500 })).toHaveLength(5);
  });

  it.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])("LIVE-8: refuses %d for any of them", (value) => {
    for (const name of Object.keys(defaultTiming)) {
      expect(checkTiming({ ...defaultTiming, [name]: value })).toEqual([
        `${name} (${value}) must be a whole number above 0`,
      ]);
    }
  });

  it("ignores what else a configuration holds", () => {
    const configuration = { ...defaultTiming, port: -1 };
    expect(checkTiming(configuration)).toEqual([]);
  });
});
