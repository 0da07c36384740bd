/** Seeds of random simulations that have found something, and what it was. They run first, for ever. */
export const rememberedSeeds: Readonly<Record<"random-moves" | "cluster", readonly number[]>> = {
  "random-moves": [
    // A memory room that had moved and not had a turn since was let go without its state.
    2, 22,
    // A source whose takeover was answered `unknown` went on with the position from before it.
    1081, 1414,
  ],
  cluster: [],
};
