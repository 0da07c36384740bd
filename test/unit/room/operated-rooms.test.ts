import { describe, expect, test } from "vitest";
import type { Outcome } from "../../../gateway/cluster/ownership.ts";
import { type OperatedParts, OperatedRooms } from "../../../gateway/room/operated-rooms.ts";
import type { RoomCell } from "../../../gateway/room/room-cell.ts";
import type { RoomKey, ServerId } from "../../../gateway/wire/ids.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

const room = "game/a" as RoomKey;
const me = "s1" as ServerId;

/** What comes of one claim. `undefined`: a client's own is under way. */
type Course = Outcome | "runs" | undefined;

/** Claims come out as the courses say, one after the other; the last one again and again. */
async function skipWhere(...courses: readonly Course[]) {
  const runtime = createVirtualRuntime();
  let claims = 0;
  const claim = (): RoomCell | undefined => {
    const course = courses[Math.min(claims, courses.length - 1)];
    claims += 1;
    if (course === undefined) return undefined;
    const cell: Pick<RoomCell, "wish" | "saveNow" | "refusalDetail"> = {
      refusalDetail: "record 3 cannot be replayed",
      saveNow: async () => true,
      wish: ({ running, refused }) => (course === "runs" ? running({ epoch: 7 } as never) : refused(course)),
    };
    return cell as RoomCell;
  };
  const parts = { me, runtime, cells: new Map(), candidates: {}, members: {}, desk: {}, claim };
  const skipping = new OperatedRooms(parts as unknown as OperatedParts).skip(room, 3);
  await runtime.advanceAsync(10_000);
  return { result: await skipping, claims };
}

const busy: readonly Course[] = [
  undefined,
  { kind: "owned", owner: "s2" as ServerId, epoch: 4 },
  { kind: "refused", code: "unavailable" },
  { kind: "refused", code: "owner-silent" },
  { kind: "free" },
];

describe("RECOVER-4: an operator's word among clients that ask for the room as well", () => {
  test.each(busy.map((course) => [JSON.stringify(course) ?? "claimed by a client", course] as const))(
    "waits where the room is %s",
    async (_name, course) => {
      const { result } = await skipWhere(course, course, "runs");
      expect(result).toEqual({ kind: "skipped", epoch: 7 });
    },
  );

  test("does not wait for ever, and says what it has waited for", async () => {
    const { result, claims } = await skipWhere({ kind: "owned", owner: "s2" as ServerId, epoch: 4 });
    expect(result).toEqual({ kind: "failed", reason: "game/a cannot be run at s1: s2 has it" });
    expect(claims).toBe(50);
  });

  test("is refused at once where waiting would help nothing", async () => {
    expect(await skipWhere({ kind: "refused", code: "broken" })).toEqual({
      result: { kind: "failed", reason: "game/a cannot be run at s1: record 3 cannot be replayed" },
      claims: 1,
    });
    expect(await skipWhere({ kind: "refused", code: "full" })).toEqual({
      result: { kind: "failed", reason: "game/a cannot be run at s1: the server is full" },
      claims: 1,
    });
  });
});
