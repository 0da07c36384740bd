import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** Names a process for good: pids come again, in containers with every start. */
export interface ProcessMark {
  readonly pid: number;
  /** 8 bytes that tell when it was started; all zero once it has ended. */
  readonly start: Buffer;
}

export const startBytes = 8;
const endedStart = Buffer.alloc(startBytes);
/** Where only this process's own start is known: two readings of it differ by what passes between its two clocks. */
const toleranceMs = 100;

/** Of the process that this is, the same in all its threads. */
export function ownMark(): ProcessMark {
  const { pid } = process;
  return { pid, start: startOf(pid) ?? ownStart() };
}

/** Of another process, where that can be told. */
export function markOf(pid: number): ProcessMark | undefined {
  const start = startOf(pid);
  return start && { pid, start };
}

/** Whether the process is there, and is not another one under its pid. Where nothing can be told but that the pid is in use, it counts as there. */
export function isRunning({ pid, start }: ProcessMark): boolean {
  const found = startOf(pid);
  if (found !== undefined) return found.equals(start);
  if (pid === process.pid) return Math.abs(ownStart().readDoubleBE() - start.readDoubleBE()) <= toleranceMs;
  return isPidInUse(pid);
}

/**
 * Field 22 of Linux's `/proc/<pid>/stat` counts from the boot, so the boot is part of it. `undefined` where there is no such file;
 * a process that has ended and that nobody has asked for yet has no start any more.
 */
function startOf(pid: number): Buffer | undefined {
  try {
    const { state, startTicks } = readStat(pid);
    if (state === "Z" || state === "X") return endedStart;
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1");
    return createHash("sha256").update(`${boot}${startTicks}`).digest().subarray(0, startBytes);
  } catch {
    return undefined;
  }
}

/** Whether somebody has stopped the process (SIGSTOP). False where there is no `/proc`. */
export function isStopped(pid: number): boolean {
  try {
    return readStat(pid).state === "T";
  } catch {
    return false;
  }
}

function readStat(pid: number): { readonly state: string; readonly startTicks: string } {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name, in brackets, may have any characters in it.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startTicks = fields[18];
  if (state === undefined || startTicks === undefined) throw new Error(`/proc/${pid}/stat has another form`);
  return { state, startTicks };
}

/** On the monotonic clock, which counts from the boot on common systems. */
function ownStart(): Buffer {
  const start = Buffer.alloc(startBytes);
  start.writeDoubleBE(Number(process.hrtime.bigint() / 1_000n) / 1_000 - process.uptime() * 1_000);
  return start;
}

function isPidInUse(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
