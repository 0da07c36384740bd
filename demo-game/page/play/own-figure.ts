import { arena, type Place } from "../../server/rules/arena.ts";
import { type Body, type Direction, isResting, moveBody } from "../../server/rules/motion.ts";

/** Steps sent but not yet in a state of the server: a second's worth. With more the room is not answering, and the figure waits for it. */
export const pendingStepsMax = 60;
/** A correction larger than this is a jump (a new spawn), and is shown as one. In units. */
const slideDistanceMax = 200 * 16;
/** A smaller one slides away with this time constant. */
const slideMs = 90;

interface Step {
  readonly number: number;
  readonly direction: Direction;
}

/**
 * One's own figure, ahead of the server: each step is done here at once with the server's own rules. A state from the server
 * says where the figure was after some step; the steps since then are done again on top of it. Usually that gives the same place.
 */
export class OwnFigure {
  #body: Body;
  #before: Body;
  #pending: Step[] = [];
  #nextNumber: number;
  #slide: Place = { x: 0, y: 0 };

  /** Step numbers go on across a new beginning in the same connection: the room may still get the old ones. */
  constructor(body: Body, nextNumber = 1) {
    this.#body = body;
    this.#before = body;
    this.#nextNumber = nextNumber;
  }

  get nextNumber(): number {
    return this.#nextNumber;
  }

  get body(): Body {
    return this.#body;
  }

  get isWaiting(): boolean {
    return this.#pending.length >= pendingStepsMax;
  }

  /** Does one step. Its number, or `undefined` if there was nothing to do or the room must answer first. */
  step(direction: Direction): number | undefined {
    this.#before = this.#body;
    const isIdle = direction.x === 0 && direction.y === 0 && isResting(this.#body);
    if (isIdle || this.isWaiting) return undefined;
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    this.#pending.push({ number, direction });
    this.#body = moveBody(this.#body, direction, arena);
    return number;
  }

  reconcile(body: Body, lastStep: number): void {
    this.#pending = this.#pending.filter((step) => step.number > lastStep);
    let corrected = body;
    for (const { direction } of this.#pending) corrected = moveBody(corrected, direction, arena);
    const error = { x: this.#body.x - corrected.x, y: this.#body.y - corrected.y };
    if (error.x === 0 && error.y === 0) {
      this.#body = corrected;
      return;
    }
    this.#before = { ...this.#before, x: this.#before.x - error.x, y: this.#before.y - error.y };
    this.#body = corrected;
    const slide = { x: this.#slide.x + error.x, y: this.#slide.y + error.y };
    this.#slide = Math.abs(slide.x) + Math.abs(slide.y) > slideDistanceMax ? { x: 0, y: 0 } : slide;
  }

  /** Lets a correction fade. */
  elapse(ms: number): void {
    const left = Math.exp(-ms / slideMs);
    this.#slide = { x: this.#slide.x * left, y: this.#slide.y * left };
  }

  /** Where to draw it, `part` (0 to 1) of a step after the last one. */
  shownAt(part: number): Place {
    const x = this.#before.x + (this.#body.x - this.#before.x) * part + this.#slide.x;
    const y = this.#before.y + (this.#body.y - this.#before.y) * part + this.#slide.y;
    return { x, y };
  }
}
