import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeWorld, encodeWorld } from "../../../demo-game/server/saved-world.ts";
import { World } from "../../../demo-game/server/world.ts";

/** Something that may happen to a world, with a small choice of players so that things meet. */
const anyEvent = fc.oneof(
  fc.record({ kind: fc.constant("enter" as const), who: fc.nat(7), name: fc.string({ maxLength: 12 }) }),
  fc.record({ kind: fc.constant("leave" as const), who: fc.nat(7) }),
  fc.record({ kind: fc.constant("rename" as const), who: fc.nat(7), name: fc.string({ maxLength: 12 }) }),
  fc.record({
    kind: fc.constant("steps" as const),
    who: fc.nat(7),
    first: fc.integer({ min: 1, max: 400 }),
    directions: fc.array(
      fc.record({ x: fc.integer({ min: -127, max: 127 }), y: fc.integer({ min: -127, max: 127 }) }),
      { minLength: 1, maxLength: 12 },
    ),
  }),
  fc.record({ kind: fc.constant("tick" as const) }),
);
type WorldEvent = typeof anyEvent extends fc.Arbitrary<infer Event> ? Event : never;

function happen(world: World, event: WorldEvent): void {
  const session = `gateway-1.${event.kind === "tick" ? 0 : event.who}`;
  if (event.kind === "tick") world.advance();
  else if (event.kind === "enter") world.enter(session, { name: event.name, hue: undefined });
  else if (event.kind === "leave") world.leave(session);
  else if (event.kind === "rename") world.rename(session, event.name);
  else world.players.get(session)?.queue.receive(event.first, event.directions);
}

function worldAfter(events: readonly WorldEvent[]): World {
  const world = new World();
  for (const event of events) happen(world, event);
  return world;
}

const anyHistory = fc.array(anyEvent, { maxLength: 150 });

describe("a saved arena", () => {
  it("GAME-2: comes back as it was", () => {
    fc.assert(
      fc.property(anyHistory, (events) => {
        const saved = worldAfter(events).save();
        expect(decodeWorld(encodeWorld(saved))).toEqual(saved);
        expect(new World(saved).save()).toEqual(saved);
      }),
    );
  });

  it("GAME-5: is the same for the same history, byte by byte", () => {
    fc.assert(
      fc.property(anyHistory, (events) => {
        expect(encodeWorld(worldAfter(events).save())).toEqual(encodeWorld(worldAfter(events).save()));
      }),
    );
  });

  it("holds a full arena", () => {
    const world = new World();
    for (let player = 0; player < 100; player += 1) {
      const entered = world.enter(`gateway-with-a-long-name-of-64-characters-and-then-some.${player}`, {
        name: "Ẵ".repeat(20),
        hue: 359,
      });
      expect(entered).toBeDefined();
    }
    expect(world.enter("one-too-many", { name: "", hue: undefined })).toBeUndefined();
    expect(decodeWorld(encodeWorld(world.save()))).toEqual(world.save());
    const places = new Set([...world.players.values()].map((player) => player.card.number));
    expect(places.size).toBe(100);
  });

  it("is refused when bytes are missing, or are others", () => {
    const world = new World();
    world.enter("g.1", { name: "Ada", hue: 5 });
    const bytes = encodeWorld(world.save());
    for (let length = 0; length < bytes.length; length += 1)
      expect(decodeWorld(bytes.subarray(0, length))).toBeUndefined();
    expect(decodeWorld(new Uint8Array([...bytes, 0]))).toBeUndefined();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => void decodeWorld(noise)));
  });
});
