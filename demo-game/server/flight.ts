import type { Figure } from "./figure.ts";
import { type Arena, arena } from "./rules/arena.ts";
import { type Bolt, boltAfter, boltIdsMax, boltTicksMax, hitDistance, isStopped, muzzleOf } from "./rules/bolts.ts";
import { stepsPerTick } from "./rules/timing.ts";

/** All bolts under way. */
export class Flight {
  #bolts: Bolt[];
  #nextId: number;
  readonly #arena: Arena;

  constructor(saved: { readonly bolts: readonly Bolt[]; readonly nextId: number } = { bolts: [], nextId: 0 }) {
    this.#bolts = [...saved.bolts];
    this.#nextId = saved.nextId;
    this.#arena = arena;
  }

  get bolts(): readonly Bolt[] {
    return this.#bolts;
  }

  get nextId(): number {
    return this.#nextId;
  }

  shoot({ number, body, aim }: Figure, tick: number): void {
    const from = muzzleOf(body, aim);
    // At a wall: the shot goes into it.
    if (isStopped(from, this.#arena)) return;
    this.#bolts.push({ id: this.#nextId, by: number, from, aim, bornTick: tick });
    this.#nextId = (this.#nextId + 1) % boltIdsMax;
  }

  /** One tick. `hit` is told who was hit by whom; a bolt is gone with what it hits, or at its range's end. */
  advance(tick: number, figures: readonly Figure[], hit: (victim: Figure, by: number) => void): void {
    this.#bolts = this.#bolts.filter((bolt) => this.#fly(bolt, tick, figures, hit));
  }

  #fly(bolt: Bolt, tick: number, figures: readonly Figure[], hit: (victim: Figure, by: number) => void): boolean {
    const age = tick - bolt.bornTick;
    if (age > boltTicksMax) return false;
    for (let step = 1; step <= stepsPerTick; step += 1) {
      const { x, y } = boltAfter(bolt, (age - 1) * stepsPerTick + step);
      if (isStopped({ x, y }, this.#arena)) return false;
      for (const figure of figures) {
        const [dx, dy] = [figure.body.x - x, figure.body.y - y];
        if (Math.abs(dx) > hitDistance || Math.abs(dy) > hitDistance || figure.number === bolt.by) continue;
        if (dx * dx + dy * dy > hitDistance * hitDistance || figure.backAtTick !== undefined) continue;
        hit(figure, bolt.by);
        return false;
      }
    }
    return true;
  }
}
