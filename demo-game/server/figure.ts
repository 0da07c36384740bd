import type { Place } from "./rules/arena.ts";
import { healthMax } from "./rules/items.ts";
import type { Body } from "./rules/motion.ts";
import { type SavedStepQueue, StepQueue } from "./step-queue.ts";

/** A player's figure, while the player has a session. All of it may be lost in a crash; what counts is in the ledger. */
export interface Figure {
  /** Of its player. */
  readonly number: number;
  /** Its place in states, 0 to `playersMax` - 1: bits of sets, places of arrays. */
  readonly slot: number;
  readonly queue: StepQueue;
  body: Body;
  aim: number;
  health: number;
  /** It may shoot again from this tick on. */
  readyAtTick: number;
  /** Nothing hits it before this tick. */
  safeUntilTick: number;
  /** Felled: it comes back at this tick. `undefined` while it is in. */
  backAtTick: number | undefined;
  /** Ticks from which on it may do these again. */
  renamableAtTick: number;
  sayableAtTick: number;
}

export interface SavedFigure extends Readonly<Omit<Figure, "queue">> {
  readonly queue: SavedStepQueue;
}

export function createFigure(number: number, slot: number, at: Place, safeUntilTick: number): Figure {
  return {
    number,
    slot,
    queue: new StepQueue(),
    body: { x: at.x, y: at.y, vx: 0, vy: 0 },
    aim: 0,
    health: healthMax,
    readyAtTick: 0,
    safeUntilTick,
    backAtTick: undefined,
    renamableAtTick: 0,
    sayableAtTick: 0,
  };
}

export function saveFigure(figure: Figure): SavedFigure {
  return { ...figure, queue: figure.queue.save() };
}

export function restoreFigure(saved: SavedFigure): Figure {
  return { ...saved, queue: new StepQueue(saved.queue) };
}
