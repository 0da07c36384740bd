import { expect, test, vi } from "vitest";
import { RandomMoves } from "../support/random-moves.ts";
import { rememberedSeeds } from "./remembered-seeds.ts";

vi.setConfig({ testTimeout: 120_000 });

const seedsOfARun = 200;
const seedsOfATest = 20;

async function expectNothingLost(seed: number): Promise<RandomMoves["counts"]> {
  const moves = new RandomMoves(seed);
  try {
    await moves.run(seed);
  } catch (error) {
    throw new Error(`seed ${seed} (to be added to remembered-seeds.ts)`, { cause: error });
  }
  return moves.counts;
}

test.each(rememberedSeeds["random-moves"])("MOVE-1: seed %i, which has found something before", async (seed) => {
  await expectNothingLost(seed);
});

const firsts = Array.from({ length: seedsOfARun / seedsOfATest }, (_, index) => index * seedsOfATest + 1);

test.each(firsts)(
  "MOVE-1: nothing is lost, doubled or reordered in the 20 random clusters from seed %i on",
  async (first) => {
    const counts = { moved: 0, notMoved: 0, drained: 0 };
    for (let seed = first; seed < first + seedsOfATest; seed += 1) {
      const { moved, notMoved, drained } = await expectNothingLost(seed);
      counts.moved += moved;
      counts.notMoved += notMoved;
      counts.drained += drained;
    }
    // A simulation in which nothing happens finds nothing.
    expect(counts.moved).toBeGreaterThan(seedsOfATest * 3);
    expect(counts.notMoved).toBeGreaterThan(seedsOfATest);
    expect(counts.drained).toBeGreaterThan(seedsOfATest / 2);
  },
);

test("OWN-1: a store that does not fence is noticed within a few seeds", async () => {
  let seed = 1;
  for (; seed <= 30; seed += 1) {
    const isNoticed = await new RandomMoves(seed, { fences: false }).run(seed).then(
      () => false,
      () => true,
    );
    if (isNoticed) break;
  }
  expect(seed).toBeLessThanOrEqual(30);
});
