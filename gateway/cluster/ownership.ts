import type { Epoch, ServerId } from "../wire/ids.ts";
import { type Step, stepBy, type Table, to, toWith } from "./step.ts";

/**
 * A room's life at one server, from the question "may I run it?" to "it is somebody else's". Only what the store says
 * moves it towards running; everything else can only move it away (DESIGN rule 1).
 *
 * ```
 * reading ─▶ taking ─▶ restoring ─▶ running ─▶ frozen ─▶ gone
 *    ▲          │                    ▲  │ │       │
 *    └──fenced──┤                    │  │ │       └▶ reclaiming ─▶ running
 *          resolving                 │  │ ├▶ suspended ⇄ verifying ─▶ reclaiming
 *                                    │  │ └outrun─▶ verifying
 *                                    │  └▶ releasing ─▶ gone
 * ```
 */
export type Ownership =
  | { readonly kind: "reading"; readonly attempts: number }
  | { readonly kind: "taking"; readonly expect: Version | undefined; readonly attempts: number }
  /** A takeover was answered `unknown`: the head will tell. */
  | { readonly kind: "resolving"; readonly expect: Version | undefined; readonly attempts: number }
  | { readonly kind: "restoring"; readonly at: Version; readonly attempts: number }
  | { readonly kind: "running"; readonly epoch: Epoch }
  /** No turn runs; a move is shipping the state, or the target is taking over. */
  | { readonly kind: "frozen"; readonly epoch: Epoch }
  /** A move was called off, or a silence is over: no turn runs before the head is won again. */
  | { readonly kind: "reclaiming"; readonly epoch: Epoch }
  /** Own heartbeats are not getting through: others may be about to take the room. No turn runs. */
  | { readonly kind: "suspended"; readonly epoch: Epoch }
  | { readonly kind: "verifying"; readonly epoch: Epoch }
  | { readonly kind: "releasing"; readonly epoch: Epoch; readonly attempts: number; readonly outcome: Outcome }
  | { readonly kind: "gone"; readonly outcome: Outcome };

export interface Version {
  readonly epoch: Epoch;
  readonly tail: number;
}

export interface HeadView extends Version {
  readonly owner: ServerId | null;
  /** Something is to be done in the room though nobody is there; left out where that is not known. */
  readonly mustRun?: boolean;
}

/** What those who ask for the room are told once it is gone. */
export type Outcome =
  | { readonly kind: "owned"; readonly owner: ServerId; readonly epoch: Epoch }
  | { readonly kind: "free" }
  | { readonly kind: "refused"; readonly code: RefusalReason };

export type RefusalReason = "full" | "draining" | "quarantined" | "unavailable" | "owner-silent" | "broken";

/** How the present owner stands, as far as this server can tell. */
export type Standing = "nobody" | "me" | "live" | "dead" | "silent";

/** Whether a server would take a room that is to be had. */
export type ClaimVerdict = "yes" | "full" | "draining" | "quarantined" | "unavailable";

export type OwnershipEvent =
  /** `claim`: whether this server would take it, if it is to be had. */
  | {
      readonly kind: "headRead";
      readonly head: HeadView | undefined;
      readonly me: ServerId;
      readonly standing: Standing;
      readonly claim: ClaimVerdict;
    }
  | { readonly kind: "taken"; readonly head: HeadView }
  | { readonly kind: "fenced"; readonly head: HeadView | undefined; readonly me: ServerId }
  | { readonly kind: "storeUnknown" }
  | { readonly kind: "storeUnavailable" }
  /** `mayBeLost`: others may have taken this server for lost since it asked for the room. */
  | { readonly kind: "restored"; readonly mayBeLost: boolean }
  | { readonly kind: "restoreFailed" }
  | { readonly kind: "freezeRequested" }
  | { readonly kind: "handedOver"; readonly owner: ServerId; readonly epoch: Epoch }
  | { readonly kind: "moveCalledOff" }
  | { readonly kind: "renewalStale" }
  | { readonly kind: "renewalFresh" }
  /** A gateway knows of an owner at a higher epoch. */
  | { readonly kind: "outrun" }
  | { readonly kind: "releaseRequested" }
  | { readonly kind: "released" }
  | { readonly kind: "roomThrew" }
  | { readonly kind: "retryDue" };

