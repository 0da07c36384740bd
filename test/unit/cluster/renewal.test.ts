import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeRenewal, neverRenewed, renewed } from "../../../gateway/cluster/renewal.ts";

describe("judgeRenewal", () => {
  it("LIVE-7: a server that was never renewed is stale", () => {
    expect(judgeRenewal(neverRenewed, 0, 2000)).toBe("stale");
  });

  it("LIVE-7: the span counts from the start of the last successful put, and its end is stale", () => {
    const renewal = renewed(neverRenewed, 100);
    expect(judgeRenewal(renewal, 2099, 2000)).toBe("fresh");
    expect(judgeRenewal(renewal, 2100, 2000)).toBe("stale");
  });

  it("LIVE-7: an answer that was overtaken does not take the renewal back", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10_000), { minLength: 1 }), (starts) => {
        const renewal = starts.reduce(renewed, neverRenewed);
        expect(renewal.renewedMs).toBe(Math.max(...starts));
      }),
    );
  });
});
