import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arena, chooseSpawn, figureRadius, type Place } from "../../../demo-game/server/rules/arena.ts";
import { boltVelocity } from "../../../demo-game/server/rules/bolts.ts";
import {
  type Body,
  bootsSpeedMax,
  type Direction,
  moveBody,
  speedMax,
  touches,
} from "../../../demo-game/server/rules/motion.ts";

const anyDirection: fc.Arbitrary<Direction> = fc.record({
  x: fc.integer({ min: -127, max: 127 }),
  y: fc.integer({ min: -127, max: 127 }),
});

/** Directions held for a while, as people do: random ones alone would tremble on the spot. */
const anyWalk = fc
  .array(fc.tuple(anyDirection, fc.integer({ min: 1, max: 120 })), { minLength: 1, maxLength: 12 })
  .map((legs) => legs.flatMap(([direction, steps]) => Array.from({ length: steps }, () => direction)));

const anySpawn = fc.constantFrom(...arena.spawns);
const standingAt = ({ x, y }: Place): Body => ({ x, y, vx: 0, vy: 0 });

function walk(start: Body, directions: readonly Direction[]): Body[] {
  const bodies = [start];
  for (const direction of directions) bodies.push(moveBody(bodies.at(-1) ?? start, direction, arena));
  return bodies;
}

describe("movement", () => {
  it("keeps every figure inside the arena and out of its walls, on whole numbers that fit the wire", () => {
    fc.assert(
      fc.property(anySpawn, anyWalk, (spawn, directions) => {
        const outside = walk(standingAt(spawn), directions).filter(
          ({ x, y, vx, vy }) =>
            ![x, y, vx, vy].every(Number.isInteger) ||
            Math.max(Math.abs(vx), Math.abs(vy)) > 127 ||
            x < figureRadius ||
            x > arena.width - figureRadius ||
            y < figureRadius ||
            y > arena.height - figureRadius ||
            arena.obstacles.some((box) => touches(x, y, box)),
        );
        expect(outside).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it("GAME-1: is no faster diagonally than straight, whatever the directions", () => {
    fc.assert(
      fc.property(anySpawn, anyWalk, (spawn, directions) => {
        // Velocities are cut to whole numbers on each axis: at most one unit above the circle.
        const speeds = walk(standingAt(spawn), directions).map(({ vx, vy }) => Math.hypot(vx, vy));
        expect(Math.max(...speeds)).toBeLessThanOrEqual(speedMax + 1);
      }),
      { numRuns: 150 },
    );
  });

  it("GAME-5: gives the same place for the same steps", () => {
    const directions: Direction[] = [
      ...Array.from({ length: 200 }, () => ({ x: 127, y: 127 })),
      ...Array.from({ length: 90 }, () => ({ x: -33, y: 120 })),
      ...Array.from({ length: 40 }, () => ({ x: 0, y: 0 })),
    ];
    // A golden place: if it changes, a page of yesterday no longer predicts what a server of today does, and `gameVersion` must rise.
    expect(walk(standingAt({ x: 2560, y: 2560 }), directions).at(-1)).toEqual({ x: 7101, y: 18300, vx: 0, vy: 0 });
  });

  it("reaches full speed in the direction wanted, and comes to rest when nothing is wanted", () => {
    const gone = walk(
      standingAt({ x: 160 * 16, y: 160 * 16 }),
      Array.from({ length: 30 }, () => ({ x: 127, y: 0 })),
    );
    expect(gone.at(-1)).toMatchObject({ vx: speedMax, vy: 0 });
    const rested = walk(
      gone.at(-1) ?? standingAt({ x: 0, y: 0 }),
      Array.from({ length: 8 }, () => ({ x: 0, y: 0 })),
    );
    expect(rested.at(-1)).toMatchObject({ vx: 0, vy: 0 });
  });

  it("slides along a wall that is run into at an angle", () => {
    const atTheRim = standingAt({ x: figureRadius, y: arena.height / 2 });
    const bodies = walk(
      atTheRim,
      Array.from({ length: 30 }, () => ({ x: -127, y: 127 })),
    );
    expect(bodies.at(-1)?.x).toBe(figureRadius);
    expect(bodies.at(-1)?.y).toBeGreaterThan(atTheRim.y + 20 * 30);
  });
});

describe("the arena", () => {
  it("has room for a figure at each spawn", () => {
    for (const { x, y } of arena.spawns) expect(arena.obstacles.some((box) => touches(x, y, box))).toBe(false);
  });

  it("has walls thicker than one step, so that nobody jumps through and no shot flies through", () => {
    const boltStep = Math.hypot(boltVelocity(32).x, boltVelocity(32).y);
    for (const box of arena.obstacles) {
      const thickness = Math.min(box.right - box.left, box.bottom - box.top);
      expect(thickness + 2 * figureRadius).toBeGreaterThan(bootsSpeedMax);
      expect(thickness).toBeGreaterThan(boltStep);
    }
  });

  it("has things lie where a figure can get to, apart from each other, and a bank without walls", () => {
    for (const { x, y } of arena.itemSpots) expect(arena.obstacles.some((box) => touches(x, y, box))).toBe(false);
    for (const [index, one] of arena.itemSpots.entries()) {
      for (const other of arena.itemSpots.slice(index + 1)) {
        expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThan(3 * figureRadius);
      }
    }
    expect(arena.obstacles.some((box) => touches(arena.bank.x, arena.bank.y, box))).toBe(false);
  });

  it("fits a figure's place into 16 bits", () => {
    expect(Math.max(arena.width, arena.height)).toBeLessThanOrEqual(0xffff);
  });

  it("spawns near somebody but not too near, far away where all is near, and by turns where nobody is", () => {
    const spawns = [0, 4_000, 8_000, 20_000].map((x) => ({ x, y: 0 }));
    expect(chooseSpawn(spawns, [], 5)).toEqual({ x: 4_000, y: 0 });
    expect(chooseSpawn(spawns, [{ x: 0, y: 0 }], 1)).toEqual({ x: 8_000, y: 0 });
    expect(chooseSpawn(spawns.slice(0, 2), [{ x: 100, y: 0 }], 0)).toEqual({ x: 4_000, y: 0 });
  });
});