export type OwnershipEffect =
  | { readonly kind: "readHead" }
  /** Conditional on `expect`. */
  | { readonly kind: "takeOver"; readonly expect: Version | undefined }
  /** Conditional on the room's frozen position, which the shell knows. */
  | { readonly kind: "takeOverAgain" }
  | { readonly kind: "restore"; readonly at: Version }
  /** Turns may run from here on, at this epoch; tell the gateways where their sessions stand. */
  | { readonly kind: "run"; readonly epoch: Epoch }
  /** No turn runs from here on; tell the gateways to wait. */
  | { readonly kind: "halt" }
  /** Close the members with 1012: the room's code has failed. */
  | { readonly kind: "closeMembers" }
  /** Snapshot if the room has one and can give it, then release the head. */
  | { readonly kind: "release" }
  | { readonly kind: "retryLater" }
  /** Last: forget the room and answer whoever waits. */
  | { readonly kind: "leave"; readonly outcome: Outcome };

export const attemptsMax = 5;

/** Whether turns may run. */
export function runsTurns(state: Ownership): boolean {
  return state.kind === "running";
}

export function step(state: Ownership, event: OwnershipEvent): Step<Ownership, OwnershipEffect> {
  return stepBy(table, state, event);
}

type S = Step<Ownership, OwnershipEffect>;

const stay = (state: Ownership): S => to(state);
const unavailable: Outcome = { kind: "refused", code: "unavailable" };
const broken: Outcome = { kind: "refused", code: "broken" };

function leave(outcome: Outcome): S {
  return toWith<Ownership, OwnershipEffect>({ kind: "gone", outcome }, { kind: "leave", outcome });
}

/** Lost a running room to `head`: whoever asks is sent there. */
function lostTo(head: HeadView | undefined): S {
  const owner = head?.owner;
  const outcome: Outcome = owner ? { kind: "owned", owner, epoch: head.epoch } : { kind: "free" };
  return toWith<Ownership, OwnershipEffect>({ kind: "gone", outcome }, { kind: "halt" }, { kind: "leave", outcome });
}

function take(expect: Version | undefined, attempts: number): S {
  if (attempts >= attemptsMax) return leave(unavailable);
  return toWith<Ownership, OwnershipEffect>({ kind: "taking", expect, attempts }, { kind: "takeOver", expect });
}

function restore(head: Version): S {
  const at: Version = { epoch: head.epoch, tail: head.tail };
  return toWith<Ownership, OwnershipEffect>({ kind: "restoring", at, attempts: 0 }, { kind: "restore", at });
}

/** OWN-1: a head that is free, mine without my running it, or a dead owner's, is claimed conditional on exactly what was read. */
function decide(event: Extract<OwnershipEvent, { kind: "headRead" }>, attempts: number): S {
  const { head, standing, claim } = event;
  if (head?.owner && standing === "live") return leave({ kind: "owned", owner: head.owner, epoch: head.epoch });
  if (standing === "silent") return leave({ kind: "refused", code: "owner-silent" });
  // OWN-10: a room that is this server's by its head is sent here by all others: whoever is full must take it all the same.
  if (claim !== "yes" && !(claim === "full" && standing === "me")) return leave({ kind: "refused", code: claim });
  return take(head && { epoch: head.epoch, tail: head.tail }, attempts + 1);
}

function isMine(head: HeadView | undefined, me: ServerId, epoch: Epoch): head is HeadView {
  return head !== undefined && head.owner === me && head.epoch === epoch;
}

function readAgain(attempts: number): S {
  if (attempts >= attemptsMax) return leave(unavailable);
  return toWith<Ownership, OwnershipEffect>({ kind: "reading", attempts: attempts + 1 }, { kind: "readHead" });
}

