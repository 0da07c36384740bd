import { existsSync, readdirSync, readFileSync } from "node:fs";

const ticksPerSecond = 100;

/**
 * CPU seconds, user and system, of processes with all their threads, from the operating system. By the scheduler's own account
 * (nanoseconds) where there is one, since a room server that does next to nothing spends less than a tick in a measurement.
 */
export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (scheduledSeconds(pid) ?? tickedSeconds(pid)), 0);
}

function scheduledSeconds(pid: number): number | undefined {
  try {
    let nanoseconds = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ", 1)[0]);
    }
    return nanoseconds > 0 ? nanoseconds / 1e9 : undefined;
  } catch {
    return undefined;
  }
}

function tickedSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** What others use of this machine, from the call on. Figures that depend on the clock are worth as much as this is small. */
export class ForeignWork {
  #seconds = foreignCpuSeconds();
  #atMs = performance.now();

  /** Cores since the look before. */
  coresSince(): number {
    const [seconds, atMs] = [foreignCpuSeconds(), performance.now()];
    const cores = Math.max(0, seconds - this.#seconds) / ((atMs - this.#atMs) / 1000);
    [this.#seconds, this.#atMs] = [seconds, atMs];
    return cores;
  }
}

/** Of the first line of /proc/stat: user, nice, system, irq, softirq. Interrupts count, since most kernels count them to processes too. */
const busyFields = [1, 2, 3, 6, 7];

/** CPU seconds of everything but this process and whatever descends from it. */
function foreignCpuSeconds(): number {
  const fields = readFileSync("/proc/stat", "utf8").split(/\s+/, 9);
  const ticks = busyFields.reduce((sum, field) => sum + Number(fields[field]), 0);
  return ticks / ticksPerSecond - treeCpuSeconds(process.pid);
}

/** Of a process, of its children that have ended, and of those that run. One that ends meanwhile is its parent's at the next look. */
function treeCpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const own = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) / ticksPerSecond;
    return childrenOf(pid).reduce((sum, child) => sum + treeCpuSeconds(child), own);
  } catch {
    return 0;
  }
}

export function residentBytesOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const kibibytes = readFileSync(`/proc/${pid}/status`, "utf8").match(/^VmRSS:\s+(\d+) kB$/m)?.[1];
    return sum + Number(kibibytes ?? 0) * 1024;
  }, 0);
}

/** Processes that this one has started, as a master starts its workers; none if it has ended. */
export function childrenOf(pid: number): number[] {
  if (!existsSync(`/proc/${pid}/task`)) return [];
  const lists = readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}/children`);
  return lists.flatMap((list) => readFileSync(list, "utf8").split(" ").filter(Boolean).map(Number));
}
