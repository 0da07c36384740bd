import { describe, expect, test } from "vitest";
import {
  type Asking,
  bindTimeoutMs,
  type Candidate,
  disbeliefMs,
  redirectsMax,
} from "../../../gateway/edge/owner-search.ts";
import {
  type Binding,
  type BindingEffect,
  type BindingEvent,
  type Moment,
  open,
  step,
  wakeAtMs,
} from "../../../gateway/edge/room-binding.ts";
import type { RefusalCode } from "../../../gateway/wire/control.ts";
import type { ServerId } from "../../../gateway/wire/ids.ts";

const holdMs = 15_000;
const s = (id: string): ServerId => id as ServerId;
const candidate = (id: string, isUnreachable = false): Candidate => ({
  server: s(id),
  address: `${id}:1`,
  isUnreachable,
});

function moment(nowMs: number, candidates: Candidate[] = [candidate("s1"), candidate("s2"), candidate("s3")]): Moment {
  const isUnreachable = (server: ServerId) => candidates.some((one) => one.server === server && one.isUnreachable);
  return { nowMs, chance: () => 0.5, candidates: () => candidates, isUnreachable, holdMs };
}

const fresh = { epochSeen: 0, owner: undefined };
type EventFields = BindingEvent extends infer E ? (E extends BindingEvent ? Omit<E, "at"> : never) : never;

/** Runs events one after the other; answers the last state and its effects. */
function run(
  start: Binding,
  ...events: [EventFields, Moment][]
): { state: Binding; effects: readonly BindingEffect[] } {
  let last: { state: Binding; effects: readonly BindingEffect[] } = { state: start, effects: [] };
  for (const [event, at] of events) last = step(last.state, { ...event, at } as BindingEvent);
  return last;
}

const bound = (epoch: number, more: Partial<EventFields> = {}): EventFields =>
  ({ kind: "boundReceived", epoch, windowBytes: 1_000, hasGap: false, ...more }) as EventFields;
const refusal = (code: RefusalCode, retryAfterMs = 0): EventFields => ({ kind: "refusalReceived", code, retryAfterMs });
const redirect = (server: string, epoch = 0): EventFields => ({
  kind: "redirectReceived",
  server: s(server),
  address: `${server}:9`,
  epoch,
});

const asking = open(fresh, moment(0)).state;
const running = run(asking, [bound(3), moment(10)]).state;
const frozen = run(running, [{ kind: "flowReceived", windowBytes: 0 }, moment(20)]).state;
const seeking = open(fresh, moment(0, [])).state;
const over = run(running, [{ kind: "emptied" }, moment(30)]).state;

const askOf = (effects: readonly BindingEffect[]): string | undefined => {
  const ask = effects.find((effect) => effect.kind === "ask");
  return ask?.kind === "ask" ? ask.server : undefined;
};
const kinds = (effects: readonly BindingEffect[]): string[] => effects.map(({ kind }) => kind);

