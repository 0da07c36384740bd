import type { Place } from "./rules/arena.ts";
import { type Bolt, boltAfter } from "./rules/bolts.ts";
import { ByteWriter } from "./rules/bytes.ts";
import {
  expectedAfter,
  type FigureState,
  statesRemembered,
  writeBolt,
  writeFigureChange,
  writeWholeFigure,
} from "./rules/states.ts";
import { stepsPerTick } from "./rules/timing.ts";

/** The arena at one tick, as all players together see it. */
export class Frame {
  readonly tick: number;
  /** By slot. */
  readonly figures: readonly (FigureState | undefined)[];
  readonly bolts: readonly Bolt[];
  /** Where each of them is now. */
  readonly boltPlaces: readonly Place[];
  /** Bytes of figures, whole and as changes since another frame: the same for all players who have seen that one. */
  readonly #whole: (Uint8Array | undefined)[] = [];
  readonly #changes = new Map<number, (Uint8Array | undefined)[]>();
  readonly #writer = new ByteWriter();

  constructor(tick: number, figures: readonly (FigureState | undefined)[], bolts: readonly Bolt[]) {
    this.tick = tick;
    this.figures = figures;
    this.bolts = bolts;
    this.boltPlaces = bolts.map((bolt) => boltAfter(bolt, (tick - bolt.bornTick) * stepsPerTick));
  }

  wholeFigure(slot: number): Uint8Array {
    const known = this.#whole[slot];
    if (known !== undefined) return known;
    const figure = this.figures[slot];
    this.#writer.clear();
    if (figure !== undefined) writeWholeFigure(this.#writer, figure);
    const bytes = this.#writer.finish();
    this.#whole[slot] = bytes;
    return bytes;
  }

  /** Empty where the figure is as expected. */
  figureChange(slot: number, base: Frame): Uint8Array {
    let changes = this.#changes.get(base.tick);
    if (changes === undefined) {
      changes = [];
      this.#changes.set(base.tick, changes);
    }
    const known = changes[slot];
    if (known !== undefined) return known;
    const [figure, before] = [this.figures[slot], base.figures[slot]];
    this.#writer.clear();
    if (figure !== undefined && before !== undefined) {
      writeFigureChange(this.#writer, figure, expectedAfter(before, this.tick - base.tick));
    }
    const bytes = this.#writer.finish();
    changes[slot] = bytes;
    return bytes;
  }

  writeBolt(writer: ByteWriter, bolt: Bolt): void {
    writeBolt(writer, bolt, this.tick);
  }

  /** It is only read from here on: what was written for its players is not needed any more. */
  forget(): void {
    this.#changes.clear();
    this.#whole.length = 0;
  }
}

/** The last frames, by tick. */
export class Frames {
  readonly #ring: (Frame | undefined)[] = new Array<Frame | undefined>(statesRemembered);

  add(frame: Frame): void {
    this.#ring[(frame.tick - 1) % statesRemembered]?.forget();
    this.#ring[frame.tick % statesRemembered] = frame;
  }

  /** `undefined` where it was too long ago, or is still to come. */
  at(tick: number): Frame | undefined {
    const frame = this.#ring[tick % statesRemembered];
    return frame?.tick === tick ? frame : undefined;
  }
}
