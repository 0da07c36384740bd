import { randomBytes } from "node:crypto";
import { readFileSync, statSync, unlinkSync } from "node:fs";
import { link, mkdir, rename, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileMode } from "./environment.ts";
import type { ProcessMark } from "./process-start.ts";

/**
 * Says to a stopped process that it was woken by us, and for how long: `woken/<pid>` in the store's directory, there before the signal.
 *
 * ```
 * waker:  note "open" ─▶ SIGCONT ─▶ commit through, or 250 ms ─▶ note "over" ──▶ gone, or removed after a second
 * woken:                 sees the note addressed to it … waits … sees "over" ──▶ takes the note, and stops itself
 * ```
 *
 * A waker that finds the process continued before its own signal makes the note "withdrawn": then the woken process goes on.
 */
export interface WakeNote {
  /** The span is over. */
  end(): Promise<void>;
  /** Somebody else has continued the process: it is not to stop itself. As {@link taken}. */
  withdraw(): Promise<void>;
  /** When the woken process has taken the note; removes it where that takes too long. */
  taken(): Promise<void>;
}

export interface FoundNote {
  readonly nonce: string;
  readonly state: "open" | "over" | "withdrawn";
}

/** A note that is older was left by a waker that has died. */
const noteMsMax = 3_000;
const takenMsMax = 1_000;
export const lookMs = 10;

/** `undefined` where somebody else wakes it just now. Rejects where nothing can be written. */
export async function leaveNote(directory: string, { pid, start }: ProcessMark): Promise<WakeNote | undefined> {
  const folder = join(directory, "woken");
  const path = join(folder, String(pid));
  const nonce = randomBytes(8).toString("hex");
  const temporary = join(folder, `.${nonce}`);
  const write = (state: FoundNote["state"]): Promise<void> =>
    writeFile(temporary, `${start.toString("hex")} ${nonce} ${state}`, { mode: fileMode });
  const isOurs = (): boolean => readNote(directory, { pid, start })?.nonce === nonce;

  await mkdir(folder, { recursive: true });
  if (await isStale(path)) await unlink(path).catch(() => {});
  await write("open");
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw error;
  } finally {
    await unlink(temporary);
  }
  const change = async (state: FoundNote["state"]): Promise<void> => {
    if (!isOurs()) return;
    await write(state);
    await rename(temporary, path);
  };
  const taken = async (): Promise<void> => {
    for (let waitedMs = 0; waitedMs < takenMsMax; waitedMs += lookMs) {
      if (!isOurs()) return;
      await pause(lookMs);
    }
    if (isOurs()) await unlink(path).catch(() => {});
  };
  return {
    end: () => change("over"),
    async withdraw() {
      await change("withdrawn");
      await taken();
    },
    taken,
  };
}

/** The note for this process, if there is one that is not stale. */
export function readNote(directory: string, { pid, start }: ProcessMark): FoundNote | undefined {
  const path = join(directory, "woken", String(pid));
  try {
    if (isOld(statSync(path).mtimeMs)) return undefined;
    const [forStart, nonce, state] = readFileSync(path, "latin1").split(" ");
    if (forStart !== start.toString("hex") || nonce === undefined) return undefined;
    return { nonce, state: state === "open" || state === "withdrawn" ? state : "over" };
  } catch {
    return undefined;
  }
}

/** Removes the note, unless its waker has or another has left one of its own. */
export function takeNote(directory: string, mark: ProcessMark, nonce: string): void {
  if (readNote(directory, mark)?.nonce !== nonce) return;
  try {
    unlinkSync(join(directory, "woken", String(mark.pid)));
  } catch {
    // The waker was quicker.
  }
}

async function isStale(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && isOld(found.mtimeMs);
}

function isOld(mtimeMs: number): boolean {
  return Math.abs(Date.now() - mtimeMs) > noteMsMax;
}
