import { expect, test } from "vitest";
import { stepMoveIn } from "../../../gateway/cluster/move-in.ts";
import { stepMoveOut } from "../../../gateway/cluster/move-out.ts";
import { step } from "../../../gateway/cluster/ownership.ts";
import { cellsOf, linesOf } from "../../support/cluster/machine-cells.ts";
import { moveInSamples, moveOutSamples, ownershipSamples } from "../../support/cluster/machine-samples.ts";

// Every cell of the machines, on purpose: what is not listed stays where it is and does nothing. Whoever changes a cell changes a line here.

test("OWN-1: every cell of a room's ownership", () => {
  const { states, events } = ownershipSamples;
  expect(cellsOf(step, states, events)).toEqual(
    linesOf(`
    reading, head: never owned → taking: takeOver
    reading, head: free → taking: takeOver
    reading, head: free, we are full → gone: leave
    reading, head: free, we drain → gone: leave
    reading, head: mine at 7 → taking: takeOver
    reading, head: mine at 8 → taking: takeOver
    reading, head: mine at 8, we are full → taking: takeOver
    reading, head: of a live one → gone: leave
    reading, head: of a dead one → taking: takeOver
    reading, head: of a silent one → gone: leave
    reading, unknown → gone: leave
    reading, unavailable → gone: leave
    reading for the last time, head: never owned → gone: leave
    reading for the last time, head: free → gone: leave
    reading for the last time, head: free, we are full → gone: leave
    reading for the last time, head: free, we drain → gone: leave
    reading for the last time, head: mine at 7 → gone: leave
    reading for the last time, head: mine at 8 → gone: leave
    reading for the last time, head: mine at 8, we are full → gone: leave
    reading for the last time, head: of a live one → gone: leave
    reading for the last time, head: of a dead one → gone: leave
    reading for the last time, head: of a silent one → gone: leave
    reading for the last time, unknown → gone: leave
    reading for the last time, unavailable → gone: leave
    taking, taken → restoring: restore
    taking, fenced by another → reading: readHead
    taking, fenced by myself → reading: readHead
    taking, fenced, free → reading: readHead
    taking, unknown → resolving: retryLater
    taking, unavailable → gone: leave
    taking for the last time, taken → restoring: restore
    taking for the last time, fenced by another → gone: leave
    taking for the last time, fenced by myself → gone: leave
    taking for the last time, fenced, free → gone: leave
    taking for the last time, unknown → resolving: retryLater
    taking for the last time, unavailable → gone: leave
    resolving, head: never owned → taking: takeOver
    resolving, head: free → taking: takeOver
    resolving, head: free, we are full → gone: leave
    resolving, head: free, we drain → gone: leave
    resolving, head: mine at 7 → taking: takeOver
    resolving, head: mine at 8 → restoring: restore
    resolving, head: mine at 8, we are full → restoring: restore
    resolving, head: of a live one → gone: leave
    resolving, head: of a dead one → taking: takeOver
    resolving, head: of a silent one → gone: leave
    resolving, unknown → resolving: retryLater
    resolving, unavailable → resolving: retryLater
    resolving, retry → same: readHead
    resolving for the last time, head: never owned → gone: leave
    resolving for the last time, head: free → gone: leave
    resolving for the last time, head: free, we are full → gone: leave
    resolving for the last time, head: free, we drain → gone: leave
    resolving for the last time, head: mine at 7 → gone: leave
    resolving for the last time, head: mine at 8 → restoring: restore
    resolving for the last time, head: mine at 8, we are full → restoring: restore
    resolving for the last time, head: of a live one → gone: leave
    resolving for the last time, head: of a dead one → gone: leave
    resolving for the last time, head: of a silent one → gone: leave
    resolving for the last time, unknown → gone: leave
    resolving for the last time, unavailable → gone: leave
    resolving for the last time, retry → same: readHead
    restoring, fenced by another → gone: halt, leave
    restoring, fenced by myself → gone: halt, leave
    restoring, fenced, free → gone: halt, leave
    restoring, unavailable → restoring: retryLater
    restoring, restored → running: run
    restoring, restored behind a silence → verifying: readHead
    restoring, restore failed → releasing: halt, release
    restoring, threw → releasing: halt, release
    restoring, retry → same: restore
    restoring for the last time, fenced by another → gone: halt, leave
    restoring for the last time, fenced by myself → gone: halt, leave
    restoring for the last time, fenced, free → gone: halt, leave
    restoring for the last time, unavailable → releasing: halt, release
    restoring for the last time, restored → running: run
    restoring for the last time, restored behind a silence → verifying: readHead
    restoring for the last time, restore failed → releasing: halt, release
    restoring for the last time, threw → releasing: halt, release
    restoring for the last time, retry → same: restore
    running, fenced by another → gone: halt, leave
    running, fenced by myself → gone: halt, leave
    running, fenced, free → gone: halt, leave
    running, freeze → frozen: halt
    running, stale → suspended: halt
    running, outrun → verifying: halt, readHead
    running, let go → releasing: halt, release
    running, threw → releasing: closeMembers, halt, release
    frozen, fenced by another → gone: halt, leave
    frozen, fenced by myself → gone: halt, leave
    frozen, fenced, free → gone: halt, leave
    frozen, handed over → gone: leave
    frozen, called off → reclaiming: takeOverAgain
    frozen, threw → releasing: closeMembers, halt, release
    reclaiming, taken → running: run
    reclaiming, fenced by another → gone: halt, leave
    reclaiming, fenced by myself → running: run
    reclaiming, fenced, free → gone: halt, leave
    reclaiming, unknown → same: retryLater
    reclaiming, unavailable → same: retryLater
    reclaiming, handed over → gone: leave
    reclaiming, threw → releasing: closeMembers, halt, release
    reclaiming, retry → same: takeOverAgain
    suspended, fenced by another → gone: halt, leave
    suspended, fenced by myself → gone: halt, leave
    suspended, fenced, free → gone: halt, leave
    suspended, fresh → verifying: readHead
    suspended, let go → releasing: halt, release
    suspended, threw → releasing: closeMembers, halt, release
    verifying, head: never owned → gone: halt, leave
    verifying, head: free → gone: halt, leave
    verifying, head: free, we are full → gone: halt, leave
    verifying, head: free, we drain → gone: halt, leave
    verifying, head: mine at 7 → reclaiming: takeOverAgain
    verifying, head: mine at 8 → gone: halt, leave
    verifying, head: mine at 8, we are full → gone: halt, leave
    verifying, head: of a live one → gone: halt, leave
    verifying, head: of a dead one → gone: halt, leave
    verifying, head: of a silent one → gone: halt, leave
    verifying, fenced by another → gone: halt, leave
    verifying, fenced by myself → gone: halt, leave
    verifying, fenced, free → gone: halt, leave
    verifying, unknown → same: retryLater
    verifying, unavailable → same: retryLater
    verifying, stale → suspended
    verifying, let go → releasing: halt, release
    verifying, threw → releasing: closeMembers, halt, release
    verifying, retry → same: readHead
    releasing, fenced by another → gone: halt, leave
    releasing, fenced by myself → gone: halt, leave
    releasing, fenced, free → gone: halt, leave
    releasing, unknown → releasing: retryLater
    releasing, unavailable → releasing: retryLater
    releasing, released → gone: leave
    releasing, retry → same: release
    releasing for the last time, fenced by another → gone: halt, leave
    releasing for the last time, fenced by myself → gone: halt, leave
    releasing for the last time, fenced, free → gone: halt, leave
    releasing for the last time, unknown → gone: leave
    releasing for the last time, unavailable → gone: leave
    releasing for the last time, released → gone: leave
    releasing for the last time, retry → same: release
    `),
  );
});

