import { watchedStepMs } from "../cluster/watched-time.ts";
import type { MemberRecord } from "../store/port.ts";
import type { RoomKey } from "../wire/ids.ts";

/** What the event loop and its watchdog share. */
export const watchCells = {
  /** Which room's turn is running; 0: none. */
  mark: 0,
  /** Rises with every turn. */
  turn: 1,
  /** The suspect has been written. */
  written: 2,
} as const;
export const watchLength = 3;

export interface WatchdogOrders {
  readonly kind: "begin";
  readonly cells: Int32Array;
  readonly storeUrl: string;
}

export type WatchdogNews =
  | { readonly kind: "register"; readonly mark: number; readonly room: RoomKey }
  | { readonly kind: "unregister"; readonly mark: number }
  | { readonly kind: "row"; readonly row: MemberRecord }
  /** The process is exiting within a turn: the event loop waits until `written`. */
  | { readonly kind: "exiting"; readonly mark: number };

/** What the watchdog tells the process: it cannot open what it would write to, and tries again. */
export interface WatchdogTrouble {
  readonly reason: string;
}

/** What the watchdog has seen of one turn. */
export interface Watch {
  readonly turn: number;
  readonly mark: number;
  readonly lookedMs: number;
  /** How long the loop has been blocked while this thread ran: a process that was stopped as a whole has not blocked itself. */
  readonly blockedMs: number;
  readonly isReported: boolean;
}

export const watchTiming = {
  /** Between two looks while a turn is under way. */
  lookMs: 50,
  /** After a look that has found none: a process costs what wakes it, also where nothing happens in it. */
  restMs: 250,
  /** A turn that takes this long is written down. */
  suspectMs: 1_000,
  /** A process whose loop is blocked for this long is ended: its lease has run out long ago. */
  endMs: 10_000,
} as const;

export type WatchVerdict = "fine" | "suspect" | "end";

/** When to look again. */
export function nextLookMs(watch: Watch | undefined): number {
  return watch === undefined ? watchTiming.restMs : watchTiming.lookMs;
}

/** One look at the running turn. */
export function look(
  watch: Watch | undefined,
  now: { readonly turn: number; readonly mark: number; readonly nowMs: number },
): { readonly watch: Watch | undefined; readonly verdict: WatchVerdict } {
  if (now.mark === 0) return { watch: undefined, verdict: "fine" };
  if (watch?.turn !== now.turn || watch.mark !== now.mark) {
    const fresh = { turn: now.turn, mark: now.mark, lookedMs: now.nowMs, blockedMs: 0, isReported: false };
    return { watch: fresh, verdict: "fine" };
  }
  const blockedMs = watch.blockedMs + watchedStepMs(watch.lookedMs, now.nowMs, 2 * watchTiming.lookMs);
  const next = { ...watch, blockedMs, lookedMs: now.nowMs };
  if (blockedMs >= watchTiming.endMs) return { watch: next, verdict: "end" };
  if (blockedMs < watchTiming.suspectMs || watch.isReported) return { watch: next, verdict: "fine" };
  return { watch: { ...next, isReported: true }, verdict: "suspect" };
}
