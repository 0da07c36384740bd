import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstLinkState, type LinkState, retryDelayMs, stepLink } from "../../../demo-game/page/net/link-state.ts";
import { refusedRooms, roomOfPath } from "../../../demo-game/page/room-address.ts";
import { inventName, inventRoom } from "../../../demo-game/server/arena-names.ts";
import { sanitizeName } from "../../../demo-game/server/rules/names.ts";
import { makeRoomKey } from "../../../gateway/wire/ids.ts";

const closed = (code: number, chance = 0.5) => ({ kind: "closed", code, chance }) as const;

describe("the page's connection", () => {
  it.each([1000, 1001, 1006, 1011, 1012, 1013, 4410, 4429, 4430, 4503])("comes back after %i", (code) => {
    const open: LinkState = { kind: "open", attempt: 0, isServed: true };
    const retrying = stepLink(open, closed(code));
    expect(retrying).toMatchObject({ kind: "retrying", attempt: 1, code });
    expect(stepLink(retrying, { kind: "delayPassed" })).toEqual({ kind: "connecting", attempt: 1 });
  });

  it.each([1008, 1009, 4400, 4401, 4403, 4404, 4409])(
    "stops at %i, says why, and begins anew only when asked",
    (code) => {
      const stopped = stepLink({ kind: "open", attempt: 0, isServed: true }, closed(code));
      expect(stopped).toMatchObject({ kind: "stopped", code, why: expect.stringMatching(/\.$/) });
      expect(stepLink(stopped, { kind: "delayPassed" })).toBe(stopped);
      expect(stepLink(stopped, { kind: "retryAsked" })).toEqual(firstLinkState);
    },
  );

  it("waits longer each time, until the room has answered", () => {
    let state: LinkState = firstLinkState;
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      state = stepLink(state, { kind: "opened" });
      state = stepLink(state, closed(4503));
      expect(state).toMatchObject({ kind: "retrying", attempt });
      state = stepLink(state, { kind: "delayPassed" });
    }
    state = stepLink(stepLink(state, { kind: "opened" }), { kind: "messageReceived" });
    expect(stepLink(state, closed(1006))).toMatchObject({ kind: "retrying", attempt: 1 });
  });

  it("spreads its attempts over the whole delay, also where that no longer grows", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (attempt, chance) => {
          const delayMs = retryDelayMs(attempt, chance);
          expect(delayMs).toBeGreaterThanOrEqual(100);
          expect(delayMs).toBeLessThan(15_000);
        },
      ),
    );
    expect(retryDelayMs(50, 0)).toBe(100);
    expect(retryDelayMs(50, 0.999)).toBeGreaterThan(14_000);
  });
});

describe("the room in the address", () => {
  it.each([
    ["/game/plaza", "plaza"],
    ["/game/a%3Ab", "a:b"],
    ["/game/", undefined],
    ["/game/index.html", undefined],
    ["/game/a%20b", undefined],
    ["/game/%E0%A4", undefined],
    [`/game/${"x".repeat(129)}`, undefined],
  ])("%s is %s", (path, room) => {
    expect(roomOfPath(path)).toBe(room);
  });

  it("is not one of those that have refused, as the address names them", () => {
    expect(refusedRooms("?not=plaza&not=a%3Ab&not=%3Cb%3E&x=1")).toEqual(["plaza", "a:b"]);
    expect(refusedRooms("")).toEqual([]);
  });

  it("is invented so that the gateway takes it, and names so that the room keeps them", () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (stream) => {
        const chance = () => stream.next().value ?? 0;
        const room = inventRoom(chance);
        expect(makeRoomKey("game", room)).toBe(`game/${room}`);
        expect(roomOfPath(`/game/${room}`)).toBe(room);
        const name = inventName(chance);
        expect(sanitizeName(name)).toBe(name);
      }),
    );
  });
});
