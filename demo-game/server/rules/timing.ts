/** One step is the smallest piece of movement, the same on the server and in the page's prediction. */
export const stepsPerSecond = 60;
/** Ticks of the server, each followed by one state for all. A divisor of {@link stepsPerSecond}. */
export const tickHz = 20;
export const stepsPerTick = stepsPerSecond / tickHz;
