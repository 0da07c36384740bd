import { arena, type Place, unitsPerPixel } from "./rules/arena.ts";

/** Half of what a player is told about, around its figure: more than any page shows. */
export const sight = { halfWidth: 800 * unitsPerPixel, halfHeight: 600 * unitsPerPixel } as const;

/** Around which place a player sees: its figure's, but never beyond the rim, as the page's camera. */
export function lookAt({ x, y }: Place): Place {
  return { x: within(x, sight.halfWidth, arena.width), y: within(y, sight.halfHeight, arena.height) };
}

export function isInSight(centre: Place, { x, y }: Place): boolean {
  return Math.abs(x - centre.x) <= sight.halfWidth && Math.abs(y - centre.y) <= sight.halfHeight;
}

function within(value: number, half: number, length: number): number {
  return Math.min(Math.max(value, half), length - half);
}
