// Preloaded with `--import` into Node processes whose event loop is to be watched: on SIGUSR2 writes how late the loop has come to a timer of
// 1 ms since the signal before, into LOOP_WATCH_FOLDER as `<pid>.json`, and begins anew.
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";

const resolutionMs = 1;
const delay = monitorEventLoopDelay({ resolution: resolutionMs });
delay.enable();
process.on("SIGUSR2", () => {
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolutionMs);
  const file = join(process.env.LOOP_WATCH_FOLDER, `${process.pid}.json`);
  writeFileSync(`${file}.next`, JSON.stringify({ longestMs: late(delay.max), p99Ms: late(delay.percentile(99)) }));
  renameSync(`${file}.next`, file);
  delay.reset();
});
