import { type Step, stepBy, type Table, to, toWith } from "../../cluster/step.ts";

/**
 * One place in a cluster that a process fills: what to do when that process dies, leaves, or never comes up.
 *
 * ```
 *            ready                     drainBegan
 *  starting ───────▶ running ────────────────────────▶ leaving ──exited──▶ empty
 *     │  ▲              │ exited                          (its replacement has begun)
 *     │  └── waited ─ waiting ◀┘
 *     └─ exited: at the first start of all → empty, and the whole start fails
 * ```
 */
export type Slot =
  | { readonly kind: "starting"; readonly isFirst: boolean; readonly deaths: number }
  | { readonly kind: "running"; readonly sinceMs: number; readonly deaths: number }
  /** The next start is set; `deaths` have followed each other quickly. */
  | { readonly kind: "waiting"; readonly deaths: number }
  | { readonly kind: "leaving" }
  | { readonly kind: "empty" };

export type SlotEvent =
  | { readonly kind: "ready"; readonly nowMs: number }
  /** `othersRun`: others of its kind, who take over what it had. */
  | {
      readonly kind: "exited";
      readonly nowMs: number;
      readonly restart: boolean;
      readonly othersRun: boolean;
      readonly how: string;
    }
  /** The last of its kind that ran has gone. */
  | { readonly kind: "leftAlone" }
  | { readonly kind: "drainBegan"; readonly restart: boolean }
  | { readonly kind: "waited" }
  /** The whole cluster stops. */
  | { readonly kind: "stop" };

export type SlotEffect =
  /** A new process for this slot, with a new id. */
  | { readonly kind: "start" }
  | { readonly kind: "startAfter"; readonly delayMs: number; readonly deaths: number; readonly how: string }
  /** A new slot beside this one, so that what is moved away finds its place at once. */
  | { readonly kind: "addSlot" }
  /** The first start of the cluster has failed: a mistake that starting again will not mend. */
  | { readonly kind: "failStart"; readonly how: string }
  | { readonly kind: "sayGone"; readonly how: string };

/** Who has run for this long is not dying again and again. */
export const soundMs = 10_000;
const delayMsMin = 100;
const delayMsMax = 30_000;
/** Others take over what a process had as soon as it dies, and to start one costs a whole core for as long as that. */
const takeoverMs = 250;

/**
 * OPS-3, in milliseconds: a single death is followed by a start at once, or, where others of the kind run, once they have taken over.
 * Deaths that follow each other quickly wait for 100 ms, twice as long each time, 30 s at most.
 */
export function restartDelayMs(deaths: number, othersRun: boolean): number {
  if (deaths <= 1) return othersRun ? takeoverMs : 0;
  return Math.min(delayMsMax, delayMsMin * 2 ** (deaths - 2));
}

export const firstSlot: Slot = Object.freeze({ kind: "starting", isFirst: true, deaths: 0 });
export const addedSlot: Slot = Object.freeze({ kind: "starting", isFirst: false, deaths: 0 });
const empty: Slot = Object.freeze({ kind: "empty" });
const leaving: Slot = Object.freeze({ kind: "leaving" });

function again(deaths: number, { othersRun, how }: { othersRun: boolean; how: string }): Step<Slot, SlotEffect> {
  return toWith<Slot, SlotEffect>(
    { kind: "waiting", deaths },
    { kind: "startAfter", delayMs: restartDelayMs(deaths, othersRun), deaths, how },
  );
}

function start(deaths: number): Step<Slot, SlotEffect> {
  return toWith<Slot, SlotEffect>({ kind: "starting", isFirst: false, deaths }, { kind: "start" });
}

const gone = (how: string): Step<Slot, SlotEffect> => toWith<Slot, SlotEffect>(empty, { kind: "sayGone", how });
const stays = (slot: Slot): Step<Slot, SlotEffect> => to(slot);
const stops = (): Step<Slot, SlotEffect> => to(empty);
const leaves = (_slot: Slot, event: { restart: boolean }): Step<Slot, SlotEffect> =>
  event.restart ? toWith<Slot, SlotEffect>(leaving, { kind: "addSlot" }) : to(leaving);

const table: Table<Slot, SlotEvent, SlotEffect> = {
  starting: {
    ready: ({ deaths }, { nowMs }) => to({ kind: "running", sinceMs: nowMs, deaths }),
    exited: ({ isFirst, deaths }, event) => {
      if (isFirst) return toWith<Slot, SlotEffect>(empty, { kind: "failStart", how: event.how });
      return event.restart ? again(deaths + 1, event) : gone(event.how);
    },
    leftAlone: stays,
    drainBegan: leaves,
    waited: stays,
    stop: stops,
  },
  running: {
    ready: stays,
    exited: ({ sinceMs, deaths }, event) =>
      event.restart ? again(event.nowMs - sinceMs >= soundMs ? 1 : deaths + 1, event) : gone(event.how),
    leftAlone: stays,
    drainBegan: leaves,
    waited: stays,
    stop: stops,
  },
  waiting: {
    ready: stays,
    exited: stays,
    // Nobody is left to take over: who has died once waits for that in vain.
    leftAlone: (slot) => (slot.deaths <= 1 ? start(slot.deaths) : to(slot)),
    drainBegan: stays,
    waited: ({ deaths }) => start(deaths),
    stop: stops,
  },
  leaving: {
    ready: stays,
    exited: (_slot, { how }) => gone(how),
    leftAlone: stays,
    drainBegan: stays,
    waited: stays,
    stop: stops,
  },
  empty: { ready: stays, exited: stays, leftAlone: stays, drainBegan: stays, waited: stays, stop: stays },
};

export function stepSlot(slot: Slot, event: SlotEvent): Step<Slot, SlotEffect> {
  return stepBy(table, slot, event);
}
