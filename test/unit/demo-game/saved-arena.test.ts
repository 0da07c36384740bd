import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArenaRoom } from "../../../demo-game/server/arena-room.ts";
import type { Gain } from "../../../demo-game/server/board.ts";
import { encodeUp } from "../../../demo-game/server/rules/messages.ts";
import { decodeArena, encodeArena } from "../../../demo-game/server/saved-arena.ts";
import { createFakeRoom, type FakeSession } from "../../support/fake-room.ts";
import { anyName, anyStep } from "./arbitraries.ts";

/** Something that may happen to an arena, with a small choice of players so that things meet. */
const anyHappening = fc.oneof(
  fc.record({ kind: fc.constant("join" as const), who: fc.nat(5), name: anyName }),
  fc.record({ kind: fc.constant("leave" as const), who: fc.nat(5) }),
  fc.record({
    kind: fc.constant("steps" as const),
    who: fc.nat(5),
    first: fc.integer({ min: 1, max: 400 }),
    steps: fc.array(anyStep, { minLength: 1, maxLength: 12 }),
  }),
  fc.record({ kind: fc.constant("ticks" as const), count: fc.integer({ min: 1, max: 20 }) }),
);
type Happening = typeof anyHappening extends fc.Arbitrary<infer What> ? What : never;

function arenaAfter(happenings: readonly Happening[]): ArenaRoom {
  const arena = createFakeRoom((context) => new ArenaRoom(context));
  const sessions = new Map<number, FakeSession>();
  for (const happening of happenings) {
    if (happening.kind === "ticks") {
      arena.tick(happening.count);
      continue;
    }
    const session = sessions.get(happening.who);
    if (happening.kind === "join") {
      sessions.set(
        happening.who,
        arena.join(`name=${encodeURIComponent(happening.name)}&token=${String(happening.who).repeat(20)}`),
      );
    } else if (session !== undefined && happening.kind === "leave") arena.leave(session);
    else if (session !== undefined && happening.kind === "steps") {
      arena.say(session, encodeUp({ kind: "steps", first: happening.first, seenTick: 0, steps: happening.steps }));
    }
  }
  return arena.room;
}

const savedOf = (room: ArenaRoom, owed: readonly Gain[] = []) => ({
  ledger: room.ledger.save(),
  world: room.world.save(),
  owed,
});
const owed: readonly Gain[] = [{ id: "00000000000000ab", name: "Ada", hue: 7, points: 70 }];
const anyHistory = fc.array(anyHappening, { maxLength: 60 });

describe("a saved arena", () => {
  it("GAME-2: comes back as it was", () => {
    fc.assert(
      fc.property(anyHistory, (happenings) => {
        const saved = savedOf(arenaAfter(happenings), owed);
        expect(decodeArena(encodeArena(saved))).toEqual(saved);
      }),
      { numRuns: 60 },
    );
  });

  it("GAME-5: is the same for the same history, byte by byte", () => {
    fc.assert(
      fc.property(anyHistory, (happenings) => {
        expect(arenaAfter(happenings).snapshot()).toEqual(arenaAfter(happenings).snapshot());
      }),
      { numRuns: 40 },
    );
  });

  it("holds a full arena in 64 KiB", () => {
    const joins: Happening[] = Array.from({ length: 100 }, (_, who) => ({ kind: "join", who, name: "Ẵ".repeat(20) }));
    const busy: Happening[] = Array.from({ length: 100 }, (_, who) => ({
      kind: "steps",
      who,
      first: 1,
      steps: Array(12).fill({ x: 127, y: 0, aim: 3, isFiring: true }),
    }));
    const saved = savedOf(arenaAfter([...joins, ...busy, { kind: "ticks", count: 1 }]));
    expect(saved.world.figures.length).toBe(100);
    const bytes = encodeArena(saved);
    expect(decodeArena(bytes)).toEqual(saved);
    expect(bytes.length).toBeLessThan(64 * 1024);
  });

  it("is refused when bytes are missing, or are others", () => {
    const room = arenaAfter([
      { kind: "join", who: 1, name: "Ada" },
      { kind: "ticks", count: 20 },
    ]);
    const bytes = encodeArena(savedOf(room, owed));
    for (let length = 0; length < bytes.length; length += 1)
      expect(decodeArena(bytes.subarray(0, length))).toBeUndefined();
    expect(decodeArena(new Uint8Array([...bytes, 0]))).toBeUndefined();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => void decodeArena(noise)));
  });
});
