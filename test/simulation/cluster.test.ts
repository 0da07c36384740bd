import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type Action, drawPlan, type Plan } from "../support/simulation/plan.ts";
import { shrinkPlan } from "../support/simulation/shrink.ts";
import { type Outcome, simulate } from "../support/simulation/simulation.ts";
import { rememberedSeeds } from "./remembered-seeds.ts";

const seedsOfARun = 2_000;

/** A script of this project, in a process of its own: bundled, and shared out among the cores, seeds take a quarter of the time. */
function run(script: string, ...args: string[]): Promise<{ readonly code: number; readonly output: string }> {
  const path = fileURLToPath(new URL(`../../scripts/${script}`, import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [path, ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, output: `${stdout}${stderr}` });
    });
  });
}

/** No server answers for longer than a gateway holds: its clients are closed. What comes last keeps the trouble from ending before. */
const isTooLong: readonly Action[] = [
  { kind: "pause", host: "s0", forMs: 30_000, atMs: 1_000 },
  { kind: "pause", host: "s1", forMs: 30_000, atMs: 1_000 },
  { kind: "reset", one: "s0", other: "g0", atMs: 24_000 },
];

function isNeeded({ kind }: Action): boolean {
  return isTooLong.some((needed) => needed.kind === kind);
}

/** A calm life of two rooms, but for what clients do not survive. */
const doomed: Plan = {
  seed: 1,
  scene: {
    servers: 2,
    gateways: 1,
    seats: [
      { gateway: 0, room: "ledger/a" },
      { gateway: 0, room: "tally/x" },
    ],
    serversAtFirst: 2,
  },
  actions: [
    { kind: "join", seat: 0, atMs: 400 },
    { kind: "join", seat: 1, atMs: 410 },
    ...Array.from({ length: 20 }, (_none, index): Action => {
      return { kind: "say", seat: index % 2, count: 2, bytes: 10, atMs: 600 + index * 10 };
    }),
    ...isTooLong,
  ],
  endsCold: true,
};

describe("whole clusters whose servers, gateways, links and store fail at random", () => {
  test.each(rememberedSeeds.cluster)("COMMIT-1: seed %i, which has found something before", async (seed) => {
    const { findings } = await simulate(drawPlan(seed));
    expect(findings).toEqual([]);
  });

  test(`COMMIT-1: ${seedsOfARun} seeds, each rule looked at with every step`, { timeout: 600_000 }, async () => {
    const { code, output } = await run("simulate.mjs", "--seeds", String(seedsOfARun), "--from", "1");
    // It names each seed that has failed and what was wrong; those go into remembered-seeds.ts.
    expect(output).toMatch(new RegExp(`^${seedsOfARun} seeds from 1 in .* s, 0 failed\n$`));
    expect(code).toBe(0);
  });
});

test("SIM-4: rooms of half of the seeds do things by themselves, and all kinds of that come true", async () => {
  const sums = { fired: 0, done: 0, interrupted: 0, heard: 0 };
  let seedsWith = 0;
  for (let seed = 1; seed <= 60; seed += 1) {
    const { findings, doings } = await simulate(drawPlan(seed));
    expect(findings).toEqual([]);
    for (const [kind, count] of Object.entries(doings)) sums[kind as keyof typeof sums] += count;
    if (doings.fired + doings.done + doings.heard > 0) seedsWith += 1;
  }
  expect(seedsWith).toBeGreaterThan(15);
  expect(seedsWith).toBeLessThan(45);
  for (const count of Object.values(sums)) expect(count).toBeGreaterThan(0);
});

describe("a seed", () => {
  test("SIM-1: happens exactly the same again, in this process and in another", async () => {
    const seeds = [1, 3, 7];
    for (const seed of seeds) {
      const once = await simulate(drawPlan(seed));
      const again = await simulate(drawPlan(seed), { keepsTrace: true });
      expect(once.events).toBeGreaterThan(100);
      expect([again.hash, again.events]).toEqual([once.hash, once.events]);
      const { output } = await run("simulate.mjs", "--seed", String(seed));
      expect(output).toContain(`seed ${seed}: trace ${once.hash}, ${once.events} events`);
    }
    const hashes = await Promise.all(seeds.map(async (seed) => (await simulate(drawPlan(seed))).hash));
    expect(new Set(hashes).size).toBe(seeds.length);
  });

  test("SIM-2: that fails is made as short as what makes it fail", async () => {
    const rulesOf = ({ findings }: Outcome): string[] => findings.map(({ rule }) => rule);
    expect(rulesOf(await simulate(doomed))).toContain("closed");
    let tries = 0;
    const shortest = await shrinkPlan(doomed, async (shorter) => {
      tries += 1;
      return rulesOf(await simulate(shorter))[0] === "closed";
    });
    expect(shortest.endsCold).toBe(false);
    expect(shortest.actions.filter((action) => !isNeeded(action))).toHaveLength(1);
    expect(shortest.actions.filter(isNeeded)).toEqual(isTooLong);
    expect(tries).toBeLessThan(200);
  });

  test("SIM-3: that fails is told with its number and what was wrong", { timeout: 120_000 }, async () => {
    const fault = "append without a guard";
    const { code, output } = await run("mutants.mjs", "--only", fault);
    expect(output).toMatch(new RegExp(`${fault} +noticed +\\d+ s +seed \\d+ at [\\d.]+ ms, [a-z-]+: .+`));
    expect(code).toBe(0);
  });
});
