import type { FigureState } from "../../server/rules/messages.ts";
import type { Body } from "../../server/rules/motion.ts";
import { stepsPerSecond, tickHz } from "../../server/rules/timing.ts";

/** The others are shown this far in the past, so that there is a state on either side of the moment shown. */
export const playbackDelayMs = 100;
/** Beyond the newest state figures go on as they went for so long, then they stand. */
const guessMsMax = 100;
/** Two states farther apart than this per tick are a jump. In units. */
const stepDistanceMax = 120 * 16;
const statesMax = 40;
const tickMs = 1000 / tickHz;
/** How much of a new measurement goes into the estimate of the server's time. */
const clockGain = 0.08;
/** A measurement farther off than this is a new beginning, not jitter. */
const clockJumpMs = 250;

interface Snapshot {
  readonly atMs: number;
  readonly bodies: ReadonlyMap<number, Body>;
}

/** What the others did, a moment ago, between the states that the server has sent. */
export class Playback {
  #snapshots: Snapshot[] = [];
  /** Local time minus the server's. */
  #offsetMs: number | undefined;

  /** `nowMs` is when it came, on the clock that {@link shownAt} is asked with. A state that is not newer than the last is ignored. */
  add(tick: number, figures: readonly FigureState[], nowMs: number): void {
    const atMs = tick * tickMs;
    const last = this.#snapshots.at(-1);
    if (last !== undefined && atMs <= last.atMs) return;
    this.#snapshots.push({ atMs, bodies: new Map(figures.map((figure) => [figure.number, figure.body])) });
    if (this.#snapshots.length > statesMax) this.#snapshots.shift();
    const measured = nowMs - atMs;
    const offset = this.#offsetMs;
    const isJump = offset === undefined || Math.abs(measured - offset) > clockJumpMs;
    this.#offsetMs = isJump ? measured : offset + (measured - offset) * clockGain;
  }

  /** Where to draw a figure; `undefined` if it was not there at that moment. */
  shownAt(number: number, nowMs: number): Body | undefined {
    if (this.#offsetMs === undefined) return undefined;
    const atMs = nowMs - this.#offsetMs - playbackDelayMs;
    const next = this.#snapshots.findIndex((snapshot) => snapshot.atMs > atMs);
    if (next < 0) return this.#guess(number, atMs);
    const to = this.#snapshots[next];
    const from = this.#snapshots[next - 1];
    const toBody = to?.bodies.get(number);
    const fromBody = from?.bodies.get(number);
    if (to === undefined || from === undefined || toBody === undefined || fromBody === undefined) {
      return toBody ?? fromBody;
    }
    return between(fromBody, toBody, (atMs - from.atMs) / (to.atMs - from.atMs), (to.atMs - from.atMs) / tickMs);
  }

  #guess(number: number, atMs: number): Body | undefined {
    const last = this.#snapshots.at(-1);
    const body = last?.bodies.get(number);
    if (last === undefined || body === undefined) return undefined;
    const steps = (Math.min(atMs - last.atMs, guessMsMax) / 1000) * stepsPerSecond;
    return { ...body, x: body.x + body.vx * steps, y: body.y + body.vy * steps };
  }
}

function between(from: Body, to: Body, part: number, ticks: number): Body {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  if (Math.abs(dx) + Math.abs(dy) > stepDistanceMax * Math.max(1, ticks)) return to;
  return { x: from.x + dx * part, y: from.y + dy * part, vx: to.vx, vy: to.vy };
}
