// Preloaded with `--import` into Node processes whose event loop is to be watched: on SIGWINCH writes how late the loop has come to a timer of
// 1 ms since the signal before, and how much CPU the process has used from one timer to the next, into LOOP_WATCH_FOLDER as `<pid>.json`, and
// begins anew. Where the first is much more than the second, the processor was somebody else's.
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const everyMs = 1;
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

let longest = { longestMs: 0, longestCpuMs: 0 };
let [atMs, usedMs] = [performance.now(), cpuMs()];
setInterval(() => {
  const [nowMs, nowUsedMs] = [performance.now(), cpuMs()];
  longest = {
    longestMs: Math.max(longest.longestMs, nowMs - atMs - everyMs),
    longestCpuMs: Math.max(longest.longestCpuMs, nowUsedMs - usedMs),
  };
  [atMs, usedMs] = [nowMs, nowUsedMs];
}, everyMs).unref();

process.on("SIGWINCH", () => {
  const file = join(process.env.LOOP_WATCH_FOLDER, `${process.pid}.json`);
  writeFileSync(`${file}.next`, JSON.stringify(longest));
  renameSync(`${file}.next`, file);
  longest = { longestMs: 0, longestCpuMs: 0 };
});
