import { type Step, stepBy, type Table, to, toWith } from "../cluster/step.ts";
import { closeCodes } from "../wire/close-codes.ts";
import type { RefusalCode } from "../wire/control.ts";
import type { Epoch, ServerId } from "../wire/ids.ts";
import {
  type Asking,
  askNext,
  backOff,
  begin,
  type Candidate,
  follow,
  type Known,
  type Search,
  type Seeking,
} from "./owner-search.ts";

/**
 * Where a gateway stands with one of its rooms, from its first session to its last (PROTOCOL.md, "A room on a trunk").
 *
 * ```
 *            ┌─────── refused, unreachable, no answer ───────┐
 *            ▼                                               │
 *  ─────▶ asking ──bound──▶ bound ──flow 0──▶ frozen ──redirect──▶ asking
 *          ▲   │              │ ▲                │
 *     wake │   │ nobody       │ └─flow, bound────┘
 *          │   ▼              │
 *         seeking ◀──trunk lost, refused──(asks the next at once)
 * ```
 *
 * All but `bound` are an outage. It has one clock for the whole room: when it has run for `holdMs`, whoever is still in the
 * room is closed with 4503.
 */
export type Binding =
  | Seeking
  | Asking
  | { readonly kind: "bound"; readonly known: Known; readonly server: ServerId }
  | {
      readonly kind: "frozen";
      readonly known: Known;
      readonly server: ServerId;
      readonly sinceMs: number;
      readonly untilMs: number;
    }
  | { readonly kind: "over" };

/** Time, chance and view of the cluster at the moment of an event. */
export interface Moment {
  readonly nowMs: number;
  /** Uniform in [0, 1). */
  readonly chance: () => number;
  /** In the order in which they should be asked. */
  readonly candidates: () => readonly Candidate[];
  /** Whether the latest try to reach the server, member or not, has failed. */
  readonly isUnreachable: (server: ServerId) => boolean;
  readonly holdMs: number;
}

interface At {
  readonly at: Moment;
}

export type BindingEvent =
  | ({
      readonly kind: "boundReceived";
      readonly epoch: Epoch;
      readonly windowBytes: number;
      readonly hasGap: boolean;
    } & At)
  | ({
      readonly kind: "redirectReceived";
      readonly server: ServerId;
      readonly address: string;
      readonly epoch: Epoch;
    } & At)
  | ({ readonly kind: "refusalReceived"; readonly code: RefusalCode; readonly retryAfterMs: number } & At)
  | ({ readonly kind: "flowReceived"; readonly windowBytes: number } & At)
  /** The trunk to the server that is asked or bound has ended, or could not be had. */
  | ({ readonly kind: "trunkLost" } & At)
  | ({ readonly kind: "membersChanged" } & At)
  /** The owner has acknowledged nothing for too long, though there is something to acknowledge. */
  | ({ readonly kind: "stalled" } & At)
  /** Called at {@link wakeAtMs}, or later. */
  | ({ readonly kind: "timePassed" } & At)
  /** The last session is gone. */
  | ({ readonly kind: "emptied" } & At);

export type BindingEffect =
  /** Give the room a channel to `server`, dialling it if need be, and send `bind`. */
  | { readonly kind: "ask"; readonly server: ServerId; readonly address: string; readonly force: boolean }
  /** There is no session any more: send `unbind` and forget the channel. */
  | { readonly kind: "unbind" }
  /**
   * Hear no more of the channel. Without a word where the server may not know that it is over: an `unbind` would say that the sessions are
   * gone. A later `bind` to the same server takes the place of this one.
   */
  | { readonly kind: "forgetChannel" }
  /** Rewind the sessions to where `bound` says, and send what it does not have. */
  | { readonly kind: "resume" }
  | { readonly kind: "setWindow"; readonly windowBytes: number }
  /** Close the sessions in order: what they said is still sent, and a leave behind it. */
  | { readonly kind: "closeSessions"; readonly code: number; readonly reason: string }
  /** Close the sessions and forget what they said: there is nobody to tell. */
  | { readonly kind: "dropSessions"; readonly code: number; readonly reason: string };

type S = Step<Binding, BindingEffect>;
type EventOf<K extends BindingEvent["kind"]> = Extract<BindingEvent, { kind: K }>;

