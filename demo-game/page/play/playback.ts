import { type Bolt, boltAfter } from "../../server/rules/bolts.ts";
import type { Body } from "../../server/rules/motion.ts";
import type { FigureState, SeenState } from "../../server/rules/states.ts";
import { stepsPerSecond, stepsPerTick, tickMs } from "../../server/rules/timing.ts";

/** The others are shown this far in the past, so that there is a state on either side of the moment shown. */
export const playbackDelayMs = 100;
/** Beyond the newest state figures go on as they went for so long, then they stand. */
const guessMsMax = 100;
/** Two states farther apart than this per tick are a jump. In units. */
const stepDistanceMax = 120 * 16;
const statesMax = 40;
/** How much of a new measurement goes into the estimate of the server's time. */
const clockGain = 0.08;
/** A measurement farther off than this is a new beginning, not jitter. */
const clockJumpMs = 250;

interface Snapshot {
  readonly atMs: number;
  readonly state: Pick<SeenState, "tick" | "figures" | "bolts">;
}

export interface FlyingBolt {
  readonly bolt: Bolt;
  readonly x: number;
  readonly y: number;
}

/** What the others did, a moment ago, between the states that the server has sent. */
export class Playback {
  #snapshots: Snapshot[] = [];
  /** Local time minus the server's. */
  #offsetMs: number | undefined;

  /** `nowMs` is when it came, on the clock that {@link shownAt} is asked with. A state that is not newer than the last is ignored. */
  add(state: Snapshot["state"], nowMs: number): void {
    const atMs = state.tick * tickMs;
    const last = this.#snapshots.at(-1);
    if (last !== undefined && atMs <= last.atMs) return;
    this.#snapshots.push({ atMs, state });
    if (this.#snapshots.length > statesMax) this.#snapshots.shift();
    const measured = nowMs - atMs;
    const offset = this.#offsetMs;
    const isJump = offset === undefined || Math.abs(measured - offset) > clockJumpMs;
    this.#offsetMs = isJump ? measured : offset + (measured - offset) * clockGain;
  }

  /** How to draw a figure; `undefined` if it was not there at that moment. */
  shownAt(number: number, nowMs: number): FigureState | undefined {
    const atMs = this.#shownMs(nowMs);
    if (atMs === undefined) return undefined;
    const next = this.#snapshots.findIndex((snapshot) => snapshot.atMs > atMs);
    if (next < 0) return this.#guess(number, atMs);
    const [from, to] = [this.#snapshots[next - 1], this.#snapshots[next]];
    const [before, after] = [from?.state.figures.get(number), to?.state.figures.get(number)];
    if (from === undefined || to === undefined || before === undefined || after === undefined) return after ?? before;
    const [part, ticks] = [(atMs - from.atMs) / (to.atMs - from.atMs), to.state.tick - from.state.tick];
    return { ...after, body: between(before.body, after.body, part, ticks) };
  }

  boltsAt(nowMs: number): FlyingBolt[] {
    const atMs = this.#shownMs(nowMs);
    if (atMs === undefined) return [];
    const next = this.#snapshots.findIndex((snapshot) => snapshot.atMs > atMs);
    const [from, to] = next < 0 ? [this.#snapshots.at(-1)] : [this.#snapshots[next - 1], this.#snapshots[next]];
    const bolts = new Map([...(from?.state.bolts ?? []), ...(to?.state.bolts ?? [])]);
    return [...bolts.values()].flatMap((bolt) => {
      const steps = (atMs / tickMs - bolt.bornTick) * stepsPerTick;
      return steps < 0 ? [] : [{ bolt, ...boltAfter(bolt, steps) }];
    });
  }

  #shownMs(nowMs: number): number | undefined {
    return this.#offsetMs === undefined ? undefined : nowMs - this.#offsetMs - playbackDelayMs;
  }

  #guess(number: number, atMs: number): FigureState | undefined {
    const last = this.#snapshots.at(-1);
    const figure = last?.state.figures.get(number);
    if (last === undefined || figure === undefined) return undefined;
    const { body } = figure;
    const steps = (Math.min(atMs - last.atMs, guessMsMax) / 1000) * stepsPerSecond;
    return { ...figure, body: { ...body, x: body.x + body.vx * steps, y: body.y + body.vy * steps } };
  }
}

function between(from: Body, to: Body, part: number, ticks: number): Body {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  if (Math.abs(dx) + Math.abs(dy) > stepDistanceMax * Math.max(1, ticks)) return to;
  return { x: from.x + dx * part, y: from.y + dy * part, vx: to.vx, vy: to.vy };
}
