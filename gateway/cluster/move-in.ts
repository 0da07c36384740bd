import type { ServerId } from "../wire/ids.ts";
import type { HeadView, Version } from "./ownership.ts";
import { type Step, stepBy, type Table, to, toWith } from "./step.ts";

/**
 * The target's side of one planned move: receive, restore, then take over conditional on exactly what the source froze
 * (DESIGN rule 4). Until the store says `taken` the target is nobody.
 */
export type MoveIn =
  | { readonly kind: "receiving" }
  | { readonly kind: "restoring"; readonly expect: Version }
  /** From here on an abort comes too late: the head decides. With `attempts` above 0 an earlier try may still land. */
  | { readonly kind: "taking"; readonly expect: Version; readonly attempts: number }
  | { readonly kind: "resolving"; readonly expect: Version; readonly attempts: number }
  | { readonly kind: "over" };

export type MoveInEvent =
  | { readonly kind: "commitAsked"; readonly expect: Version }
  | { readonly kind: "restored" }
  | { readonly kind: "restoreFailed"; readonly reason: string }
  | { readonly kind: "taken"; readonly head: HeadView }
  | { readonly kind: "fenced"; readonly head: HeadView | undefined; readonly me: ServerId }
  | { readonly kind: "storeUnknown" }
  | { readonly kind: "storeUnavailable"; readonly reason: string }
  | { readonly kind: "headRead"; readonly head: HeadView | undefined; readonly me: ServerId }
  | { readonly kind: "retryDue" }
  | { readonly kind: "aborted" }
  | { readonly kind: "linkDown" }
  | { readonly kind: "timedOut" };

export type MoveInEffect =
  | { readonly kind: "restore" }
  | { readonly kind: "takeOver"; readonly expect: Version }
  | { readonly kind: "readHead" }
  | { readonly kind: "retryLater" }
  /** Last: the room is ours and runs. */
  | { readonly kind: "run"; readonly head: HeadView }
  /** Last: forget what was received; `reason` is told to the source if it is still there. */
  | { readonly kind: "discard"; readonly reason: string };

/** Looking up an unknown takeover is tried this often before the room is given up; the head then names a server that has not the state. */
export const resolveAttemptsMax = 20;

export function stepMoveIn(state: MoveIn, event: MoveInEvent): Step<MoveIn, MoveInEffect> {
  return stepBy(table, state, event);
}

type S = Step<MoveIn, MoveInEffect>;
const stay = (state: MoveIn): S => to(state);

function discard(reason: string): S {
  return toWith<MoveIn, MoveInEffect>({ kind: "over" }, { kind: "discard", reason });
}

function run(head: HeadView): S {
  return toWith<MoveIn, MoveInEffect>({ kind: "over" }, { kind: "run", head });
}

/** MOVE-10: a head that is this server's at the epoch that it asked for is an earlier try of its own that has landed after all. */
function judge(expect: Version, found: { readonly head: HeadView | undefined; readonly me: ServerId }): S | undefined {
  const { head, me } = found;
  return head && head.owner === me && head.epoch === expect.epoch + 1 ? run(head) : undefined;
}

const takenByOther = "the room was taken by somebody else";

function resolveLater({ expect, attempts }: Extract<MoveIn, { kind: "taking" | "resolving" }>): S {
  if (attempts >= resolveAttemptsMax) return discard("the store did not tell whether the room was taken");
  return toWith<MoveIn, MoveInEffect>({ kind: "resolving", expect, attempts: attempts + 1 }, { kind: "retryLater" });
}

const ignoring = {
  commitAsked: stay,
  restored: stay,
  restoreFailed: stay,
  taken: stay,
  fenced: stay,
  storeUnknown: stay,
  storeUnavailable: stay,
  headRead: stay,
  retryDue: stay,
  aborted: stay,
  linkDown: stay,
  timedOut: stay,
} as const;

const table: Table<MoveIn, MoveInEvent, MoveInEffect> = {
  receiving: {
    ...ignoring,
    commitAsked: (_state, event) =>
      toWith<MoveIn, MoveInEffect>({ kind: "restoring", expect: event.expect }, { kind: "restore" }),
    aborted: () => discard("called off by the source"),
    linkDown: () => discard("the source went away"),
    timedOut: () => discard("the source went silent"),
  },
  restoring: {
    ...ignoring,
    // MOVE-1: the target takes over only at the exact frozen position.
    restored: (state) =>
      toWith<MoveIn, MoveInEffect>(
        { kind: "taking", expect: state.expect, attempts: 0 },
        { kind: "takeOver", expect: state.expect },
      ),
    restoreFailed: (_state, event) => discard(event.reason),
    aborted: () => discard("called off by the source"),
    linkDown: () => discard("the source went away"),
    timedOut: () => discard("restoring took too long"),
  },
  taking: {
    ...ignoring,
    taken: (_state, event) => run(event.head),
    fenced: (state, event) => judge(state.expect, event) ?? discard(takenByOther),
    storeUnknown: (state) => resolveLater(state),
    // Nothing of this try will happen, but an earlier one may still land.
    storeUnavailable: (state, event) =>
      state.attempts === 0 ? discard(`the store is not available: ${event.reason}`) : resolveLater(state),
  },
  resolving: {
    ...ignoring,
    retryDue: (state) => toWith<MoveIn, MoveInEffect>(state, { kind: "readHead" }),
    headRead: (state, event) => {
      const { head } = event;
      const mine = judge(state.expect, event);
      if (mine) return mine;
      if (head && head.epoch === state.expect.epoch && head.tail === state.expect.tail) {
        // Not landed so far, and it may still land: the same conditional request settles it.
        return toWith<MoveIn, MoveInEffect>(
          { kind: "taking", expect: state.expect, attempts: state.attempts },
          { kind: "takeOver", expect: state.expect },
        );
      }
      return discard(takenByOther);
    },
    storeUnknown: (state) => resolveLater(state),
    storeUnavailable: (state) => resolveLater(state),
  },
  over: ignoring,
};