test("MOVE-2: every cell of the source's side of a move", () => {
  const { states, events } = moveOutSamples;
  expect(cellsOf(stepMoveOut, states, events)).toEqual(
    linesOf(`
    connecting, link up → preparing: armTimer, sendPrepare
    connecting, link down → over: disarmTimer, fail
    connecting, timed out → over: disarmTimer, fail
    connecting, room stopped → over: disarmTimer, fail
    preparing, link down → over: disarmTimer, fail
    preparing, prepared, small → shipping: armTimer, freezeAndShip
    preparing, prepared, large → precopying: armTimer, precopy
    preparing, refused → over: disarmTimer, fail
    preparing, failed → over: disarmTimer, fail
    preparing, timed out → over: disarmTimer, sendAbort, fail
    preparing, room stopped → over: disarmTimer, sendAbort, fail
    precopying, link down → over: disarmTimer, fail
    precopying, precopied → shipping: armTimer, freezeAndShip
    precopying, state failed → over: disarmTimer, sendAbort, fail
    precopying, failed → over: disarmTimer, fail
    precopying, timed out → over: disarmTimer, sendAbort, fail
    precopying, room stopped → over: disarmTimer, sendAbort, fail
    shipping, link down → over: disarmTimer, sendAbort, callOff, fail
    shipping, shipped → committing: sendCommit
    shipping, state failed → over: disarmTimer, sendAbort, callOff, fail
    shipping, failed → over: disarmTimer, sendAbort, callOff, fail
    shipping, timed out → over: disarmTimer, sendAbort, callOff, fail
    shipping, room stopped → over: disarmTimer, sendAbort, fail
    committing, link down → over: disarmTimer, sendAbort, callOff, fail
    committing, taken → over: disarmTimer, handOver, succeed
    committing, failed → over: disarmTimer, sendAbort, callOff, fail
    committing, timed out → over: disarmTimer, sendAbort, callOff, fail
    committing, room stopped → over: disarmTimer, sendAbort, fail
    `),
  );
});

