/** One step is the smallest piece of movement, the same on the server and in the page's prediction. */
export const stepsPerSecond = 60;
/** Ticks of the server, each followed by one state for each player. A divisor of {@link stepsPerSecond}. */
export const tickHz = 30;
export const stepsPerTick = stepsPerSecond / tickHz;
export const tickMs = 1000 / tickHz;

/** Whole ticks in a time. */
export function ticksIn(seconds: number): number {
  return Math.round(seconds * tickHz);
}
