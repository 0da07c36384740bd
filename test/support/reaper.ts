import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";

/**
 * Kills a process group and removes a folder when this process is gone, however it went: then its end of the pipe is closed. Answers
 * how to call it off.
 */
export function reapWhenGone(group: number, folder: string): () => void {
  const script = 'cat > /dev/null; kill -9 "-$1"; rm -rf -- "$2"';
  const reaper: ChildProcess = spawn("sh", ["-c", script, "reaper", String(group), folder], {
    stdio: ["pipe", "ignore", "ignore"],
    // A signal for our own group is none for it.
    detached: true,
  });
  reaper.unref();
  (reaper.stdin as Socket | null)?.unref();
  reaper.stdin?.on("error", () => {});
  return () => void (reaper.pid !== undefined && killGroup(reaper.pid));
}

/** A stopped process (SIGSTOP) dies of it too. */
export function killGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // Nobody is left in it.
  }
}