/** Attempts are bounded; after the last the head may still name this server, and the next who asks takes it over properly. */
function retryRelease(state: Extract<Ownership, { kind: "releasing" }>): S {
  if (state.attempts + 1 >= attemptsMax) return leave(state.outcome);
  return toWith<Ownership, OwnershipEffect>({ ...state, attempts: state.attempts + 1 }, { kind: "retryLater" });
}

function release(epoch: Epoch, outcome: Outcome, ...before: OwnershipEffect[]): S {
  return toWith<Ownership, OwnershipEffect>(
    { kind: "releasing", epoch, attempts: 0, outcome },
    ...before,
    { kind: "halt" },
    { kind: "release" },
  );
}

const free: Outcome = { kind: "free" };

/** Events that say nothing to a room that does not run: late answers, other phases' news. */
const ignoring = {
  headRead: stay,
  taken: stay,
  fenced: stay,
  storeUnknown: stay,
  storeUnavailable: stay,
  restored: stay,
  restoreFailed: stay,
  freezeRequested: stay,
  handedOver: stay,
  moveCalledOff: stay,
  renewalStale: stay,
  renewalFresh: stay,
  outrun: stay,
  releaseRequested: stay,
  released: stay,
  roomThrew: stay,
  retryDue: stay,
} as const;