/** Begins with the first session. `known` is what an earlier life of the room at this gateway has left behind. */
export function open(known: Known, at: Moment): S {
  return askNext(known, begin(at.nowMs, at.holdMs), at);
}

export function step(state: Binding, event: BindingEvent): S {
  return stepBy(table, state, event);
}

/** When `timePassed` is due; `undefined` for never. */
export function wakeAtMs(state: Binding): number | undefined {
  switch (state.kind) {
    case "seeking":
      return Math.min(state.wakeAtMs, state.search.untilMs);
    case "asking":
      return Math.min(state.answerByMs, state.search.untilMs);
    case "frozen":
      return state.untilMs;
    default:
      return undefined;
  }
}

const stay = (state: Binding): S => to(state);
const unbind: BindingEffect = { kind: "unbind" };
const forgetChannel: BindingEffect = { kind: "forgetChannel" };

/** GATE-8: the hold of a room without an owner has an end. */
function giveUp(reason: string, ...before: BindingEffect[]): S {
  const drop: BindingEffect = { kind: "dropSessions", code: closeCodes.noServer, reason };
  return toWith<Binding, BindingEffect>({ kind: "over" }, ...before, drop);
}

function end(...effects: BindingEffect[]): S {
  return toWith<Binding, BindingEffect>({ kind: "over" }, ...effects);
}

function after(before: BindingEffect, next: S): S {
  return { state: next.state, effects: [before, ...next.effects] };
}

/** The room is had. With a window of 0 it is still frozen, and the outage that began at `sinceMs` goes on. */
function acceptBound(server: ServerId, event: EventOf<"boundReceived">, sinceMs: number): S {
  const known: Known = { epochSeen: event.epoch, owner: server };
  const state: Binding =
    event.windowBytes > 0
      ? { kind: "bound", known, server }
      : { kind: "frozen", known, server, sinceMs, untilMs: sinceMs + event.at.holdMs };
  if (!event.hasGap) return toWith<Binding, BindingEffect>(state, { kind: "resume" });
  // GATE-10: where messages are missing the sessions' protocol cannot go on.
  const reason = "the room has restarted";
  return toWith<Binding, BindingEffect>(
    state,
    { kind: "resume" },
    { kind: "closeSessions", code: closeCodes.roomRestarted, reason },
  );
}

/** A new outage that began at `sinceMs`, with `server` left out of the first round. */
function lose(known: Known, server: ServerId, sinceMs: number, at: Moment): S {
  const search = begin(sinceMs, at.holdMs);
  return askNext(known, { ...search, tried: [server] }, at);
}

function refused(known: Known, server: ServerId, search: Search, event: EventOf<"refusalReceived">): S {
  const tried = [...search.tried, server];
  const retryAfterMs = Math.max(search.retryAfterMs, event.retryAfterMs);
  const next: Search = { ...search, tried, retryAfterMs };
  switch (event.code) {
    // Asking others would only let the room kill them too.
    case "quarantined":
      return giveUp("the room is quarantined");
    // Whoever else is asked finds the same silent owner.
    case "owner-silent":
      return to(backOff(known, next, event.at));
    case "full":
      return askNext(known, { ...next, full: search.full ?? server }, event.at);
    case "broken":
      return askNext(known, { ...next, isBroken: true }, event.at);
    case "draining":
    case "unknown-app":
    case "unavailable":
      return askNext(known, next, event.at);
  }
}

function redirected(known: Known, search: Search, event: EventOf<"redirectReceived">): S {
  const seen: Known = { ...known, epochSeen: Math.max(known.epochSeen, event.epoch) };
  return follow(seen, search, event, event.at);
}

/** GATE-6: an owner of a lower epoch than the highest seen is none. */
function isStale(known: Known, epoch: Epoch): boolean {
  return epoch < known.epochSeen;
}

function thaw(state: Extract<Binding, { kind: "frozen" }>, windowBytes: number): S {
  return toWith<Binding, BindingEffect>(
    { kind: "bound", known: state.known, server: state.server },
    { kind: "setWindow", windowBytes },
  );
}

