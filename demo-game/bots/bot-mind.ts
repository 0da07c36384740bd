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
  /** By number. */
  readonly figures: ReadonlyMap<number, FigureState>;
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
/** Which ways are tried round what stands in the way. */
const turns = [0, 1, -1, 2, -2, 3, -3, 4, -4];
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
    const nearest = nearestItem(body, ledger, number);
    if (nearest !== undefined) return nearest;
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
    const turn = turns.find((one) => isFree(body, wanted + one));
    return wayOf(wanted + (turn ?? 0));
  }
}

// What follows is asked again and again by hundreds of bots in one process: `forEach` and single variables, since some engines that
// run them make objects for each round of `for … of` and each pair of brackets.

function nearestItem(body: Place, ledger: Ledger, number: number): Place | undefined {
  let nearest: Place | undefined;
  let least = Number.POSITIVE_INFINITY;
  ledger.items.forEach((item) => {
    if (!ledger.canTake(number, item)) return;
    const distance = Math.hypot(item.at.x - body.x, item.at.y - body.y);
    if (distance >= least) return;
    nearest = item.at;
    least = distance;
  });
  return nearest;
}

function nearestTarget({ body, number, figures }: BotView): FigureState | undefined {
  let nearest: FigureState | undefined;
  let least = shotUnitsMax;
  figures.forEach((figure) => {
    if (figure.number === number || figure.isSafe) return;
    const distance = Math.hypot(figure.body.x - body.x, figure.body.y - body.y);
    if (distance >= least) return;
    nearest = figure;
    least = distance;
  });
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
  const { x, y } = wayOf(heading);
  const far = lookAheadUnits / directionMax;
  const near = 0.4 * far;
  return isClear(body.x + x * near, body.y + y * near) && isClear(body.x + x * far, body.y + y * far);
}

function isClear(x: number, y: number): boolean {
  const cornerX = Math.min(x, arena.width - x);
  const cornerY = Math.min(y, arena.height - y);
  if (cornerX < figureRadius || cornerY < figureRadius) return false;
  return !arena.cornerObstacles.some((box) => touches(cornerX, cornerY, box));
}