const table: Table<Ownership, OwnershipEvent, OwnershipEffect> = {
  reading: {
    ...ignoring,
    headRead: (state, event) => decide(event, state.attempts),
    storeUnknown: () => leave(unavailable),
    storeUnavailable: () => leave(unavailable),
  },
  taking: {
    ...ignoring,
    taken: (_state, event) => restore(event.head),
    // Somebody else was faster, or an earlier try of ours has landed after all: the head tells.
    fenced: (state) => readAgain(state.attempts),
    storeUnknown: (state) =>
      toWith<Ownership, OwnershipEffect>({ ...state, kind: "resolving" }, { kind: "retryLater" }),
    storeUnavailable: () => leave(unavailable),
  },
  resolving: {
    ...ignoring,
    retryDue: (state) => toWith<Ownership, OwnershipEffect>(state, { kind: "readHead" }),
    // OWN-2: an unknown takeover is looked up before anything else is tried.
    headRead: (state, event) => {
      if (isMine(event.head, event.me, (state.expect?.epoch ?? 0) + 1)) return restore(event.head);
      return decide(event, state.attempts);
    },
    storeUnknown: (state) => retryResolve(state),
    storeUnavailable: (state) => retryResolve(state),
  },
  restoring: {
    ...ignoring,
    restored: (state, event) => (event.mayBeLost ? verify(state.at.epoch) : resume(state.at.epoch)),
    restoreFailed: (state) => release(state.at.epoch, broken),
    storeUnavailable: (state) =>
      state.attempts + 1 >= attemptsMax
        ? release(state.at.epoch, unavailable)
        : toWith<Ownership, OwnershipEffect>({ ...state, attempts: state.attempts + 1 }, { kind: "retryLater" }),
    retryDue: (state) => toWith<Ownership, OwnershipEffect>(state, { kind: "restore", at: state.at }),
    fenced: (_state, event) => lostTo(event.head),
    roomThrew: (state) => release(state.at.epoch, broken),
  },
  running: {
    ...ignoring,
    freezeRequested: (state) =>
      toWith<Ownership, OwnershipEffect>({ kind: "frozen", epoch: state.epoch }, { kind: "halt" }),
    renewalStale: (state) =>
      toWith<Ownership, OwnershipEffect>({ kind: "suspended", epoch: state.epoch }, { kind: "halt" }),
    // OWN-11: nothing else may ever tell an owner that has been taken for dead and was not. The head knows.
    outrun: (state) => verify(state.epoch, { kind: "halt" }),
    releaseRequested: (state) => release(state.epoch, free),
    roomThrew: (state) => release(state.epoch, broken, { kind: "closeMembers" }),
    fenced: (_state, event) => lostTo(event.head),
  },
  frozen: {
    ...ignoring,
    handedOver: (_state, event) => leave({ kind: "owned", owner: event.owner, epoch: event.epoch }),
    moveCalledOff: (state) => reclaim(state.epoch),
    fenced: (_state, event) => lostTo(event.head),
    // A room whose code has failed must not go on anywhere; if the target has it already, the release is fenced.
    roomThrew: (state) => release(state.epoch, broken, { kind: "closeMembers" }),
  },
  reclaiming: {
    ...ignoring,
    // A room whose code has failed does not come back by itself, and nobody is to wait for it.
    roomThrew: (state) => release(state.epoch, broken, { kind: "closeMembers" }),
    // MOVE-4, OWN-3: a room goes on only after it has won the head again, at the next epoch.
    taken: (_state, event) => resume(event.head.epoch),
    fenced: (state, event) =>
      isMine(event.head, event.me, state.epoch + 1) ? resume(state.epoch + 1) : lostTo(event.head),
    handedOver: (_state, event) => leave({ kind: "owned", owner: event.owner, epoch: event.epoch }),
    storeUnknown: (state) => toWith<Ownership, OwnershipEffect>(state, { kind: "retryLater" }),
    storeUnavailable: (state) => toWith<Ownership, OwnershipEffect>(state, { kind: "retryLater" }),
    retryDue: (state) => toWith<Ownership, OwnershipEffect>(state, { kind: "takeOverAgain" }),
  },
  suspended: {
    ...ignoring,
    // A room whose code has failed does not come back by itself, and nobody is to wait for it.
    roomThrew: (state) => release(state.epoch, broken, { kind: "closeMembers" }),
    renewalFresh: (state) => verify(state.epoch),
    releaseRequested: (state) => release(state.epoch, free),
    fenced: (_state, event) => lostTo(event.head),
  },
  verifying: {
    ...ignoring,
    // A room whose code has failed does not come back by itself, and nobody is to wait for it.
    roomThrew: (state) => release(state.epoch, broken, { kind: "closeMembers" }),
    // OWN-3: whoever decided during the silence to take the room may do so later than this answer. Without a journal nothing would ever
    // tell its two owners of each other, so the head is won again: one of the two takeovers is fenced.
    headRead: (state, event) => (isMine(event.head, event.me, state.epoch) ? reclaim(state.epoch) : lostTo(event.head)),
    storeUnknown: (state) => toWith<Ownership, OwnershipEffect>(state, { kind: "retryLater" }),
    storeUnavailable: (state) => toWith<Ownership, OwnershipEffect>(state, { kind: "retryLater" }),
    retryDue: (state) => toWith<Ownership, OwnershipEffect>(state, { kind: "readHead" }),
    renewalStale: (state) => to({ kind: "suspended", epoch: state.epoch }),
    releaseRequested: (state) => release(state.epoch, free),
    fenced: (_state, event) => lostTo(event.head),
  },
  releasing: {
    ...ignoring,
    released: (state) => leave(state.outcome),
    fenced: (_state, event) => lostTo(event.head),
    storeUnknown: (state) => retryRelease(state),
    storeUnavailable: (state) => retryRelease(state),
    retryDue: (state) => toWith<Ownership, OwnershipEffect>(state, { kind: "release" }),
  },
  gone: ignoring,
};

function retryResolve(state: Extract<Ownership, { kind: "resolving" }>): S {
  if (state.attempts >= attemptsMax) return leave(unavailable);
  return toWith<Ownership, OwnershipEffect>({ ...state, attempts: state.attempts + 1 }, { kind: "retryLater" });
}

function verify(epoch: Epoch, ...before: OwnershipEffect[]): S {
  return toWith<Ownership, OwnershipEffect>({ kind: "verifying", epoch }, ...before, { kind: "readHead" });
}

function reclaim(epoch: Epoch): S {
  return toWith<Ownership, OwnershipEffect>({ kind: "reclaiming", epoch }, { kind: "takeOverAgain" });
}

function resume(epoch: Epoch): S {
  return toWith<Ownership, OwnershipEffect>({ kind: "running", epoch }, { kind: "run", epoch });
}
