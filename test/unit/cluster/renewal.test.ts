import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeRenewal, mayHaveLapsed, neverRenewed, type Renewal, renewed } from "../../../gateway/cluster/renewal.ts";

const leaseMs = 3_000;

/** Answered `tookMs` after its start. */
function put(renewal: Renewal, startedMs: number, tookMs = 0): Renewal {
  return renewed(renewal, { startedMs, answeredMs: startedMs + tookMs }, leaseMs);
}

describe("judgeRenewal", () => {
  it("LIVE-7: a server that was never renewed is stale", () => {
    expect(judgeRenewal(neverRenewed, 0, 2000)).toBe("stale");
  });

  it("LIVE-7: the span counts from the start of the last successful put, and its end is stale", () => {
    const renewal = put(neverRenewed, 100);
    expect(judgeRenewal(renewal, 2099, 2000)).toBe("fresh");
    expect(judgeRenewal(renewal, 2100, 2000)).toBe("stale");
  });

  it("LIVE-7: an answer that was overtaken does not take the renewal back", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10_000), { minLength: 1 }), (starts) => {
        const renewal = starts.reduce((before, startedMs) => put(before, startedMs), neverRenewed);
        expect(renewal.renewedMs).toBe(Math.max(...starts));
      }),
    );
  });
});

describe("mayHaveLapsed", () => {
  it("LIVE-12: nobody can have lost a process whose puts are less than a lease apart, from the start of one to the answer of the next", () => {
    const renewal = put(put(neverRenewed, 100), 2_000, 1_099);
    expect(mayHaveLapsed(renewal, 0, 4_999, leaseMs)).toBe(false);
    expect(mayHaveLapsed(put(put(neverRenewed, 100), 2_000, 1_100), 0, 4_999, leaseMs)).toBe(true);
  });

  it("LIVE-12: the silence that goes on counts, one before the time in question does not", () => {
    const renewal = put(put(neverRenewed, 100), 5_000);
    expect(mayHaveLapsed(renewal, 5_001, 7_999, leaseMs)).toBe(false);
    expect(mayHaveLapsed(renewal, 4_000, 7_999, leaseMs)).toBe(true);
    expect(mayHaveLapsed(renewal, 5_001, 8_000, leaseMs)).toBe(true);
  });

  it("LIVE-12: nothing is known of a process that was never renewed", () => {
    expect(mayHaveLapsed(neverRenewed, 0, 0, leaseMs)).toBe(true);
  });
});
