import { type Step, to, toWith } from "../cluster/step.ts";
import { closeCodes } from "../wire/close-codes.ts";
import type { Epoch, ServerId } from "../wire/ids.ts";
import type { Binding, BindingEffect, Moment } from "./room-binding.ts";

/**
 * The search for a room's owner during an outage: rounds over the candidates, each asked once a round, with a back-off in
 * between (full jitter, 20 ms doubling to 500 ms). A redirect is followed at once, but only so many times a round.
 */
export interface Search {
  /** When the outage began. */
  readonly sinceMs: number;
  /** When the sessions are given up. */
  readonly untilMs: number;
  readonly round: number;
  /** Asked in this round without success. */
  readonly tried: readonly ServerId[];
  /** The first that said it was full: asked again with force, if nobody else takes the room. */
  readonly full: ServerId | undefined;
  readonly isForced: boolean;
  /** Somebody could not bring the room's state to life. */
  readonly isBroken: boolean;
  readonly redirects: number;
  /** The longest that a refusal of this round asked to wait. */
  readonly retryAfterMs: number;
}

/** What a gateway knows of a room whatever its state. Bounded by one small record a room. */
export interface Known {
  /** Highest epoch seen; 0 if none. */
  readonly epochSeen: Epoch;
  /** The last owner that it was bound to. */
  readonly owner: ServerId | undefined;
}

export interface Candidate {
  readonly server: ServerId;
  readonly address: string;
  /** Could not be reached when last tried: comes last, and is not preferred as the last owner. */
  readonly isUnreachable: boolean;
}

export interface Seeking {
  readonly kind: "seeking";
  readonly known: Known;
  readonly search: Search;
  readonly wakeAtMs: number;
}

export interface Asking {
  readonly kind: "asking";
  readonly known: Known;
  readonly search: Search;
  readonly server: ServerId;
  readonly answerByMs: number;
}

/** In the first round; doubled in each further one, up to {@link bindTimeoutMsMax}. */
export const bindTimeoutMs = 2_000;
export const bindTimeoutMsMax = 8_000;
export const redirectsMax = 8;
/** Longer than views of one death differ. */
export const disbeliefMs = 2_000;
const backOffFirstMs = 20;
const backOffMaxMs = 500;
/** A server may ask for patience, but not for more than this. */
const retryAfterMsMax = 5_000;

type S = Step<Binding, BindingEffect>;

export function begin(sinceMs: number, holdMs: number): Search {
  return {
    sinceMs,
    untilMs: sinceMs + holdMs,
    round: 0,
    tried: [],
    full: undefined,
    isForced: false,
    isBroken: false,
    redirects: 0,
    retryAfterMs: 0,
  };
}

/** Asks the next candidate of the round, or ends the round. */
export function askNext(known: Known, search: Search, at: Moment): S {
  const candidates = at.candidates();
  const next = ownerFirst(candidates, known.owner).find((candidate) => !search.tried.includes(candidate.server));
  if (next !== undefined) return ask(known, search, next, false, at);
  const full = candidates.find((candidate) => candidate.server === search.full);
  if (full !== undefined && !search.isForced) return ask(known, { ...search, isForced: true }, full, true, at);
  // Nobody takes it, and somebody said why: waiting would not change that.
  if (search.isBroken && search.full === undefined) {
    const reason = "the room's state cannot be restored";
    return toWith<Binding, BindingEffect>(
      { kind: "over" },
      { kind: "dropSessions", code: closeCodes.noServer, reason },
    );
  }
  return to(backOff(known, search, at));
}

/** Ends the round; the next begins with a clean slate. */
export function backOff(known: Known, search: Search, at: Moment): Seeking {
  const capMs = Math.min(backOffMaxMs, backOffFirstMs * 2 ** Math.min(search.round, 10));
  const waitMs = 1 + at.chance() * (capMs - 1) + Math.min(search.retryAfterMs, retryAfterMsMax);
  const next: Search = { ...begin(search.sinceMs, 0), untilMs: search.untilMs, round: search.round + 1 };
  return { kind: "seeking", known, search: next, wakeAtMs: at.nowMs + waitMs };
}

/**
 * Goes where a redirect points, member or not; a loop of redirects ends in a back-off. GATE-12: so does one to a server that this
 * gateway has just lost: whoever sent it has not noticed yet, and a dial to a silent server only hangs. If that goes on, the
 * other may be right.
 */
export function follow(
  known: Known,
  search: Search,
  target: { readonly server: ServerId; readonly address: string },
  at: Moment,
): S {
  const isLost = at.isUnreachable(target.server) && at.nowMs - search.sinceMs < disbeliefMs;
  if (isLost || search.redirects >= redirectsMax) return to(backOff(known, search, at));
  const next: Search = { ...search, redirects: search.redirects + 1 };
  return ask(known, next, target, false, at);
}

function ask(
  known: Known,
  search: Search,
  target: { readonly server: ServerId; readonly address: string },
  force: boolean,
  at: Moment,
): S {
  const { server, address } = target;
  // GATE-15: a server with more to do than it can would otherwise spend its time on questions that nobody waits for any more.
  const patienceMs = Math.min(bindTimeoutMsMax, bindTimeoutMs * 2 ** search.round);
  return toWith<Binding, BindingEffect>(
    { kind: "asking", known, search, server, answerByMs: at.nowMs + patienceMs },
    { kind: "ask", server, address, force },
  );
}

function ownerFirst(candidates: readonly Candidate[], owner: ServerId | undefined): readonly Candidate[] {
  const index = candidates.findIndex((candidate) => candidate.server === owner && !candidate.isUnreachable);
  const preferred = candidates[index];
  if (index <= 0 || preferred === undefined) return candidates;
  return [preferred, ...candidates.filter((candidate) => candidate !== preferred)];
}
