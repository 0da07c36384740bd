import type { MoveIn, MoveInEvent } from "../../../gateway/cluster/move-in.ts";
import { resolveAttemptsMax } from "../../../gateway/cluster/move-in.ts";
import type { MoveOut, MoveOutEvent } from "../../../gateway/cluster/move-out.ts";
import {
  attemptsMax,
  type HeadView,
  type Ownership,
  type OwnershipEvent,
  type Standing,
} from "../../../gateway/cluster/ownership.ts";
import type { ServerId } from "../../../gateway/wire/ids.ts";

/** One of every state and every event of the machines; a new kind does not compile until it has its samples here. */

export const me = "s1" as ServerId;
export const other = "s2" as ServerId;

/** All samples speak of a room whose head stands, or stood, at this version. */
export const version = { epoch: 7, tail: 3 };
const mine: HeadView = { ...version, owner: me };
const mineNext: HeadView = { epoch: 8, tail: 3, owner: me };
const theirs: HeadView = { epoch: 8, tail: 3, owner: other };
const free: HeadView = { ...version, owner: null };

type SamplesOf<T extends { kind: string }> = {
  readonly [K in T["kind"]]: readonly (readonly [name: string, value: Extract<T, { kind: K }>])[];
};

function flat<T extends { kind: string }>(samples: SamplesOf<T>): (readonly [string, T])[] {
  return (Object.values(samples) as (readonly (readonly [string, T])[])[]).flat();
}

const ownershipStates: SamplesOf<Ownership> = {
  reading: [
    ["reading", { kind: "reading", attempts: 0 }],
    ["reading for the last time", { kind: "reading", attempts: attemptsMax }],
  ],
  taking: [
    ["taking", { kind: "taking", expect: version, attempts: 1 }],
    ["taking for the last time", { kind: "taking", expect: version, attempts: attemptsMax }],
  ],
  resolving: [
    ["resolving", { kind: "resolving", expect: version, attempts: 1 }],
    ["resolving for the last time", { kind: "resolving", expect: version, attempts: attemptsMax }],
  ],
  restoring: [
    ["restoring", { kind: "restoring", at: version, attempts: 0 }],
    ["restoring for the last time", { kind: "restoring", at: version, attempts: attemptsMax - 1 }],
  ],
  running: [["running", { kind: "running", epoch: 7 }]],
  frozen: [["frozen", { kind: "frozen", epoch: 7 }]],
  reclaiming: [["reclaiming", { kind: "reclaiming", epoch: 7 }]],
  suspended: [["suspended", { kind: "suspended", epoch: 7 }]],
  verifying: [["verifying", { kind: "verifying", epoch: 7 }]],
  releasing: [
    ["releasing", { kind: "releasing", epoch: 7, attempts: 0, outcome: { kind: "free" } }],
    [
      "releasing for the last time",
      { kind: "releasing", epoch: 7, attempts: attemptsMax - 1, outcome: { kind: "free" } },
    ],
  ],
  gone: [["gone", { kind: "gone", outcome: { kind: "free" } }]],
};

function headRead(
  head: HeadView | undefined,
  standing: Standing,
  claim: "yes" | "full" | "draining" = "yes",
): Extract<OwnershipEvent, { kind: "headRead" }> {
  return { kind: "headRead", head, me, standing, claim };
}

const ownershipEvents: SamplesOf<OwnershipEvent> = {
  headRead: [
    ["head: never owned", headRead(undefined, "nobody")],
    ["head: free", headRead(free, "nobody")],
    ["head: free, we are full", headRead(free, "nobody", "full")],
    ["head: free, we drain", headRead(free, "nobody", "draining")],
    ["head: mine at 7", headRead(mine, "me")],
    ["head: mine at 8", headRead(mineNext, "me")],
    ["head: mine at 8, we are full", headRead(mineNext, "me", "full")],
    ["head: of a live one", headRead(theirs, "live")],
    ["head: of a dead one", headRead(theirs, "dead")],
    ["head: of a silent one", headRead(theirs, "silent")],
  ],
  taken: [["taken", { kind: "taken", head: mineNext }]],
  fenced: [
    ["fenced by another", { kind: "fenced", head: theirs, me }],
    ["fenced by myself", { kind: "fenced", head: mineNext, me }],
    ["fenced, free", { kind: "fenced", head: free, me }],
  ],
  storeUnknown: [["unknown", { kind: "storeUnknown" }]],
  storeUnavailable: [["unavailable", { kind: "storeUnavailable" }]],
  restored: [
    ["restored", { kind: "restored", mayBeLost: false }],
    ["restored behind a silence", { kind: "restored", mayBeLost: true }],
  ],
  restoreFailed: [["restore failed", { kind: "restoreFailed" }]],
  freezeRequested: [["freeze", { kind: "freezeRequested" }]],
  handedOver: [["handed over", { kind: "handedOver", owner: other, epoch: 8 }]],
  moveCalledOff: [["called off", { kind: "moveCalledOff" }]],
  renewalStale: [["stale", { kind: "renewalStale" }]],
  renewalFresh: [["fresh", { kind: "renewalFresh" }]],
  outrun: [["outrun", { kind: "outrun" }]],
  releaseRequested: [["let go", { kind: "releaseRequested" }]],
  released: [["released", { kind: "released" }]],
  roomThrew: [["threw", { kind: "roomThrew" }]],
  retryDue: [["retry", { kind: "retryDue" }]],
};

