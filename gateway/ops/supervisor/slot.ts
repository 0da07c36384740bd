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
  | { readonly kind: "exited"; readonly nowMs: number; readonly restart: boolean; readonly how: string }
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

/** OPS-3: at once after a single death, as far as the place is concerned; then 100 ms, doubled with each death that follows quickly, up to 30 s. */
export function restartDelayMs(deaths: number): number {
  return deaths <= 1 ? 0 : Math.min(delayMsMax, delayMsMin * 2 ** (deaths - 2));
}

export const firstSlot: Slot = Object.freeze({ kind: "starting", isFirst: true, deaths: 0 });
export const addedSlot: Slot = Object.freeze({ kind: "starting", isFirst: false, deaths: 0 });
const empty: Slot = Object.freeze({ kind: "empty" });
const leaving: Slot = Object.freeze({ kind: "leaving" });

function again(deaths: number, how: string): Step<Slot, SlotEffect> {
  return toWith<Slot, SlotEffect>(
    { kind: "waiting", deaths },
    { kind: "startAfter", delayMs: restartDelayMs(deaths), deaths, how },
  );
}

const gone = (how: string): Step<Slot, SlotEffect> => toWith<Slot, SlotEffect>(empty, { kind: "sayGone", how });
const stays = (slot: Slot): Step<Slot, SlotEffect> => to(slot);
const stops = (): Step<Slot, SlotEffect> => to(empty);
const leaves = (_slot: Slot, event: { restart: boolean }): Step<Slot, SlotEffect> =>
  event.restart ? toWith<Slot, SlotEffect>(leaving, { kind: "addSlot" }) : to(leaving);

const table: Table<Slot, SlotEvent, SlotEffect> = {
  starting: {
    ready: ({ deaths }, { nowMs }) => to({ kind: "running", sinceMs: nowMs, deaths }),
    exited: ({ isFirst, deaths }, { restart, how }) => {
      if (isFirst) return toWith<Slot, SlotEffect>(empty, { kind: "failStart", how });
      return restart ? again(deaths + 1, how) : gone(how);
    },
    drainBegan: leaves,
    waited: stays,
    stop: stops,
  },
  running: {
    ready: stays,
    exited: ({ sinceMs, deaths }, { nowMs, restart, how }) =>
      restart ? again(nowMs - sinceMs >= soundMs ? 1 : deaths + 1, how) : gone(how),
    drainBegan: leaves,
    waited: stays,
    stop: stops,
  },
  waiting: {
    ready: stays,
    exited: stays,
    drainBegan: stays,
    waited: ({ deaths }) => toWith<Slot, SlotEffect>({ kind: "starting", isFirst: false, deaths }, { kind: "start" }),
    stop: stops,
  },
  leaving: { ready: stays, exited: (_slot, { how }) => gone(how), drainBegan: stays, waited: stays, stop: stops },
  empty: { ready: stays, exited: stays, drainBegan: stays, waited: stays, stop: stays },
};

export function stepSlot(slot: Slot, event: SlotEvent): Step<Slot, SlotEffect> {
  return stepBy(table, slot, event);
}