describe("the table", () => {
  const states: Record<Binding["kind"], Binding> = { seeking, asking, bound: running, frozen, over };
  const events: Record<BindingEvent["kind"], EventFields> = {
    boundReceived: bound(3),
    redirectReceived: redirect("s2", 4),
    refusalReceived: refusal("draining"),
    flowReceived: { kind: "flowReceived", windowBytes: 500 },
    trunkLost: { kind: "trunkLost" },
    membersChanged: { kind: "membersChanged" },
    stalled: { kind: "stalled" },
    timePassed: { kind: "timePassed" },
    emptied: { kind: "emptied" },
  };
  /** `state kind: effects`, for every state and every event, 40 ms after the start. */
  const expected: Record<Binding["kind"], Record<BindingEvent["kind"], string>> = {
    seeking: {
      boundReceived: "seeking: ",
      redirectReceived: "seeking: ",
      refusalReceived: "seeking: ",
      flowReceived: "seeking: ",
      trunkLost: "seeking: ",
      membersChanged: "asking: ask",
      stalled: "seeking: ",
      timePassed: "asking: ask",
      emptied: "over: ",
    },
    asking: {
      boundReceived: "bound: resume",
      redirectReceived: "asking: forgetChannel,ask",
      refusalReceived: "asking: forgetChannel,ask",
      flowReceived: "asking: ",
      trunkLost: "asking: forgetChannel,ask",
      membersChanged: "asking: ",
      stalled: "asking: ",
      timePassed: "asking: ",
      emptied: "over: unbind",
    },
    bound: {
      boundReceived: "bound: resume",
      redirectReceived: "asking: forgetChannel,ask",
      refusalReceived: "asking: forgetChannel,ask",
      flowReceived: "bound: setWindow",
      trunkLost: "asking: forgetChannel,ask",
      membersChanged: "bound: ",
      stalled: "asking: forgetChannel,ask",
      timePassed: "bound: ",
      emptied: "over: unbind",
    },
    frozen: {
      boundReceived: "bound: resume",
      redirectReceived: "asking: forgetChannel,ask",
      refusalReceived: "asking: forgetChannel,ask",
      flowReceived: "bound: setWindow",
      trunkLost: "asking: forgetChannel,ask",
      membersChanged: "frozen: ",
      stalled: "frozen: ",
      timePassed: "frozen: ",
      emptied: "over: unbind",
    },
    over: {
      boundReceived: "over: ",
      redirectReceived: "over: ",
      refusalReceived: "over: ",
      flowReceived: "over: ",
      trunkLost: "over: ",
      membersChanged: "over: ",
      stalled: "over: ",
      timePassed: "over: ",
      emptied: "over: ",
    },
  };
  for (const [stateKind, state] of Object.entries(states)) {
    for (const [eventKind, event] of Object.entries(events)) {
      test(`${stateKind} meets ${eventKind}`, () => {
        expect(state.kind).toBe(stateKind);
        const next = run(state, [event, moment(40)]);
        const row = expected[stateKind as Binding["kind"]];
        expect(`${next.state.kind}: ${kinds(next.effects)}`).toBe(row[eventKind as BindingEvent["kind"]]);
      });
    }
  }
});

describe("whom to ask", () => {
  test("the first in rank; then, one by one, the others", () => {
    const first = open(fresh, moment(0));
    expect(askOf(first.effects)).toBe("s1");
    const second = run(first.state, [refusal("draining"), moment(1)]);
    expect(askOf(second.effects)).toBe("s2");
    const third = run(second.state, [{ kind: "trunkLost" }, moment(2)]);
    expect(askOf(third.effects)).toBe("s3");
    const none = run(third.state, [refusal("unknown-app"), moment(3)]);
    expect(none.state.kind).toBe("seeking");
  });

  test("the last known owner before the hash's choice, unless it cannot be reached", () => {
    const known = { epochSeen: 4, owner: s("s3") };
    expect(askOf(open(known, moment(0)).effects)).toBe("s3");
    const cut = [candidate("s1"), candidate("s2"), candidate("s3", true)];
    expect(askOf(open(known, moment(0, cut)).effects)).toBe("s1");
  });

  test("somebody else, at once, when the owner's trunk is lost", () => {
    const lost = run(running, [{ kind: "trunkLost" }, moment(20)]);
    expect(askOf(lost.effects)).toBe("s2");
  });

  test("no answer within 2 s counts as none: the channel is given up and the next is asked", () => {
    expect(wakeAtMs(asking)).toBe(bindTimeoutMs);
    const early = run(asking, [{ kind: "timePassed" }, moment(bindTimeoutMs - 1)]);
    expect(early.state).toBe(asking);
    const late = run(asking, [{ kind: "timePassed" }, moment(bindTimeoutMs)]);
    expect(kinds(late.effects)).toEqual(["forgetChannel", "ask"]);
    expect(askOf(late.effects)).toBe("s2");
  });

  test("GATE-15: each further round waits twice as long for an answer, up to 8 s", () => {
    const only = [candidate("s1")];
    let { state } = open({ epochSeen: 0, owner: undefined }, { ...moment(0, only), holdMs: 60_000 });
    const waitsMs: number[] = [];
    let nowMs = 0;
    for (let round = 0; round < 4; round += 1) {
      const answerByMs = wakeAtMs(state) ?? 0;
      waitsMs.push(answerByMs - nowMs);
      const { state: seeking } = run(state, [{ kind: "timePassed" }, moment(answerByMs, only)]);
      nowMs = wakeAtMs(seeking) ?? 0;
      state = run(seeking, [{ kind: "timePassed" }, moment(nowMs, only)]).state;
    }
    expect(waitsMs).toEqual([bindTimeoutMs, 2 * bindTimeoutMs, 4 * bindTimeoutMs, 4 * bindTimeoutMs]);
  });

  test("GATE-11: an owner that has stalled is asked again first", () => {
    const again = run(running, [{ kind: "stalled" }, moment(20)]);
    expect(askOf(again.effects)).toBe("s1");
    const other = run(again.state, [{ kind: "timePassed" }, moment(20 + bindTimeoutMs)]);
    expect(askOf(other.effects)).toBe("s2");
  });

  test("the first that was full, with force, when all are full", () => {
    const full = refusal("full");
    const forced = run(asking, [full, moment(1)], [full, moment(2)], [full, moment(3)]);
    expect(forced.effects.at(-1)).toEqual({ kind: "ask", server: "s1", address: "s1:1", force: true });
    const refusedAgain = run(forced.state, [full, moment(4)]);
    expect(refusedAgain.state.kind).toBe("seeking");
  });

  test("a silent owner is waited for: nobody else is asked in this round", () => {
    const silent = run(asking, [refusal("owner-silent", 700), moment(1)]);
    expect(silent.state.kind).toBe("seeking");
    expect(wakeAtMs(silent.state)).toBeGreaterThanOrEqual(701);
    expect(wakeAtMs(silent.state)).toBeLessThanOrEqual(721);
  });

  test("where nobody is, it waits, and asks when members change", () => {
    expect(seeking.kind).toBe("seeking");
    expect(askOf(run(seeking, [{ kind: "membersChanged" }, moment(1)]).effects)).toBe("s1");
  });
});

