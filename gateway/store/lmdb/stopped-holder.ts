import { open, readdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../../wire/runtime.ts";
import type { Environment } from "./environment.ts";
import { isStopped, markOf } from "./process-start.ts";
import { leaveNote } from "./wake-note.ts";

/** Mutexes stand at the beginning of LMDB's lock file; a held one names the thread that holds it. */
const mutexStart = 24;
const mutexEnd = 144;
const threadMask = 0x3fffffff;
const wakeMsMax = 250;

/**
 * LMDB's write lock is shared by all processes, and a process that is stopped (SIGSTOP) in the middle of a commit keeps it: then
 * nobody else could write, nor take over its rooms. Linux says who is stopped and the lock file who holds the lock; such a
 * process is woken until our commit is through, and then stops itself again (`stop-again.ts`): a signal of ours could undo one that came
 * meanwhile from whoever had stopped it. What it does while it is awake is what it had begun; the journal's fence holds against it as
 * against anybody. A holder that *died* needs no help: the kernel gives its lock on.
 *
 * Does nothing where there is no such process, no `/proc`, or no right to signal it. Never rejects.
 */
export async function wakeStoppedHolder(
  environment: Environment,
  until: Promise<unknown>,
  log: Logger | undefined,
): Promise<void> {
  try {
    const holders = await lockHolders(environment.directory);
    for (const pid of readerPids(environment.root.readerList())) {
      if (pid === process.pid || !isStopped(pid)) continue;
      const threads = await readdir(`/proc/${pid}/task`);
      if (!threads.some((thread) => holders.has(Number(thread)))) continue;
      const mark = markOf(pid);
      const note = mark && (await leaveNote(environment.directory, mark));
      if (note === undefined) continue;
      // Continued meanwhile by whoever had stopped it: it is not ours to stop again.
      if (!isStopped(pid)) {
        await note.withdraw();
        continue;
      }
      log?.warn({ pid }, "a stopped process holds the store's write lock: waking it until the lock is free");
      process.kill(pid, "SIGCONT");
      await atMost(until, wakeMsMax);
      await note.end();
      await note.taken();
    }
  } catch {
    // Best effort: without it the commit waits until the other process goes on or dies.
  }
}

/**
 * Read from our own mapping of the lock file, never through a descriptor of it: closing one would drop all file locks that this
 * process has on it, and with them LMDB would take us for dead.
 */
async function lockHolders(directory: string): Promise<ReadonlySet<number>> {
  const path = join(await realpath(directory), "lock.mdb");
  const maps = await readFile("/proc/self/maps", "latin1");
  const mapping = maps.split("\n").find((line) => line.endsWith(` ${path}`) && line.split(/\s+/)[2] === "00000000");
  const holders = new Set<number>();
  if (mapping === undefined) return holders;
  const memory = await open("/proc/self/mem", "r");
  try {
    const bytes = Buffer.alloc(mutexEnd - mutexStart);
    await memory.read(bytes, 0, bytes.length, Number.parseInt(mapping, 16) + mutexStart);
    for (let at = 0; at < bytes.length; at += 4) holders.add(bytes.readUInt32LE(at) & threadMask);
  } finally {
    await memory.close();
  }
  return holders;
}

/** From LMDB's table: a line of pid, thread, transaction for each process that ever read. */
function readerPids(list: string): ReadonlySet<number> {
  const pids = new Set<number>();
  for (const line of list.split("\n")) {
    const pid = Number.parseInt(line.trim(), 10);
    if (pid > 0) pids.add(pid);
  }
  return pids;
}

async function atMost(event: Promise<unknown>, delayMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, delayMs);
  });
  await Promise.race([event, late]);
  clearTimeout(timer);
}
