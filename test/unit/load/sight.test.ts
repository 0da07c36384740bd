import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Frame, Frames } from "../../../demo-game/server/frame.ts";
import { PlayerView } from "../../../demo-game/server/player-view.ts";
import { arena } from "../../../demo-game/server/rules/arena.ts";
import { ByteWriter } from "../../../demo-game/server/rules/bytes.ts";
import { decodeDown, playersMax, stateType } from "../../../demo-game/server/rules/messages.ts";
import { StateReader } from "../../../demo-game/server/rules/state-reader.ts";
import type { FigureState } from "../../../demo-game/server/rules/states.ts";
import { Sight } from "../../../load/k6/clients/sight.ts";

const middle = { x: arena.width / 2, y: arena.height / 2 };
const byNumber = (one: FigureState, other: FigureState): number => one.number - other.number;

/** An arena that shows one player its states, read both by a page's reader and by the load's. */
class Show {
  readonly #frames = new Frames();
  readonly #view = new PlayerView(middle);
  readonly #reader = new StateReader();
  readonly sight = new Sight();

  write(tick: number, slots: readonly (FigureState | undefined)[], epoch = 1): Uint8Array {
    const bolts = [{ id: tick % 1024, by: 1, from: middle, aim: tick % 256, bornTick: tick }];
    const frame = new Frame(tick, [...slots], bolts);
    this.#frames.add(frame);
    const writer = new ByteWriter();
    this.#view.write(writer, frame, this.#frames, middle, { epoch, lastStep: tick * 60, respawnTicks: tick % 300 });
    return writer.finish();
  }

  /** The player says what it has, in time. */
  confirm(): void {
    this.#view.seen(this.sight.tick);
  }

  beginAnew(): void {
    this.#view.forget();
  }

  /** What a page sees of it. */
  asPage(bytes: Uint8Array): FigureState[] {
    const message = decodeDown(bytes, this.#reader);
    if (message?.kind !== "state") throw new Error("a page cannot read it");
    return [...message.state.figures.values()].sort(byNumber);
  }

  seen(): FigureState[] {
    return [...this.sight.figures.values()].sort(byNumber);
  }
}

const anyFigure = fc.record({
  number: fc.constantFrom(1, 2, 200, 40_000),
  body: fc.record({
    x: fc.integer({ min: 300, max: 0xffff }),
    y: fc.integer({ min: 300, max: 0xffff }),
    vx: fc.integer({ min: -88, max: 88 }),
    vy: fc.integer({ min: -88, max: 88 }),
  }),
  aim: fc.integer({ min: 0, max: 255 }),
  health: fc.integer({ min: 1, max: 3 }),
  isSafe: fc.boolean(),
});
const anyTick = fc.record({
  figures: fc.uniqueArray(anyFigure, { selector: ({ number }) => number, maxLength: 4 }),
  /** Most stay as they were. */
  keeps: fc.boolean(),
  isLooking: fc.boolean(),
  isConfirming: fc.boolean(),
  isOfNewOwner: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
});

const standing = (number: number): FigureState => ({
  number,
  body: { ...middle, vx: 0, vy: 0 },
  aim: 0,
  health: 3,
  isSafe: false,
});

describe("what a load player sees of its arena", () => {
  it("is what a page sees, whichever states it looks at, and nothing where they continue one that it has not", () => {
    let looks = 0;
    fc.assert(
      fc.property(fc.array(anyTick, { minLength: 30, maxLength: 60 }), (ticks) => {
        const show = new Show();
        let figures: readonly FigureState[] = [];
        let epoch = 1;
        for (const [index, { keeps, isLooking, isConfirming, isOfNewOwner, ...tick }] of ticks.entries()) {
          if (!keeps) figures = tick.figures;
          if (isOfNewOwner) {
            epoch += 1;
            show.beginAnew();
          }
          const bytes = show.write(index + 1, figures, epoch);
          const expected = show.asPage(bytes);
          if (isLooking) {
            expect(show.sight.read(bytes)).not.toBe("malformed");
            if (show.sight.tick === index + 1) {
              looks += 1;
              expect(show.seen()).toEqual(expected);
            }
          }
          if (isConfirming) show.confirm();
        }
      }),
      { numRuns: 200 },
    );
    expect(looks).toBeGreaterThan(1_000);
  });

  it("stays as it was when a state continues an older one, or comes of an earlier owner", () => {
    const show = new Show();
    const first = show.write(1, [standing(1)], 2);
    expect(show.sight.read(first)).toBe("seen");
    show.confirm();
    const [second, third] = [show.write(2, [standing(1), standing(2)], 2), show.write(3, [standing(1)], 2)];
    expect(show.sight.read(second)).toBe("seen");
    expect(show.sight.read(third)).toBe("stale");
    expect(show.sight.read(new Show().write(9, [], 1))).toBe("stale");
    expect(show.seen()).toEqual([standing(1), standing(2)]);
    expect(show.sight.tick).toBe(2);
  });

  it("is refused where it is cut short, or says what cannot be", () => {
    const whole = new Show().write(1, [standing(1), standing(2)]);
    // Behind the figures are the bolts, which nobody looks at.
    for (let length = 1; length < whole.length - 11; length += 1) {
      expect(new Sight().read(whole.subarray(0, length)), `${length} bytes`).toBe("malformed");
    }
    const head = [stateType, 1, 1, 0, 0, 0];
    for (const tail of [
      [1, 7, 0],
      [0, 1, 7, 1, 4],
      [0, 1, 7, 0],
      [0, playersMax + 1],
      [0xff, 0xff, 0xff, 0x7f],
    ]) {
      expect(new Sight().read(Uint8Array.from([...head, ...tail])), String(tail)).toBe("malformed");
    }
  });
});