describe("redirects", () => {
  test("are followed at once, also to a server that is no member", () => {
    const next = run(running, [redirect("s9", 7), moment(20)]);
    expect(next.effects).toEqual([
      { kind: "forgetChannel" },
      { kind: "ask", server: "s9", address: "s9:9", force: false },
    ]);
    expect((next.state as Asking).known.epochSeen).toBe(7);
  });

  test("in a circle end in a back-off, and the next round may follow them again", () => {
    let state: Binding = asking;
    let follows = 0;
    while (state.kind === "asking" && follows < 100) {
      state = run(state, [redirect(follows % 2 === 0 ? "s2" : "s1"), moment(1)]).state;
      follows += 1;
    }
    expect(follows).toBe(redirectsMax + 1);
    expect(state.kind).toBe("seeking");
    const again = run(state, [{ kind: "timePassed" }, moment(600)]);
    expect(run(again.state, [redirect("s2"), moment(601)]).state.kind).toBe("asking");
  });

  test("GATE-12: to a server that cannot be reached are not followed: it is asked for again a little later", () => {
    const cut = moment(20, [candidate("s2"), candidate("s3"), candidate("s1", true)]);
    const lost = run(running, [{ kind: "trunkLost" }, cut]);
    expect(askOf(lost.effects)).toBe("s2");
    const waits = run(lost.state, [redirect("s1", 3), cut]);
    expect(kinds(waits.effects)).toEqual(["forgetChannel"]);
    expect(waits.state.kind).toBe("seeking");
    expect(wakeAtMs(waits.state)).toBeLessThanOrEqual(40);
    // It may be there again by then, or have lost the room.
    const back = run(waits.state, [{ kind: "timePassed" }, moment(40)], [redirect("s1", 3), moment(41)]);
    expect(askOf(back.effects)).toBe("s1");
  });

  test("GATE-12: are followed after a while all the same: others may know better how to reach a server", () => {
    const cut = [candidate("s2"), candidate("s1", true)];
    const lost = run(running, [{ kind: "trunkLost" }, moment(20, cut)]);
    const early = run(lost.state, [redirect("s1", 3), moment(20 + disbeliefMs - 1, cut)]);
    expect(early.state.kind).toBe("seeking");
    const late = run(lost.state, [redirect("s1", 3), moment(20 + disbeliefMs, cut)]);
    expect(askOf(late.effects)).toBe("s1");
  });

  test("of a frozen room keep the clock of the outage that began with the freeze", () => {
    const moved = run(frozen, [redirect("s2", 4), moment(200)]);
    expect((moved.state as Asking).search.sinceMs).toBe(20);
    expect((moved.state as Asking).search.untilMs).toBe(20 + holdMs);
  });
});

