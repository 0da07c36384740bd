import type { Epoch } from "../wire/ids.ts";
import { type Step, stepBy, type Table, to, toWith } from "./step.ts";

/**
 * The source's side of one planned move. Each phase has its own timer, so that none can hang behind another's.
 *
 * ```
 * connecting ─▶ preparing ─▶ precopying ─▶ shipping ─▶ committing ─▶ over
 *                    └── small state ───────▶┘   frozen from here on
 * ```
 *
 * Before the freeze a failure just ends the move. After it, the room is called off: its owner is whoever wins the head.
 */
export type MoveOut =
  | { readonly kind: "connecting" }
  | { readonly kind: "preparing" }
  | { readonly kind: "precopying" }
  | { readonly kind: "shipping" }
  | { readonly kind: "committing" }
  | { readonly kind: "over" };

export type MoveOutPhase = Exclude<MoveOut["kind"], "over">;

export type MoveOutEvent =
  | { readonly kind: "linkUp" }
  | { readonly kind: "linkDown"; readonly reason: string }
  /** `precopy`: whether the state is large enough for a copy ahead of the freeze. */
  | { readonly kind: "prepared"; readonly precopy: boolean }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "precopied" }
  | { readonly kind: "shipped" }
  | { readonly kind: "stateFailed"; readonly reason: string }
  | { readonly kind: "taken"; readonly epoch: Epoch }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "timedOut" }
  /** The room stopped running for another reason: fenced, suspended, thrown, released. */
  | { readonly kind: "roomStopped" };

export type MoveOutEffect =
  | { readonly kind: "dial" }
  | { readonly kind: "sendPrepare" }
  | { readonly kind: "precopy" }
  /** Freeze at the turn boundary, take the state, ship what the target does not have yet. */
  | { readonly kind: "freezeAndShip" }
  | { readonly kind: "sendCommit" }
  | { readonly kind: "sendAbort" }
  /** Tell the ownership machine that the room has gone to the target. */
  | { readonly kind: "handOver"; readonly epoch: Epoch }
  /** Tell the ownership machine to win the head again; the target may have won it meanwhile. */
  | { readonly kind: "callOff" }
  | { readonly kind: "armTimer"; readonly phase: MoveOutPhase }
  | { readonly kind: "disarmTimer" }
  /** Last. `frozen` tells whether the outcome now depends on who wins the head. */
  | { readonly kind: "fail"; readonly reason: string; readonly frozen: boolean }
  | { readonly kind: "succeed"; readonly epoch: Epoch };

export const beginMoveOut: Step<MoveOut, MoveOutEffect> = toWith<MoveOut, MoveOutEffect>(
  { kind: "connecting" },
  { kind: "armTimer", phase: "connecting" },
  { kind: "dial" },
);

export function stepMoveOut(state: MoveOut, event: MoveOutEvent): Step<MoveOut, MoveOutEffect> {
  return stepBy(table, state, event);
}

type S = Step<MoveOut, MoveOutEffect>;
const stay = (state: MoveOut): S => to(state);

function enter(phase: MoveOutPhase, ...effects: MoveOutEffect[]): S {
  return toWith<MoveOut, MoveOutEffect>({ kind: phase }, { kind: "armTimer", phase }, ...effects);
}

/** MOVE-2: before the freeze a failed move changes nothing: the room has never stopped. */
function drop(reason: string, tellTarget: boolean): S {
  const effects: MoveOutEffect[] = [{ kind: "disarmTimer" }];
  if (tellTarget) effects.push({ kind: "sendAbort" });
  return toWith<MoveOut, MoveOutEffect>({ kind: "over" }, ...effects, { kind: "fail", reason, frozen: false });
}

/** MOVE-3: after the freeze a failed move leaves one owner: whoever wins the head. */
function callOff(reason: string): S {
  return toWith<MoveOut, MoveOutEffect>(
    { kind: "over" },
    { kind: "disarmTimer" },
    { kind: "sendAbort" },
    { kind: "callOff" },
    { kind: "fail", reason, frozen: true },
  );
}

function done(epoch: Epoch): S {
  return toWith<MoveOut, MoveOutEffect>(
    { kind: "over" },
    { kind: "disarmTimer" },
    { kind: "handOver", epoch },
    { kind: "succeed", epoch },
  );
}

/** The room was lost while frozen: the ownership machine knows already, so nothing is called off. */
function lost(): S {
  return toWith<MoveOut, MoveOutEffect>(
    { kind: "over" },
    { kind: "disarmTimer" },
    { kind: "sendAbort" },
    { kind: "fail", reason: "the room was lost during the move", frozen: true },
  );
}

const table: Table<MoveOut, MoveOutEvent, MoveOutEffect> = {
  connecting: {
    linkUp: () => enter("preparing", { kind: "sendPrepare" }),
    linkDown: (_state, event) => drop(`the target cannot be reached: ${event.reason}`, false),
    prepared: stay,
    refused: stay,
    precopied: stay,
    shipped: stay,
    stateFailed: stay,
    taken: stay,
    failed: stay,
    timedOut: () => drop("the target cannot be reached in time", false),
    roomStopped: () => drop("the room stopped during the move", false),
  },
  preparing: {
    linkUp: stay,
    linkDown: (_state, event) => drop(`the target went away: ${event.reason}`, false),
    prepared: (_state, event) =>
      event.precopy ? enter("precopying", { kind: "precopy" }) : enter("shipping", { kind: "freezeAndShip" }),
    refused: (_state, event) => drop(event.reason, false),
    precopied: stay,
    shipped: stay,
    stateFailed: stay,
    taken: stay,
    failed: (_state, event) => drop(event.reason, false),
    timedOut: () => drop("the target did not answer in time", true),
    roomStopped: () => drop("the room stopped during the move", true),
  },
  precopying: {
    linkUp: stay,
    linkDown: (_state, event) => drop(`the target went away: ${event.reason}`, false),
    prepared: stay,
    refused: stay,
    precopied: () => enter("shipping", { kind: "freezeAndShip" }),
    shipped: stay,
    stateFailed: (_state, event) => drop(event.reason, true),
    taken: stay,
    failed: (_state, event) => drop(event.reason, false),
    timedOut: () => drop("the copy ahead of the freeze did not come through in time", true),
    roomStopped: () => drop("the room stopped during the move", true),
  },
  shipping: {
    linkUp: stay,
    linkDown: (_state, event) => callOff(`the target went away: ${event.reason}`),
    prepared: stay,
    refused: stay,
    precopied: stay,
    shipped: () => toWith<MoveOut, MoveOutEffect>({ kind: "committing" }, { kind: "sendCommit" }),
    stateFailed: (_state, event) => callOff(event.reason),
    taken: stay,
    failed: (_state, event) => callOff(event.reason),
    timedOut: () => callOff("the freeze budget ran out"),
    roomStopped: lost,
  },
  committing: {
    linkUp: stay,
    linkDown: (_state, event) => callOff(`the target went away: ${event.reason}`),
    prepared: stay,
    refused: stay,
    precopied: stay,
    shipped: stay,
    stateFailed: stay,
    taken: (_state, event) => done(event.epoch),
    failed: (_state, event) => callOff(event.reason),
    timedOut: () => callOff("the freeze budget ran out"),
    roomStopped: lost,
  },
  over: {
    linkUp: stay,
    linkDown: stay,
    prepared: stay,
    refused: stay,
    precopied: stay,
    shipped: stay,
    stateFailed: stay,
    // The target won although the move was called off: the ownership machine hears the same from the store.
    taken: stay,
    failed: stay,
    timedOut: stay,
    roomStopped: stay,
  },
};
