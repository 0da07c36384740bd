import type { WatchedClock } from "../cluster/watched-time.ts";
import type { RoomKey } from "../wire/ids.ts";
import type { Runtime } from "../wire/runtime.ts";
import type { RoomCell } from "./room-cell.ts";

const againMs = 10;
const stopMsMax = 5_000;

/** Every room that can be let go is. */
export function requestReleases(cells: ReadonlyMap<RoomKey, RoomCell>): void {
  for (const cell of [...cells.values()]) cell.tell({ kind: "releaseRequested" });
}

/** Resolves when all rooms are let go, or after 5 s. Asks again and again: one that is frozen or being taken cannot be let go yet. */
export function releaseAll(
  cells: ReadonlyMap<RoomKey, RoomCell>,
  clock: WatchedClock,
  runtime: Pick<Runtime, "after">,
): Promise<void> {
  return new Promise((resolve) => {
    const deadlineMs = clock.nowMs() + stopMsMax;
    const look = (): void => {
      requestReleases(cells);
      if (cells.size === 0 || clock.nowMs() >= deadlineMs) resolve();
      else runtime.after(againMs, look);
    };
    look();
  });
}
