import { type Arena, type Box, figureRadius, type Place } from "./arena.ts";

/** Place in units, velocity in units per step. All integers. */
export interface Body extends Place {
  readonly vx: number;
  readonly vy: number;
}

/** Where a player wants to go: each part -127 to 127, 127 being full speed. */
export interface Direction {
  readonly x: number;
  readonly y: number;
}

export const directionMax = 127;
/** Units per step, in any direction: about 260 pixels a second. Fits a signed byte. */
export const speedMax = 70;
/** The same with boots on. */
export const bootsSpeedMax = 88;
/** Change of velocity per step: full speed after 8 steps. */
const acceleration = 9;

export const standing: Direction = { x: 0, y: 0 };

/** One step as its player wants it. */
export interface Step extends Direction {
  /** Where the figure aims: 256 directions, clockwise from the right. */
  readonly aim: number;
  readonly isFiring: boolean;
}

export function isResting(body: Body): boolean {
  return body.vx === 0 && body.vy === 0;
}

/**
 * One step of one figure. The whole of what moves a figure, on the server and in the page; only operations that IEEE 754
 * rounds in one way (`+ - * /`, square root), so that both get the same integers.
 */
export function moveBody(body: Body, direction: Direction, arena: Arena, speed: number = speedMax): Body {
  const target = velocityFor(direction, speed);
  const change = shortened(target.x - body.vx, target.y - body.vy, acceleration);
  let { x, y } = body;
  let vx = body.vx + change.x;
  let vy = body.vy + change.y;

  // One axis after the other: a figure that runs into a wall at an angle slides along it.
  const wantedX = x + vx;
  x = stopAtX(wantedX, y, vx, arena);
  if (x !== wantedX) vx = 0;
  const wantedY = y + vy;
  y = stopAtY(x, wantedY, vy, arena);
  if (y !== wantedY) vy = 0;
  return { x, y, vx, vy };
}

/** A direction longer than 127 (the corner of a keyboard's square) counts as 127. */
function velocityFor(direction: Direction, speed: number): Place {
  const short = shortened(direction.x, direction.y, directionMax);
  return { x: Math.trunc((short.x * speed) / directionMax), y: Math.trunc((short.y * speed) / directionMax) };
}

function shortened(x: number, y: number, lengthMax: number): Place {
  const square = x * x + y * y;
  if (square <= lengthMax * lengthMax) return { x, y };
  const length = Math.sqrt(square);
  return { x: Math.trunc((x * lengthMax) / length), y: Math.trunc((y * lengthMax) / length) };
}

export function touches(x: number, y: number, box: Box): boolean {
  return (
    x > box.left - figureRadius &&
    x < box.right + figureRadius &&
    y > box.top - figureRadius &&
    y < box.bottom + figureRadius
  );
}

function stopAtX(x: number, y: number, vx: number, arena: Arena): number {
  let stopped = Math.min(Math.max(x, figureRadius), arena.width - figureRadius);
  for (const box of arena.obstacles) {
    if (touches(stopped, y, box)) stopped = vx > 0 ? box.left - figureRadius : box.right + figureRadius;
  }
  return stopped;
}

function stopAtY(x: number, y: number, vy: number, arena: Arena): number {
  let stopped = Math.min(Math.max(y, figureRadius), arena.height - figureRadius);
  for (const box of arena.obstacles) {
    if (touches(x, stopped, box)) stopped = vy > 0 ? box.top - figureRadius : box.bottom + figureRadius;
  }
  return stopped;
}
