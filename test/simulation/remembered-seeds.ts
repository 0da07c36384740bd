/** Seeds of random simulations that have found something, and what it was. They run first, for ever. */
export const rememberedSeeds: Readonly<Record<"random-moves", readonly number[]>> = {
  // A memory room that had moved and not had a turn since was let go without its state.
  "random-moves": [2, 22],
};
