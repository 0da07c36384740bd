import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Frame, Frames } from "../../../demo-game/server/frame.ts";
import { PlayerView } from "../../../demo-game/server/player-view.ts";
import { arena, type Place } from "../../../demo-game/server/rules/arena.ts";
import { type Bolt, boltAfter } from "../../../demo-game/server/rules/bolts.ts";
import { ByteReader, ByteWriter } from "../../../demo-game/server/rules/bytes.ts";
import { playersMax, stateType } from "../../../demo-game/server/rules/messages.ts";
import { moveBody } from "../../../demo-game/server/rules/motion.ts";
import { StateReader } from "../../../demo-game/server/rules/state-reader.ts";
import type { FigureState, SeenState } from "../../../demo-game/server/rules/states.ts";
import { isInSight, lookAt } from "../../../demo-game/server/sight.ts";

const middle = { x: arena.width / 2, y: arena.height / 2 };
const head = { epoch: 3, lastStep: 7, respawnTicks: 0 };

/** A player behind a network that loses some states and brings its words late. */
class Watcher {
  readonly view = new PlayerView(middle);
  readonly reader = new StateReader();
  readonly #frames = new Frames();
  bytes = 0;

  show(frame: Frame, at: Place, isLost = false, epoch = head.epoch): SeenState | undefined {
    this.#frames.add(frame);
    const writer = new ByteWriter();
    this.view.write(writer, frame, this.#frames, at, { ...head, epoch });
    this.bytes = writer.length;
    if (isLost) return undefined;
    const reader = new ByteReader(writer.finish());
    expect(reader.u8()).toBe(stateType);
    return this.reader.read(reader);
  }
}

function expectToSee(seen: SeenState | undefined, frame: Frame, at: Place): void {
  const centre = lookAt(at);
  const figures = frame.figures.filter((figure) => figure !== undefined && isInSight(centre, figure.body));
  expect([...(seen?.figures.values() ?? [])].sort((one, other) => one.number - other.number)).toEqual(
    [...figures].sort((one, other) => (one?.number ?? 0) - (other?.number ?? 0)),
  );
  const bolts = frame.bolts.filter((bolt) => isInSight(centre, boltAfter(bolt, (frame.tick - bolt.bornTick) * 2)));
  const byId = (one: Bolt, other: Bolt): number => one.id - other.id;
  expect([...(seen?.bolts.values() ?? [])].sort(byId)).toEqual([...bolts].sort(byId));
}

const anyTick = fc.record({
  isLost: fc.boolean(),
  /** The state of so many ticks ago is said to have been seen. */
  seenAgo: fc.option(fc.integer({ min: 0, max: 45 })),
  turn: fc.record({ x: fc.integer({ min: -127, max: 127 }), y: fc.integer({ min: -127, max: 127 }) }),
  newcomer: fc.option(fc.integer({ min: 0, max: 5 })),
  shot: fc.option(fc.integer({ min: 0, max: 255 })),
  leaver: fc.option(fc.integer({ min: 0, max: 5 })),
});

describe("states of the arena", () => {
  it("GAME-8: show each player exactly what is in its sight, whatever is lost on the way and however late it says what it has", () => {
    fc.assert(
      fc.property(fc.array(anyTick, { minLength: 1, maxLength: 120 }), (ticks) => {
        const watcher = new Watcher();
        const slots: (FigureState | undefined)[] = new Array(playersMax);
        let [bolts, number, boltId]: [Bolt[], number, number] = [[], 0, 0];
        const seenTicks: number[] = [];
        for (const [index, { isLost, seenAgo, turn, newcomer, shot, leaver }] of ticks.entries()) {
          const tick = index + 1;
          if (leaver !== null) slots[leaver] = undefined;
          if (newcomer !== null) {
            number += 1;
            const body = { x: 1000 + ((number * 9731) % 49_000), y: 1000 + ((number * 7919) % 33_000), vx: 0, vy: 0 };
            slots[newcomer] = { number, body, aim: number % 256, health: 3, isSafe: true };
          }
          for (const [slot, figure] of slots.entries()) {
            if (figure === undefined) continue;
            const direction = slot % 2 === 0 ? turn : { x: 127, y: 0 };
            const body = moveBody(moveBody(figure.body, direction, arena), direction, arena);
            slots[slot] = { ...figure, body, health: 1 + (tick % 3), isSafe: tick % 9 === 0 };
          }
          bolts = bolts.filter((bolt) => tick - bolt.bornTick < 24);
          if (shot !== null) {
            bolts = [...bolts, { id: boltId, by: 1, from: middle, aim: shot, bornTick: tick }];
            boltId = (boltId + 1) % 1024;
          }
          const frame = new Frame(tick, [...slots], bolts);
          const at = slots[0]?.body ?? middle;
          const seen = watcher.show(frame, at, isLost);
          if (!isLost) {
            expectToSee(seen, frame, at);
            seenTicks.push(tick);
          }
          const said = seenAgo === null ? undefined : seenTicks.filter((one) => one <= tick - seenAgo).at(-1);
          if (said !== undefined) watcher.view.seen(said);
        }
      }),
      { numRuns: 60 },
    );
  });

  const running = (tick: number): FigureState[] =>
    Array.from({ length: 20 }, (_, slot) => ({
      number: slot + 1,
      body: { x: 20_000 + tick * 140, y: 14_000 + slot * 300, vx: 70, vy: 0 },
      aim: 0,
      health: 3,
      isSafe: false,
    }));

  it("GAME-8: say nothing of figures that go on as they went", () => {
    const watcher = new Watcher();
    watcher.show(new Frame(1, running(1), []), middle);
    const whole = watcher.bytes;
    watcher.view.seen(1);
    const frame = new Frame(5, running(5), []);
    expectToSee(watcher.show(frame, middle), frame, middle);
    expect(watcher.bytes).toBeLessThanOrEqual(12);
    expect(whole).toBeGreaterThan(20 * 10);
  });

  it("GAME-8: take the word of no player who says to have seen what was never sent", () => {
    const watcher = new Watcher();
    for (const tick of [0, 2, 900, 0xffff_ffff]) watcher.view.seen(tick);
    const frame = new Frame(1, running(1), []);
    expectToSee(watcher.show(frame, middle), frame, middle);
  });

  it("begin anew with a new owner of the room, and say nothing that comes from before", () => {
    const watcher = new Watcher();
    watcher.show(new Frame(9, running(9), []), middle);
    watcher.view.seen(9);
    watcher.view.forget();
    const frame = new Frame(4, running(4), []);
    expectToSee(watcher.show(frame, middle, false, 4), frame, middle);
    expect(watcher.show(new Frame(10, running(10), []), middle, false, 3)).toBeUndefined();
  });

  it("are refused when they continue what is not known, or are cut short", () => {
    const watcher = new Watcher();
    watcher.show(new Frame(1, running(1), []), middle);
    watcher.view.seen(1);
    const writer = new ByteWriter();
    const frames = new Frames();
    const frame = new Frame(2, running(2), []);
    frames.add(frame);
    new PlayerView(middle).write(writer, frame, frames, middle, head);
    const bytes = writer.finish();
    for (let length = 1; length < bytes.length; length += 1) {
      const reader = new ByteReader(bytes.subarray(0, length));
      reader.u8();
      expect(new StateReader().read(reader)).toBeUndefined();
    }
    const unknown = new ByteReader(new Uint8Array([3, 2, 1, 0, 0, 0, 0, 0, 0]));
    expect(new StateReader().read(unknown)).toBeUndefined();
  });
});
