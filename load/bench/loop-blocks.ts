import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Lab, preload, sourceFile, until } from "./lab.ts";

/** Environment of a Node process whose event loop is to be watched. Watching costs a timer of 1 ms: not for CPU figures. */
export function watchedLoops(lab: Lab): NodeJS.ProcessEnv {
  return preload(sourceFile("load/bench/loop-watch.mjs"), { LOOP_WATCH_FOLDER: lab.folder });
}

/** The longest that the loop of any of these was not there for a timer since it was asked before, in ms; 0 for no processes. */
export async function longestBlockMs(lab: Lab, pids: readonly number[]): Promise<number> {
  const blocks = await Promise.all(
    pids.map(async (pid) => {
      const file = join(lab.folder, `${pid}.json`);
      rmSync(file, { force: true });
      process.kill(pid, "SIGUSR2");
      await until(
        () => existsSync(file) || undefined,
        () => `process ${pid} does not say how long its loop was blocked`,
      );
      return (JSON.parse(readFileSync(file, "utf8")) as { readonly longestMs: number }).longestMs;
    }),
  );
  return Math.max(0, ...blocks);
}
