import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { drawPlan, type Plan } from "../support/simulation/plan.ts";
import { shrinkPlan } from "../support/simulation/shrink.ts";
import { type Outcome, simulate } from "../support/simulation/simulation.ts";

/** What `npm run simulate` runs. Exits with 1 if a seed has failed. */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    processes: { type: "string", default: String(availableParallelism()) },
    shrink: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    "stop-at-first": { type: "boolean", default: false },
  },
});

/** Below this another process costs more than it takes over. */
const seedsPerProcessMin = 100;
const failedShownMax = 50;

const from = wholeNumber("seed", values.seed ?? values.from);
const count = values.seed === undefined ? wholeNumber("seeds", values.seeds) : 1;
const processes = Math.min(wholeNumber("processes", values.processes), Math.floor(count / seedsPerProcessMin));

const startedMs = performance.now();
const failed = processes > 1 ? await shareOut() : await runHere();
if (process.send) process.send(failed);
else {
  const tookMs = performance.now() - startedMs;
  console.log(`${count} seeds from ${from} in ${(tookMs / 1_000).toFixed(1)} s, ${failed.length} failed`);
  if (failed.length > 0) console.log(`failed: ${failed.slice(0, failedShownMax).join(" ")}`);
}
process.exitCode = failed.length > 0 ? 1 : 0;

async function runHere(): Promise<number[]> {
  const failedHere: number[] = [];
  for (let seed = from; seed < from + count; seed += 1) {
    const outcome = await simulate(drawPlan(seed), { keepsTrace: values.trace });
    if (values.trace) console.log(outcome.trace.join("\n"));
    if (count === 1)
      console.log(`seed ${seed}: trace ${outcome.hash}, ${outcome.events} events, ${outcome.endedMs} ms`);
    if (outcome.findings.length === 0) continue;
    failedHere.push(seed);
    tell(outcome);
    if (values.shrink) await tellShortest(drawPlan(seed), outcome);
    if (values["stop-at-first"]) break;
  }
  return failedHere;
}

/** A piece of the seeds to each of some processes of this same program. */
async function shareOut(): Promise<number[]> {
  const size = Math.ceil(count / processes);
  const children = Array.from({ length: processes }, (_, index) => {
    const seeds = Math.min(size, count - index * size);
    const piece = ["--seeds", String(seeds), "--from", String(from + index * size), "--processes", "1"];
    const flags = (["shrink", "trace", "stop-at-first"] as const).filter((name) => values[name]);
    return fork(process.argv[1] ?? "", [...piece, ...flags.map((name) => `--${name}`)]);
  });
  let isCalledOff = false;
  const results = children.map(
    (child) =>
      new Promise<number[]>((resolve, reject) => {
        let failedThere: number[] | undefined;
        child.on("message", (told) => {
          failedThere = told as number[];
          isCalledOff ||= values["stop-at-first"] && failedThere.length > 0;
          if (isCalledOff) for (const other of children) other.kill();
        });
        child.on("exit", (code, signal) => {
          if (failedThere ?? isCalledOff) resolve(failedThere ?? []);
          else reject(new Error(`a process of the simulation ended with ${signal ?? code}`));
        });
      }),
  );
  return (await Promise.all(results)).flat();
}

function tell({ seed, findings }: Outcome): void {
  for (const { rule, detail, atMs } of findings) {
    console.log(`seed ${seed} at ${atMs.toFixed(1)} ms, ${rule}: ${detail}`);
  }
}

async function tellShortest(plan: Plan, outcome: Outcome): Promise<void> {
  const rule = outcome.findings[0]?.rule;
  const fails = async (shorter: Plan): Promise<boolean> => {
    const { findings } = await simulate(shorter);
    return findings[0]?.rule === rule;
  };
  const shortest = await shrinkPlan(plan, fails);
  const { trace, findings } = await simulate(shortest, { keepsTrace: true });
  console.log(`seed ${plan.seed}: ${shortest.actions.length} of ${plan.actions.length} actions fail alike`);
  console.log(JSON.stringify(shortest.scene));
  for (const action of shortest.actions) console.log(`  ${JSON.stringify(action)}`);
  console.log(trace.join("\n"));
  for (const { rule: found, detail } of findings) console.log(`${found}: ${detail}`);
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new RangeError(`--${name} takes a whole number, not ${text}`);
}
