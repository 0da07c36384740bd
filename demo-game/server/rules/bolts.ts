import { type Arena, figureRadius, type Place, unitsPerPixel } from "./arena.ts";
import { ticksIn } from "./timing.ts";

/** One shot under way. It flies straight on from where it was shot. */
export interface Bolt {
  /** 0 to {@link boltIdsMax} - 1, used in turn. */
  readonly id: number;
  /** Number of the player who shot. */
  readonly by: number;
  readonly from: Place;
  /** 256 directions, clockwise from the right. */
  readonly aim: number;
  readonly bornTick: number;
}

/** More than can be shot within the time that a state is remembered, so that an id says which bolt it is. */
export const boltIdsMax = 1024;
/** Units per step: 900 pixels a second. */
const boltSpeed = 15 * unitsPerPixel;
/** How long one flies: about 700 pixels. */
export const boltTicksMax = ticksIn(0.8);
/** Half the thickness of a bolt, for what it hits. */
const boltRadius = 5 * unitsPerPixel;
/** A bolt hits what its middle comes this near to. */
export const hitDistance = figureRadius + boltRadius;
/** From the figure's middle: out of it, and never behind a wall that the figure touches. */
const muzzleDistance = figureRadius - unitsPerPixel;

const velocities: readonly Place[] = Array.from({ length: 256 }, (_, aim) => alongAim(aim, boltSpeed));

/** Whole units per step. */
export function boltVelocity(aim: number): Place {
  return velocities[aim & 0xff] ?? { x: 0, y: 0 };
}

export function muzzleOf(figure: Place, aim: number): Place {
  const way = alongAim(aim, muzzleDistance);
  return { x: figure.x + way.x, y: figure.y + way.y };
}

/** Where it is so many steps after it was shot, if nothing was in its way. */
export function boltAfter(bolt: Pick<Bolt, "from" | "aim">, steps: number): Place {
  const velocity = boltVelocity(bolt.aim);
  return { x: bolt.from.x + velocity.x * steps, y: bolt.from.y + velocity.y * steps };
}

export function isStopped({ x, y }: Place, { width, height, obstacles }: Arena): boolean {
  if (x < 0 || y < 0 || x > width || y > height) return true;
  return obstacles.some((box) => x > box.left && x < box.right && y > box.top && y < box.bottom);
}

/** The nearest of the 256 directions; to the right for no direction at all. */
export function aimOf(x: number, y: number): number {
  return Math.round((Math.atan2(y, x) / (2 * Math.PI)) * 256) & 0xff;
}

/** Radians. */
export function angleOf(aim: number): number {
  return (aim / 256) * 2 * Math.PI;
}

function alongAim(aim: number, distance: number): Place {
  const angle = angleOf(aim);
  return { x: Math.round(Math.cos(angle) * distance), y: Math.round(Math.sin(angle) * distance) };
}
