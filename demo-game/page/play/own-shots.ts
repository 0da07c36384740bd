import { arena, type Place } from "../../server/rules/arena.ts";
import { boltAfter, boltTicksMax, hitDistance, isStopped, muzzleOf } from "../../server/rules/bolts.ts";
import { stepsPerTick } from "../../server/rules/timing.ts";

export interface OwnShot {
  readonly x: number;
  readonly y: number;
  readonly aim: number;
}

interface Shot {
  readonly from: Place;
  readonly aim: number;
  readonly step: number;
}

/** One's own shots, shown as soon as they are fired. Whether they hit is the server's to say. */
export class OwnShots {
  #shots: Shot[] = [];
  #step = 0;
  #readyAtStep = 0;

  /** One step of time. Answers whether a shot has left. */
  elapse(figure: Place | undefined, aim: number, isFiring: boolean, reloadTicks: number): boolean {
    this.#step += 1;
    this.#shots = this.#shots.filter((shot) => {
      const age = this.#step - shot.step;
      return age <= boltTicksMax * stepsPerTick && !isStopped(boltAfter(shot, age), arena);
    });
    if (!isFiring || figure === undefined || this.#step < this.#readyAtStep) return false;
    this.#readyAtStep = this.#step + reloadTicks * stepsPerTick;
    const from = muzzleOf(figure, aim);
    if (!isStopped(from, arena)) this.#shots.push({ from, aim, step: this.#step });
    return true;
  }

  /** `part` (0 to 1) of a step after the last one. A shot ends in front of a figure at `others`, as they are shown. */
  shownAt(part: number, others: readonly Place[]): OwnShot[] {
    const flying = this.#shots.map((shot) => ({ shot, at: boltAfter(shot, this.#step - shot.step + part) }));
    const left = flying.filter(({ at }) => !others.some((other) => isNear(at, other)));
    this.#shots = left.map(({ shot }) => shot);
    return left.map(({ shot, at }) => ({ ...at, aim: shot.aim }));
  }
}

function isNear(one: Place, other: Place): boolean {
  const [dx, dy] = [one.x - other.x, one.y - other.y];
  return dx * dx + dy * dy < hitDistance * hitDistance;
}