const table: Table<Binding, BindingEvent, BindingEffect> = {
  seeking: {
    // There is no channel, so these can only be late.
    boundReceived: stay,
    redirectReceived: stay,
    refusalReceived: stay,
    flowReceived: stay,
    trunkLost: stay,
    membersChanged: (state, { at }) => askNext(state.known, { ...state.search, tried: [] }, at),
    stalled: stay,
    timePassed: (state, { at }) => {
      if (at.nowMs >= state.search.untilMs) return giveUp("no server can take the room now");
      return at.nowMs >= state.wakeAtMs ? askNext(state.known, state.search, at) : stay(state);
    },
    emptied: () => end(),
  },
  asking: {
    boundReceived: (state, event) => {
      const { known, server, search } = state;
      if (!isStale(known, event.epoch)) return acceptBound(server, event, search.sinceMs);
      return after(forgetChannel, askNext(known, { ...search, tried: [...search.tried, server] }, event.at));
    },
    redirectReceived: (state, event) => after(forgetChannel, redirected(state.known, state.search, event)),
    refusalReceived: (state, event) => after(forgetChannel, refused(state.known, state.server, state.search, event)),
    flowReceived: stay,
    trunkLost: (state, { at }) =>
      after(forgetChannel, askNext(state.known, { ...state.search, tried: [...state.search.tried, state.server] }, at)),
    // The question is out; its answer, the trunk's end or the timer say how it goes on.
    membersChanged: stay,
    stalled: stay,
    timePassed: (state, { at }) => {
      const { known, server, search } = state;
      if (at.nowMs >= search.untilMs) return giveUp("no server can take the room now", unbind);
      if (at.nowMs < state.answerByMs) return stay(state);
      return after(forgetChannel, askNext(known, { ...search, tried: [...search.tried, server] }, at));
    },
    emptied: () => end(unbind),
  },
  bound: {
    boundReceived: (state, event) =>
      isStale(state.known, event.epoch)
        ? after(forgetChannel, lose(state.known, state.server, event.at.nowMs, event.at))
        : acceptBound(state.server, event, event.at.nowMs),
    redirectReceived: (state, event) =>
      after(forgetChannel, redirected(state.known, begin(event.at.nowMs, event.at.holdMs), event)),
    refusalReceived: (state, event) =>
      after(forgetChannel, refused(state.known, state.server, begin(event.at.nowMs, event.at.holdMs), event)),
    flowReceived: (state, { windowBytes, at }) =>
      windowBytes === 0
        ? toWith<Binding, BindingEffect>(
            { ...state, kind: "frozen", sinceMs: at.nowMs, untilMs: at.nowMs + at.holdMs },
            { kind: "setWindow", windowBytes: 0 },
          )
        : toWith<Binding, BindingEffect>(state, { kind: "setWindow", windowBytes }),
    trunkLost: (state, { at }) => after(forgetChannel, lose(state.known, state.server, at.nowMs, at)),
    // A running room stays where it is, whatever the hash prefers now.
    membersChanged: stay,
    // GATE-11: perhaps it has lost the channel and does not know it; asking again, the same one first, tells.
    stalled: (state, { at }) => after(forgetChannel, askNext(state.known, begin(at.nowMs, at.holdMs), at)),
    timePassed: stay,
    emptied: () => end(unbind),
  },
  frozen: {
    boundReceived: (state, event) =>
      isStale(state.known, event.epoch)
        ? after(forgetChannel, lose(state.known, state.server, state.sinceMs, event.at))
        : acceptBound(state.server, event, state.sinceMs),
    redirectReceived: (state, event) =>
      after(forgetChannel, redirected(state.known, begin(state.sinceMs, event.at.holdMs), event)),
    refusalReceived: (state, event) =>
      after(forgetChannel, refused(state.known, state.server, begin(state.sinceMs, event.at.holdMs), event)),
    flowReceived: (state, { windowBytes }) => (windowBytes === 0 ? stay(state) : thaw(state, windowBytes)),
    trunkLost: (state, { at }) => after(forgetChannel, lose(state.known, state.server, state.sinceMs, at)),
    membersChanged: stay,
    // Its own clock runs.
    stalled: stay,
    timePassed: (state, { at }) =>
      at.nowMs >= state.untilMs ? giveUp("the room is frozen for too long", unbind) : stay(state),
    emptied: () => end(unbind),
  },
  over: {
    boundReceived: stay,
    redirectReceived: stay,
    refusalReceived: stay,
    flowReceived: stay,
    trunkLost: stay,
    membersChanged: stay,
    stalled: stay,
    timePassed: stay,
    emptied: stay,
  },
};