test("MOVE-1: every cell of the target's side of a move", () => {
  const { states, events } = moveInSamples;
  expect(cellsOf(stepMoveIn, states, events)).toEqual(
    linesOf(`
    receiving, commit → restoring: restore
    receiving, aborted → over: discard
    receiving, link down → over: discard
    receiving, timed out → over: discard
    restoring, restored → taking: takeOver
    restoring, restore failed → over: discard
    restoring, aborted → over: discard
    restoring, link down → over: discard
    restoring, timed out → over: discard
    taking, taken → over: run
    taking, fenced by another → over: discard
    taking, fenced by myself at 8 → over: run
    taking, fenced by myself at 9 → over: discard
    taking, fenced, never owned → over: discard
    taking, unknown → resolving: retryLater
    taking, unavailable → over: discard
    taking again, taken → over: run
    taking again, fenced by another → over: discard
    taking again, fenced by myself at 8 → over: run
    taking again, fenced by myself at 9 → over: discard
    taking again, fenced, never owned → over: discard
    taking again, unknown → resolving: retryLater
    taking again, unavailable → resolving: retryLater
    taking for the last time, taken → over: run
    taking for the last time, fenced by another → over: discard
    taking for the last time, fenced by myself at 8 → over: run
    taking for the last time, fenced by myself at 9 → over: discard
    taking for the last time, fenced, never owned → over: discard
    taking for the last time, unknown → over: discard
    taking for the last time, unavailable → over: discard
    resolving, unknown → resolving: retryLater
    resolving, unavailable → resolving: retryLater
    resolving, head: never owned → over: discard
    resolving, head: as frozen → taking: takeOver
    resolving, head: same epoch, further tail → over: discard
    resolving, head: mine at 8 → over: run
    resolving, head: mine at 9 → over: discard
    resolving, head: the source's at 8 → over: discard
    resolving, retry → same: readHead
    resolving for the last time, unknown → over: discard
    resolving for the last time, unavailable → over: discard
    resolving for the last time, head: never owned → over: discard
    resolving for the last time, head: as frozen → taking: takeOver
    resolving for the last time, head: same epoch, further tail → over: discard
    resolving for the last time, head: mine at 8 → over: run
    resolving for the last time, head: mine at 9 → over: discard
    resolving for the last time, head: the source's at 8 → over: discard
    resolving for the last time, retry → same: readHead
    `),
  );
});