describe("epochs", () => {
  test("GATE-6: an owner of a lower epoch than the highest seen is not accepted", () => {
    const known = { epochSeen: 5, owner: undefined };
    const zombie = run(open(known, moment(0)).state, [bound(4), moment(1)]);
    expect(kinds(zombie.effects)).toEqual(["forgetChannel", "ask"]);
    expect(askOf(zombie.effects)).toBe("s2");
    const equal = run(open(known, moment(0)).state, [bound(5), moment(1)]);
    expect(equal.state.kind).toBe("bound");
  });

  test("GATE-6: a bound channel that goes back to a lower epoch is given up", () => {
    const back = run(running, [bound(2), moment(20)]);
    expect(kinds(back.effects)).toEqual(["forgetChannel", "ask"]);
    const frozenBack = run(frozen, [bound(2), moment(20)]);
    expect(kinds(frozenBack.effects)).toEqual(["forgetChannel", "ask"]);
  });

  test("GATE-6: a redirect's epoch counts as seen", () => {
    const sent = run(running, [redirect("s2", 9), moment(20)], [bound(8), moment(21)]);
    expect(kinds(sent.effects)).toEqual(["forgetChannel", "ask"]);
  });

  test("a bound channel takes a higher epoch and goes on", () => {
    const won = run(frozen, [bound(4), moment(30)]);
    expect(won.state).toEqual({ kind: "bound", known: { epochSeen: 4, owner: "s1" }, server: "s1" });
  });
});

describe("gap, freeze, end", () => {
  test("GATE-10: a gap closes the sessions in order with 1012, and the room stays bound until they are gone", () => {
    const gap = run(asking, [bound(3, { hasGap: true }), moment(1)]);
    expect(gap.state.kind).toBe("bound");
    expect(kinds(gap.effects)).toEqual(["resume", "closeSessions"]);
    expect(gap.effects[1]).toMatchObject({ code: 1012 });
  });

  test("bound with a window of 0 is frozen, and the outage goes on", () => {
    const still = run(asking, [bound(3, { windowBytes: 0 }), moment(500)]);
    expect(still.state).toMatchObject({ kind: "frozen", sinceMs: 0, untilMs: holdMs });
    expect(kinds(still.effects)).toEqual(["resume"]);
  });

  test("GATE-8: when the hold is over the sessions are closed with 4503, from every state that waits", () => {
    const drop = { kind: "dropSessions", code: 4503 };
    for (const [state, atMs, before] of [
      [seeking, holdMs, []],
      [asking, holdMs, ["unbind"]],
      [frozen, 20 + holdMs, ["unbind"]],
    ] as const) {
      const early = run(state, [{ kind: "timePassed" }, moment(atMs - 1)]);
      expect(early.state.kind).not.toBe("over");
      const late = run(state, [{ kind: "timePassed" }, moment(atMs)]);
      expect(late.state.kind).toBe("over");
      expect(kinds(late.effects)).toEqual([...before, "dropSessions"]);
      expect(late.effects.at(-1)).toMatchObject(drop);
    }
  });

  test("GATE-8: an outage has one clock, however many servers are asked in it", () => {
    let state: Binding = run(running, [{ kind: "trunkLost" }, moment(1_000)]).state;
    let asked = 0;
    for (let wake = wakeAtMs(state); wake !== undefined && asked < 10_000; wake = wakeAtMs(state)) {
      state = run(state, [{ kind: "timePassed" }, moment(wake)]).state;
      asked += 1;
      if (state.kind === "over") expect(wake).toBe(1_000 + holdMs);
    }
    expect(state.kind).toBe("over");
  });

  test("a quarantined room is given up at once, a broken one when nobody can restore it", () => {
    const quarantined = run(asking, [refusal("quarantined"), moment(1)]);
    expect(quarantined.state.kind).toBe("over");
    expect(quarantined.effects.at(-1)).toMatchObject({ kind: "dropSessions", code: 4503 });
    const other = run(asking, [refusal("broken"), moment(1)]);
    expect(askOf(other.effects)).toBe("s2");
    const all = run(other.state, [refusal("broken"), moment(2)], [refusal("broken"), moment(3)]);
    expect(all.effects.at(-1)).toMatchObject({ kind: "dropSessions", code: 4503 });
  });
});

describe("back-off", () => {
  test("is drawn between 1 ms and a bound that doubles from 20 to 500 ms", () => {
    const bounds: number[] = [];
    let state: Binding = open(fresh, { ...moment(0, []), chance: () => 1 }).state;
    let nowMs = 0;
    for (let round = 0; round < 8; round += 1) {
      const wake = wakeAtMs(state) ?? 0;
      bounds.push(wake - nowMs);
      nowMs = wake;
      state = step(state, { kind: "timePassed", at: { ...moment(nowMs, []), chance: () => 1 } }).state;
    }
    expect(bounds).toEqual([20, 40, 80, 160, 320, 500, 500, 500]);
    expect(wakeAtMs(open(fresh, { ...moment(0, []), chance: () => 0 }).state)).toBe(1);
  });
});
