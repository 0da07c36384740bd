import { describe, expect, it } from "vitest";
import { mayClaim } from "../../../gateway/cluster/bounded-load.ts";

const idle = { rooms: 0, weight: 1 };

describe("mayClaim", () => {
  it("PLACE-9: lets the first room of three servers be claimed", () => {
    expect(mayClaim({ ownRooms: 0, ownWeight: 1, others: [idle, idle], claimsSinceView: 0 })).toEqual({ ok: true });
  });

  it("PLACE-9: refuses above 1.25 × the fair share, and says the limit", () => {
    const others = [100, 100, 100].map((rooms) => ({ rooms, weight: 1 }));
    // Of 300 + own + 1 rooms a fourth is fair: ceil(1.25 × 434 / 4) = 136 for own = 133; at 136 the limit is 137.
    expect(mayClaim({ ownRooms: 133, ownWeight: 1, others, claimsSinceView: 0 })).toEqual({ ok: true });
    expect(mayClaim({ ownRooms: 137, ownWeight: 1, others, claimsSinceView: 0 })).toEqual({ ok: false, limit: 137 });
  });

  it("PLACE-9: gives a server of weight 3 three times as much", () => {
    const others = [{ rooms: 100, weight: 1 }];
    expect(mayClaim({ ownRooms: 300, ownWeight: 3, others, claimsSinceView: 0 })).toEqual({ ok: true });
    expect(mayClaim({ ownRooms: 300, ownWeight: 1, others, claimsSinceView: 0 })).toMatchObject({ ok: false });
  });

  it("PLACE-10: a burst right after the start is not refused by stale zeros", () => {
    for (let claimed = 0; claimed < 1000; claimed += 1) {
      const situation = { ownRooms: claimed, ownWeight: 1, others: [idle, idle, idle] };
      expect(mayClaim({ ...situation, claimsSinceView: claimed })).toEqual({ ok: true });
      // Without the assumption that the others have grown as well it would be, from the third room on.
      if (claimed > 2) expect(mayClaim({ ...situation, claimsSinceView: 0 })).toMatchObject({ ok: false });
    }
  });

  it("PLACE-10: growth of the others is taken to be by weight", () => {
    const others = [{ rooms: 0, weight: 9 }];
    const verdict = mayClaim({ ownRooms: 50, ownWeight: 1, others, claimsSinceView: 50 });
    expect(verdict).toEqual({ ok: true });
  });

  it("takes everything when it is alone", () => {
    expect(mayClaim({ ownRooms: 1_000_000, ownWeight: 1, others: [], claimsSinceView: 0 })).toEqual({ ok: true });
  });

  it("refuses everything without a weight", () => {
    for (const ownWeight of [0, -1, Number.NaN]) {
      expect(mayClaim({ ownRooms: 0, ownWeight, others: [], claimsSinceView: 0 })).toEqual({ ok: false, limit: 0 });
    }
  });
});