const moveOutStates: SamplesOf<MoveOut> = {
  connecting: [["connecting", { kind: "connecting" }]],
  preparing: [["preparing", { kind: "preparing" }]],
  precopying: [["precopying", { kind: "precopying" }]],
  shipping: [["shipping", { kind: "shipping" }]],
  committing: [["committing", { kind: "committing" }]],
  over: [["over", { kind: "over" }]],
};

const moveOutEvents: SamplesOf<MoveOutEvent> = {
  linkUp: [["link up", { kind: "linkUp" }]],
  linkDown: [["link down", { kind: "linkDown", reason: "reset" }]],
  prepared: [
    ["prepared, small", { kind: "prepared", precopy: false }],
    ["prepared, large", { kind: "prepared", precopy: true }],
  ],
  refused: [["refused", { kind: "refused", reason: "full" }]],
  precopied: [["precopied", { kind: "precopied" }]],
  shipped: [["shipped", { kind: "shipped" }]],
  stateFailed: [["state failed", { kind: "stateFailed", reason: "not plain" }]],
  taken: [["taken", { kind: "taken", epoch: 8 }]],
  failed: [["failed", { kind: "failed", reason: "fenced" }]],
  timedOut: [["timed out", { kind: "timedOut" }]],
  roomStopped: [["room stopped", { kind: "roomStopped" }]],
};

const moveInStates: SamplesOf<MoveIn> = {
  receiving: [["receiving", { kind: "receiving" }]],
  restoring: [["restoring", { kind: "restoring", expect: version }]],
  taking: [
    ["taking", { kind: "taking", expect: version, attempts: 0 }],
    ["taking again", { kind: "taking", expect: version, attempts: 1 }],
    ["taking for the last time", { kind: "taking", expect: version, attempts: resolveAttemptsMax }],
  ],
  resolving: [
    ["resolving", { kind: "resolving", expect: version, attempts: 1 }],
    ["resolving for the last time", { kind: "resolving", expect: version, attempts: resolveAttemptsMax }],
  ],
  over: [["over", { kind: "over" }]],
};

const moveInEvents: SamplesOf<MoveInEvent> = {
  commitAsked: [["commit", { kind: "commitAsked", expect: version }]],
  restored: [["restored", { kind: "restored" }]],
  restoreFailed: [["restore failed", { kind: "restoreFailed", reason: "not whole" }]],
  taken: [["taken", { kind: "taken", head: mineNext }]],
  fenced: [
    ["fenced by another", { kind: "fenced", head: { epoch: 8, tail: 3, owner: other }, me }],
    ["fenced by myself at 8", { kind: "fenced", head: mineNext, me }],
    ["fenced by myself at 9", { kind: "fenced", head: { epoch: 9, tail: 3, owner: me }, me }],
    ["fenced, never owned", { kind: "fenced", head: undefined, me }],
  ],
  storeUnknown: [["unknown", { kind: "storeUnknown" }]],
  storeUnavailable: [["unavailable", { kind: "storeUnavailable", reason: "down" }]],
  headRead: [
    ["head: never owned", { kind: "headRead", head: undefined, me }],
    ["head: as frozen", { kind: "headRead", head: { ...version, owner: other }, me }],
    ["head: same epoch, further tail", { kind: "headRead", head: { epoch: 7, tail: 4, owner: other }, me }],
    ["head: mine at 8", { kind: "headRead", head: mineNext, me }],
    ["head: mine at 9", { kind: "headRead", head: { epoch: 9, tail: 3, owner: me }, me }],
    ["head: the source's at 8", { kind: "headRead", head: { epoch: 8, tail: 3, owner: other }, me }],
  ],
  retryDue: [["retry", { kind: "retryDue" }]],
  aborted: [["aborted", { kind: "aborted" }]],
  linkDown: [["link down", { kind: "linkDown" }]],
  timedOut: [["timed out", { kind: "timedOut" }]],
};

export const ownershipSamples = { states: flat(ownershipStates), events: flat(ownershipEvents) };
export const moveOutSamples = { states: flat(moveOutStates), events: flat(moveOutEvents) };
export const moveInSamples = { states: flat(moveInStates), events: flat(moveInEvents) };
