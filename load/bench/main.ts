/** `npm run bench`: see `--help`. */
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { parseRequest, type Request } from "./command-line.ts";
import { contenders } from "./contenders/all.ts";
import type { Contender } from "./contenders/contender.ts";
import { Lab, rootFolder, sourceFile } from "./lab.ts";
import { describeCommit, describeMachine } from "./machine.ts";
import { ForeignWork } from "./process-cost.ts";
import { mergeResults, type Run, readResults, type Sample, writeResults } from "./raw-results.ts";
import { writeResultsPage } from "./results-page.ts";
import { works } from "./works/all.ts";
import type { NewSample, Work } from "./works/work.ts";

const resultsFolder = sourceFile("load/results");
const pageFile = sourceFile("load/RESULTS.md");

const help = `npm run bench -- [options]      Roomgate beside others, on this machine; writes load/RESULTS.md

--work <name>        only this; several with commas. Without it: ${usualNames().join(", ")}
--idle               the same as --work idle-many: 100 000 clients, held for 5 minutes
--contender <name>   only these: ${contenders.map(({ name }) => name).join(", ")}
--case <text>        only cases with this in their name, as the tables show it
--rounds <n>         turns of each contender
--seconds <n>        length of one measurement
--quick              one short round of everything, to see that it works; nothing is kept
--profile <folder>   CPU profiles of Roomgate's processes; nothing is kept
--page               writes load/RESULTS.md from what was kept before, and measures nothing

Works:
${works.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join("\n")}`;

function usualNames(): string[] {
  return works.filter(({ isLong }) => isLong !== true).map(({ name }) => name);
}

async function main(): Promise<number> {
  const request = parseRequest(process.argv.slice(2), {
    works: works.map(({ name }) => name),
    usual: usualNames(),
    contenders: contenders.map(({ name }) => name),
  });
  if ("problem" in request) {
    console.error(`bench: ${request.problem}`);
    return 1;
  }
  if (request.wantsHelp) {
    console.log(help);
    return 0;
  }
  const failed = request.isPageOnly ? [] : await doWorks(request);
  if (!isTrial(request)) writePage();
  if (failed.length > 0) console.error(`bench: failed, and nothing of it kept: ${failed.join(", ")}`);
  return failed.length === 0 ? 0 : 1;
}

/** Its figures are not for keeping. */
const isTrial = (request: Request): boolean => request.isQuick || request.profileFolder !== undefined;

/** One that fails does not take the others with it. Answers the names of those that did. */
async function doWorks(request: Request): Promise<string[]> {
  const failed: string[] = [];
  for (const work of works.filter(({ name }) => request.works.includes(name))) {
    try {
      await doWork(work, request);
    } catch (error) {
      console.error(error);
      failed.push(work.name);
    }
  }
  return failed;
}

async function doWork(work: Work, request: Request): Promise<void> {
  const { present, versions, missing } = await gather(work, request);
  const run: Run = {
    id: new Date().toISOString(),
    takenAt: new Date().toISOString(),
    commit: describeCommit(rootFolder),
    machine: describeMachine(),
    versions,
    loadAverageBefore: loadavg()[0] ?? 0,
    missing,
  };
  console.log(`\n${work.name}: ${work.about}`);
  const samples: Sample[] = [];
  const foreign = new ForeignWork();
  const lab = new Lab(request.profileFolder);
  const onSignal = (): void => void lab.dispose().then(() => process.exit(130));
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    await work.run({
      lab,
      contenders: present,
      options: {
        rounds: request.isQuick ? 1 : (request.rounds ?? work.rounds),
        seconds: request.isQuick ? Math.min(1, work.seconds) : (request.seconds ?? work.seconds),
        isQuick: request.isQuick,
        isWanted: (caseName) => caseName.includes(request.caseText),
      },
      note: (noted) => {
        // Works that do not measure it in a span of their own get it for all since the sample before.
        const sample = { ...noted, values: { foreignCores: foreign.coresSince(), ...noted.values } };
        samples.push({ ...sample, run: run.id });
        print(sample);
      },
    });
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    await lab.dispose();
  }
  if (isTrial(request) || samples.length === 0) return;
  const older = readResults(resultsFolder).get(work.name);
  writeResults(resultsFolder, mergeResults(older, { work: work.name, runs: [run], samples }));
}

/** Contenders of the work that were asked for; those that are not to be had here are named, not left out in silence. */
async function gather(work: Work, request: Request) {
  const present: Contender[] = [];
  const versions: Record<string, string> = {};
  const missing: Record<string, string> = {};
  for (const contender of contenders) {
    const isAsked = request.contenders.length === 0 || request.contenders.includes(contender.name);
    if (!work.contenders.includes(contender.name) || !isAsked) continue;
    const found = await contender.version();
    if ("missing" in found) {
      missing[contender.name] = found.missing;
      console.error(`${contender.title} is not run: ${found.missing}`);
    } else {
      versions[contender.name] = found.version;
      present.push(contender);
    }
  }
  return { present, versions, missing };
}

function print({ case: caseName, contender, round, values }: NewSample): void {
  const shown = Object.entries(values).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
  console.log(`${String(round).padStart(3)}  ${contender.padEnd(10)} ${caseName.padEnd(34)} ${shown.join("  ")}`);
}

function writePage(): void {
  const titles = new Map(contenders.map(({ name, title }) => [name, title]));
  const settings = new Map(contenders.map((contender) => [contender.name, contender.settings]));
  writeFileSync(pageFile, writeResultsPage(readResults(resultsFolder), titles, settings));
  console.log("\nwrote load/RESULTS.md");
}

process.exitCode = await main();
