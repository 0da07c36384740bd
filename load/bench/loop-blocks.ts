import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Lab, preload, sourceFile, until } from "./lab.ts";

/** What `loop-watch.mjs` writes. */
export interface LoopBlock {
  /** The longest that the loop was not there for a timer. */
  readonly longestMs: number;
  /** The most CPU that went by between two timers: what is left of it on a machine of one's own. */
  readonly longestCpuMs: number;
}

/** Environment of a Node process whose event loop is to be watched. Watching costs a timer of 1 ms: not for CPU figures. */
export function watchedLoops(lab: Lab): NodeJS.ProcessEnv {
  return preload(sourceFile("load/bench/loop-watch.mjs"), { LOOP_WATCH_FOLDER: lab.folder });
}

/** The longest of any of these since it was asked before; `undefined` for no processes. */
export async function longestBlock(lab: Lab, pids: readonly number[]): Promise<LoopBlock | undefined> {
  const blocks = await Promise.all(pids.map((pid) => askForBlock(lab, pid)));
  if (blocks.length === 0) return undefined;
  return {
    longestMs: Math.max(...blocks.map(({ longestMs }) => longestMs)),
    longestCpuMs: Math.max(...blocks.map(({ longestCpuMs }) => longestCpuMs)),
  };
}

async function askForBlock(lab: Lab, pid: number): Promise<LoopBlock> {
  const file = join(lab.folder, `${pid}.json`);
  rmSync(file, { force: true });
  process.kill(pid, "SIGWINCH");
  await until(
    () => existsSync(file) || undefined,
    () => `process ${pid} does not say how long its loop was blocked`,
  );
  return JSON.parse(readFileSync(file, "utf8")) as LoopBlock;
}
