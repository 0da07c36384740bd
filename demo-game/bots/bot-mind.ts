import { arena, figureRadius, type Place, unitsPerPixel } from "../server/rules/arena.ts";
import { aimOf, boltVelocity } from "../server/rules/bolts.ts";
import type { Carried } from "../server/rules/items.ts";
import type { Ledger } from "../server/rules/ledger.ts";
import { type Body, directionMax, type Step, touches } from "../server/rules/motion.ts";
import type { FigureState } from "../server/rules/states.ts";

/** What a bot knows: no more than a page shows. */
export interface BotView {
  readonly nowMs: number;
  readonly number: number;
  readonly body: Body;
  readonly carried: Carried;
  readonly ledger: Ledger;
  readonly figures: Iterable<FigureState>;
}

/** Uniform from 0 to below 1. */
export type Chance = () => number;

const thinkEveryMs = 350;
const detourMs = 500;
/** A bot that gets no farther than this in the time between two thoughts is stuck. */
const stuckUnits = 25 * unitsPerPixel;
const shotUnitsMax = 560 * unitsPerPixel;
const lookAheadUnits = 70 * unitsPerPixel;
const headings = 16;
/** Nobody is a perfect shot: up to so many 256ths of a circle beside the mark. */
const aimNoise = 9;
const nearGoalUnits = 30 * unitsPerPixel;

/** One bot's mind: gathers what lies around, brings gems to the bank, and shoots at who comes near. No network and no clock in it. */
export class BotMind {
  readonly #chance: Chance;
  readonly #gemsWanted: number;
  #goal: Place | undefined;
  #thoughtMs = Number.NEGATIVE_INFINITY;
  #thoughtAt: Place = { x: 0, y: 0 };
  #detour: { readonly heading: number; readonly untilMs: number } | undefined;
  #noise = 0;
  #isTrigger = false;

  constructor(chance: Chance) {
    this.#chance = chance;
    this.#gemsWanted = 2 + Math.floor(chance() * 5);
  }

  decide(view: BotView): Step {
    if (view.nowMs - this.#thoughtMs >= thinkEveryMs) this.#think(view);
    const { x, y } = this.#headFor(view);
    const target = nearestTarget(view);
    if (target === undefined) return { x, y, aim: x === 0 && y === 0 ? 0 : aimOf(x, y), isFiring: false };
    const aim = (aimAt(view.body, target.body) + this.#noise) & 0xff;
    return { x, y, aim, isFiring: this.#isTrigger };
  }

  #think(view: BotView): void {
    const { body, nowMs } = view;
    const moved = Math.hypot(body.x - this.#thoughtAt.x, body.y - this.#thoughtAt.y);
    const isStuck = this.#goal !== undefined && moved < stuckUnits && this.#thoughtMs > 0;
    if (isStuck) this.#detour = { heading: Math.floor(this.#chance() * headings), untilMs: nowMs + detourMs };
    this.#thoughtMs = nowMs;
    this.#thoughtAt = { x: body.x, y: body.y };
    this.#goal = this.#chooseGoal(view);
    this.#noise = Math.round((this.#chance() * 2 - 1) * aimNoise);
    this.#isTrigger = this.#chance() < 0.75;
  }

  #chooseGoal({ number, body, carried, ledger }: BotView): Place {
    if (carried.gem >= this.#gemsWanted) return arena.bank;
    let [best, least]: [Place | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
    for (const item of ledger.items.values()) {
      if (!ledger.canTake(number, item)) continue;
      const distance = Math.hypot(item.at.x - body.x, item.at.y - body.y);
      if (distance < least) [best, least] = [item.at, distance];
    }
    if (best !== undefined) return best;
    if (carried.gem > 0) return arena.bank;
    const wander = this.#goal;
    const isThere = wander === undefined || Math.hypot(wander.x - body.x, wander.y - body.y) < 8 * nearGoalUnits;
    return isThere ? (arena.itemSpots[Math.floor(this.#chance() * arena.itemSpots.length)] ?? arena.bank) : wander;
  }

  #headFor({ body, nowMs }: BotView): Place {
    const goal = this.#goal ?? arena.bank;
    const [dx, dy] = [goal.x - body.x, goal.y - body.y];
    if (Math.hypot(dx, dy) < nearGoalUnits && this.#detour === undefined) return { x: 0, y: 0 };
    if (this.#detour !== undefined && nowMs < this.#detour.untilMs) return wayOf(this.#detour.heading);
    this.#detour = undefined;
    const wanted = (Math.atan2(dy, dx) / (2 * Math.PI)) * headings;
    for (const turn of [0, 1, -1, 2, -2, 3, -3, 4, -4]) {
      if (isFree(body, wanted + turn)) return wayOf(wanted + turn);
    }
    return wayOf(wanted);
  }
}

function nearestTarget({ body, number, figures }: BotView): FigureState | undefined {
  let [nearest, least]: [FigureState | undefined, number] = [undefined, shotUnitsMax];
  for (const figure of figures) {
    if (figure.number === number || figure.isSafe) continue;
    const distance = Math.hypot(figure.body.x - body.x, figure.body.y - body.y);
    if (distance < least) [nearest, least] = [figure, distance];
  }
  return nearest;
}

/** A little ahead of who runs, since a shot takes its time. */
function aimAt(from: Place, target: Body): number {
  const speed = boltVelocity(0).x;
  const steps = Math.hypot(target.x - from.x, target.y - from.y) / speed;
  return aimOf(target.x + target.vx * steps - from.x, target.y + target.vy * steps - from.y);
}

function wayOf(heading: number): Place {
  const angle = (heading / headings) * 2 * Math.PI;
  return { x: Math.trunc(Math.cos(angle) * directionMax), y: Math.trunc(Math.sin(angle) * directionMax) };
}

function isFree(body: Place, heading: number): boolean {
  const way = wayOf(heading);
  for (const part of [0.4, 1]) {
    const x = body.x + (way.x / directionMax) * lookAheadUnits * part;
    const y = body.y + (way.y / directionMax) * lookAheadUnits * part;
    if (x < figureRadius || y < figureRadius || x > arena.width - figureRadius || y > arena.height - figureRadius) {
      return false;
    }
    if (arena.obstacles.some((box) => touches(x, y, box))) return false;
  }
  return true;
}
