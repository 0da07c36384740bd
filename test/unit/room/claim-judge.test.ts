import { describe, expect, test } from "vitest";
import { WatchedClock } from "../../../gateway/cluster/watched-time.ts";
import { ClaimJudge, type ClaimJudgeDeps } from "../../../gateway/room/claim-judge.ts";
import type { RoomKey } from "../../../gateway/wire/ids.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

const room = "game/a" as RoomKey;

function judge(roomsHere: number): ClaimJudge {
  const runtime = createVirtualRuntime();
  const deps = {
    clock: new WatchedClock(() => runtime.nowMs()),
    log: runtime.log,
    members: { renewal: () => "fresh" },
    candidates: { deathsBy: () => 0, othersLoad: () => [{ rooms: 0, weight: 1 }] },
    selfFreezeMs: 2_000,
    roomsMax: 100,
    weight: 1,
    isLive: () => true,
    roomsHere: () => roomsHere,
  };
  return new ClaimJudge(deps as unknown as ClaimJudgeDeps);
}

describe("RECOVER-4: what an operator wants is not refused for what it has done, nor for its server's share", () => {
  test("by a server that has more than its share", () => {
    expect(judge(50).verdict(room, false, false)).toBe("full");
    expect(judge(50).verdict(room, false, true)).toBe("yes");
  });

  test("but by one that has all that it may have", () => {
    expect(judge(100).verdict(room, false, true)).toBe("full");
  });

  test("after three faults within a minute", () => {
    const judged = judge(0);
    for (let faults = 0; faults < 3; faults += 1) judged.roomFailed(room);
    expect(judged.verdict(room, false, false)).toBe("quarantined");
    expect(judged.verdict(room, false, true)).toBe("yes");
  });
});
