import type { RoomCell } from "./room-cell.ts";

/** COMMIT-6: what a crash now would cost rooms whose output does not wait, as the age of the oldest turn that is not durable; 0 if none. */
export function unstoredMs(cells: Iterable<RoomCell>, nowMs: number): number {
  let oldestMs = 0;
  for (const { live } of cells) {
    const sinceMs = live?.journaled?.journal?.unstoredSinceMs;
    if (sinceMs !== undefined) oldestMs = Math.max(oldestMs, nowMs - sinceMs);
  }
  return oldestMs;
}
