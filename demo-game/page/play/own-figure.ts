import { arena, type Place } from "../../server/rules/arena.ts";
import { type Body, isResting, moveBody, type Step } from "../../server/rules/motion.ts";

/** Steps sent but not yet in a state of the server: a second's worth. With more the room is not answering, and the figure waits for it. */
export const pendingStepsMax = 60;
/** A correction larger than this is a jump (a new spawn), and is shown as one. In units. */
const slideDistanceMax = 200 * 16;
/** A smaller one slides away with this time constant. */
const slideMs = 90;

interface NumberedStep {
  readonly number: number;
  readonly step: Step;
}

/**
 * One's own figure, ahead of the server: each step is done here at once with the server's own rules. A state from the server
 * says where the figure was after some step; the steps since then are done again on top of it. Usually that gives the same place.
 */
export class OwnFigure {
  #body: Body;
  #before: Body;
  #pending: NumberedStep[] = [];
  #nextNumber: number;
  #aim = 0;
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

  get aim(): number {
    return this.#aim;
  }

  get isWaiting(): boolean {
    return this.#pending.length >= pendingStepsMax;
  }

  /** Does one step. Its number, or `undefined` if there was nothing to do or the room must answer first. `speed` in units per step. */
  step(step: Step, speed: number): number | undefined {
    this.#before = this.#body;
    const isIdle = step.x === 0 && step.y === 0 && !step.isFiring && step.aim === this.#aim && isResting(this.#body);
    if (isIdle || this.isWaiting) return undefined;
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    this.#aim = step.aim;
    this.#pending.push({ number, step });
    this.#body = moveBody(this.#body, step, arena, speed);
    return number;
  }

  /** Answers by how much the prediction was wrong, in units. */
  reconcile(body: Body, lastStep: number, speed: number): number {
    this.#pending = this.#pending.filter(({ number }) => number > lastStep);
    let corrected = body;
    for (const { step } of this.#pending) corrected = moveBody(corrected, step, arena, speed);
    const error = { x: this.#body.x - corrected.x, y: this.#body.y - corrected.y };
    this.#body = corrected;
    if (error.x === 0 && error.y === 0) return 0;
    this.#before = { ...this.#before, x: this.#before.x - error.x, y: this.#before.y - error.y };
    const slide = { x: this.#slide.x + error.x, y: this.#slide.y + error.y };
    this.#slide = Math.abs(slide.x) + Math.abs(slide.y) > slideDistanceMax ? { x: 0, y: 0 } : slide;
    return Math.hypot(error.x, error.y);
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
