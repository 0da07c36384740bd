import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arena } from "../../../demo-game/server/rules/arena.ts";
import { moveBody, type Step, speedMax } from "../../../demo-game/server/rules/motion.ts";
import { stepsPerTick } from "../../../demo-game/server/rules/timing.ts";
import { allowanceMax, queuedStepsMax, StepQueue, stepsPerTickMax } from "../../../demo-game/server/step-queue.ts";

const right: Step = { x: 127, y: 0, aim: 0, isFiring: false };
const steps = (count: number): Step[] => Array.from({ length: count }, () => right);

/** What arrives between two ticks: messages of some steps, some of them repeated or with holes in the numbers. */
const anyTraffic = fc.array(
  fc.array(fc.record({ count: fc.integer({ min: 1, max: 12 }), shift: fc.integer({ min: -20, max: 20 }) }), {
    maxLength: 30,
  }),
  { maxLength: 120 },
);

describe("the queue of a player's steps", () => {
  it("GAME-1: lets nobody make more steps than time allows, whatever is sent", () => {
    fc.assert(
      fc.property(anyTraffic, (ticks) => {
        const queue = new StepQueue();
        let [number, taken, body] = [1, 0, { x: 320, y: 12800, vx: 0, vy: 0 }];
        for (const [tick, messages] of ticks.entries()) {
          for (const { count, shift } of messages) {
            queue.receive(Math.max(1, number + shift), steps(count));
            number += count;
          }
          const now = queue.take();
          taken += now.length;
          expect(now.length).toBeLessThanOrEqual(stepsPerTickMax);
          expect(taken).toBeLessThanOrEqual((tick + 1) * stepsPerTick);
          for (const direction of now) body = moveBody(body, direction, arena);
          expect(body.x - 320).toBeLessThanOrEqual((tick + 1) * stepsPerTick * speedMax);
          expect(queue.save().steps.length).toBeLessThanOrEqual(queuedStepsMax);
        }
      }),
    );
  });

  it("GAME-1: lets nobody save up more than the allowance", () => {
    const queue = new StepQueue();
    for (let tick = 0; tick < 1000; tick += 1) queue.take();
    let taken = 0;
    for (let tick = 0; tick < 40; tick += 1) {
      queue.receive(1 + tick * 60, steps(60));
      taken += queue.take().length;
    }
    expect(taken).toBeLessThanOrEqual(40 * stepsPerTick + allowanceMax);
    expect(taken).toBeGreaterThan(40 * stepsPerTick);
  });

  it("hands out each step once and in order, when steps come as fast as time goes", () => {
    const queue = new StepQueue();
    const sent: Step[] = [];
    const taken: Step[] = [];
    for (let tick = 0; tick < 50; tick += 1) {
      const batch = [0, 1].map((part) => ({ ...right, x: tick, y: part }));
      queue.receive(sent.length + 1, batch);
      sent.push(...batch);
      // Comes twice, as after a move without an acknowledgement.
      queue.receive(sent.length - 1, batch);
      taken.push(...queue.take());
    }
    expect(taken).toEqual(sent);
    expect(queue.lastDone).toBe(sent.length);
  });

  it("makes up for a pause of the network without a lasting delay", () => {
    const queue = new StepQueue();
    queue.receive(1, steps(2));
    queue.take();
    for (let tick = 0; tick < 9; tick += 1) expect(queue.take()).toEqual([]);
    for (let message = 0; message < 9; message += 1) queue.receive(3 + message * 2, steps(2));
    let number = 21;
    for (let tick = 0; tick < 15; tick += 1) {
      queue.receive(number, steps(2));
      number += 2;
      queue.take();
    }
    expect(number - 1 - queue.lastDone).toBeLessThanOrEqual(3 * stepsPerTick);
  });

  it("skips the oldest of what could only be done late, and says that they are done with", () => {
    const queue = new StepQueue();
    for (let message = 0; message < 20; message += 1) queue.receive(1 + message * 12, steps(12));
    expect(queue.save().steps.length).toBe(queuedStepsMax);
    expect(queue.lastDone).toBe(240 - queuedStepsMax);
    queue.take();
    expect(240 - queue.lastDone).toBeLessThanOrEqual(4 * stepsPerTick);
  });

  it("goes on from any number: a restarted room gets steps from the middle", () => {
    const queue = new StepQueue();
    expect(queue.lastDone).toBe(0);
    queue.receive(5000, steps(2));
    expect(queue.lastDone).toBe(4999);
    queue.take();
    expect(queue.lastDone).toBe(5001);
  });

  it("GAME-2: goes on where it was when restored, with time to make up for the move", () => {
    const queue = new StepQueue();
    queue.receive(1, steps(7));
    queue.take();
    const restored = new StepQueue(queue.save());
    expect(restored.lastDone).toBe(queue.lastDone);
    restored.receive(6, steps(36));
    let done = 0;
    for (let tick = 0; tick < 6; tick += 1) done += restored.take().length;
    expect(done).toBeGreaterThan(6 * stepsPerTick);
  });
});
