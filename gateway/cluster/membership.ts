import type { GatewayId, ServerId } from "../wire/ids.ts";
import { watchedStepMs } from "./watched-time.ts";

/**
 * Who lives, as one observer judges it by rows in the store. A row carries a counter and no time: a member lives as long as
 * its counter moves, and all spans are measured on the observer's own monotonic clock. So no two clocks are ever compared.
 *
 * A wrong judgement costs a pause and never data (DESIGN rule 1), but for memory rooms, which is why silence waits for the
 * whole lease. `nowMs` is never read in here: whoever looks says when.
 */
export interface Membership<Info> {
  readonly members: ReadonlyMap<MemberId, Member<Info>>;
  /** Rises when a member came, went, or changed its instance, `state` or `usable`: what is derived from those may be kept until then. */
  readonly revision: number;
  /** When the latest look was asked for; `undefined` before the first. */
  readonly lookedMs: number | undefined;
  /** How long the observer has looked, by looks that followed each other (LIVE-15). */
  readonly watchedMs: number;
  /** Until then members are usable that nobody has seen moving: at the first start everybody is new. */
  readonly creditUntilMs: number;
}

export type MemberId = ServerId | GatewayId;
export type MemberState = "live" | "draining" | "lost";

/** A member's row as the store has it. `Info` is what it says besides (address, weight, …); it is handed on as it is. */
export interface MemberRow<Info> {
  readonly id: MemberId;
  readonly kind: "server" | "gateway";
  readonly instance: string;
  readonly counter: number;
  readonly state: "live" | "draining";
  readonly info: Info;
}

export interface Member<Info> {
  readonly id: MemberId;
  readonly kind: "server" | "gateway";
  readonly instance: string;
  readonly info: Info;
  readonly state: MemberState;
  /** The observer's `watchedMs` when `state` began. */
  readonly sinceMs: number;
  /** When the latest look was asked for that did not find this instance: it has come after that. */
  readonly absentMs: number;
  /**
   * Its process has written since the observer began to look. A row that was there at the first look may be one that a crashed
   * cluster left behind; one that appeared later was just written.
   */
  readonly proven: boolean;
  /** May be chosen for rooms: live, and proven or on credit. */
  readonly usable: boolean;
  /** Highest counter of this instance; a lower one is a stale read. */
  readonly counter: number;
  /** The observer's time from which the lease runs. */
  readonly leaseFromMs: number;
  /** The lease was prolonged once because the observer had not looked; reset when the counter moves. */
  readonly excused: boolean;
  readonly evidence: Evidence;
}

/**
 * After evidence of death the next look may still show a heartbeat from before it. So that look only sets the baseline, and
 * a counter above the baseline shows that the evidence was wrong.
 */
export type Evidence =
  | { readonly kind: "none" }
  | { readonly kind: "given"; readonly atMs: number }
  | { readonly kind: "baselined"; readonly counter: number };

export type MembershipEvent =
  | { readonly kind: "memberJoined"; readonly id: MemberId; readonly instance: string }
  /** `evidence`: something said that its process is gone. `silence`: its lease ran out. */
  | {
      readonly kind: "memberLost";
      readonly id: MemberId;
      readonly instance: string;
      readonly cause: "evidence" | "silence";
    }
  /** A lost member's counter moves again: the judgement was wrong, or its machine was stopped for a while. */
  | { readonly kind: "memberBack"; readonly id: MemberId; readonly instance: string }
  | { readonly kind: "memberDraining"; readonly id: MemberId; readonly instance: string }
  /** Another process has the id now; `previous` is dead. */
  | {
      readonly kind: "memberRestarted";
      readonly id: MemberId;
      readonly instance: string;
      readonly previous: string;
    }
  /** Its row is gone: it has left on purpose, or was swept away. */
  | { readonly kind: "memberLeft"; readonly id: MemberId; readonly instance: string };

export interface Judgement<Info> {
  readonly membership: Membership<Info>;
  /** In the order of the rows; members that left come last. */
  readonly events: readonly MembershipEvent[];
}

/** One look at all rows. Looks are given in order and do not overlap; one that failed is not given at all. */
export interface Look<Info> {
  readonly rows: readonly MemberRow<Info>[];
  /**
   * When the rows were asked for and when they came. They are of some moment in between, so a lease starts at the later time
   * and is judged at the earlier one: a slow store cannot make anybody look dead.
   */
  readonly askedMs: number;
  readonly answeredMs: number;
}

export interface MembershipTiming {
  readonly heartbeatMs: number;
  readonly leaseMs: number;
}

/** Knows nobody and has not looked yet. */
export function beginMembership<Info>(): Membership<Info> {
  return {
    members: new Map(),
    revision: 0,
    lookedMs: undefined,
    watchedMs: 0,
    creditUntilMs: Number.NEGATIVE_INFINITY,
  };
}

/**
 * Judges every member by one look.
 *
 * - A member is lost when its counter has not moved for `leaseMs`; it is live again when the counter moves.
 * - A row that was there at the first look is live and usable at once, but on credit: after three heartbeats without a move it is
 *   not usable any more, and after the lease it is lost like any other.
 * - An observer that has not looked for more than two heartbeats (it was stopped, or the store was away) cannot tell who was
 *   silent: perhaps everybody was stopped with it. Leases then run anew from this look, once per silence; a second such gap in
 *   the same silence counts as two heartbeats. So an observer whose looks are always slow still finds out who is dead.
 */
export function observe<Info>(
  membership: Membership<Info>,
  look: Look<Info>,
  timing: MembershipTiming,
): Judgement<Info> {
  const isFirst = membership.lookedMs === undefined;
  const gapMs = membership.lookedMs === undefined ? 0 : look.askedMs - membership.lookedMs;
  const creditUntilMs = isFirst ? look.answeredMs + 3 * timing.heartbeatMs : membership.creditUntilMs;
  const absentMs = membership.lookedMs ?? Number.NEGATIVE_INFINITY;
  const watchedMs = membership.watchedMs + watchedStepMs(0, gapMs, gapMsMax(timing));
  const context = { look, timing, gapMs, creditUntilMs, isFirst, absentMs, watchedMs };

  const events: MembershipEvent[] = [];
  const members = new Map<MemberId, Member<Info>>();
  let isChanged = false;
  for (const row of look.rows) {
    const before = members.get(row.id) ?? membership.members.get(row.id);
    const after = before?.instance === row.instance ? judge(before, row, context) : admit(row, context);
    members.set(row.id, after);
    const event = eventBetween(before, after);
    if (event !== undefined) events.push(event);
    isChanged ||= event !== undefined || before?.state !== after.state || before.usable !== after.usable;
  }
  for (const { id, instance } of membership.members.values()) {
    if (members.has(id)) continue;
    events.push({ kind: "memberLeft", id, instance });
    isChanged = true;
  }
  const revision = membership.revision + (isChanged ? 1 : 0);
  return { membership: { members, revision, lookedMs: look.askedMs, watchedMs, creditUntilMs }, events };
}

/**
 * Something showed at `nowMs` that this instance is dead: its operating system refused or reset a connection. It is lost at
 * once, until its counter moves after that or another instance appears. Evidence about an instance that is not (any more)
 * known says nothing about anybody else and changes nothing.
 */
export function giveEvidence<Info>(
  membership: Membership<Info>,
  id: MemberId,
  instance: string,
  nowMs: number,
): Judgement<Info> {
  const member = membership.members.get(id);
  if (member?.instance !== instance) return { membership, events: [] };
  const evidence: Evidence = { kind: "given", atMs: nowMs };
  const isNews = member.state !== "lost";
  const after: Member<Info> = isNews
    ? { ...member, evidence, state: "lost", usable: false, sinceMs: membership.watchedMs }
    : { ...member, evidence };
  const revision = membership.revision + (isNews ? 1 : 0);
  return {
    membership: { ...membership, members: new Map(membership.members).set(id, after), revision },
    events: isNews ? [{ kind: "memberLost", id, instance, cause: "evidence" }] : [],
  };
}

/** LIVE-15: for how long the observer has watched the member in its present state. What it has not watched does not count. */
export function inStateMs<Info>(membership: Membership<Info>, member: Pick<Member<Info>, "sinceMs">): number {
  return membership.watchedMs - member.sinceMs;
}

/** The servers that rooms may be placed on. Stays the same while `revision` does, but for `info`. */
export function usableServers<Info>(membership: Membership<Info>): { readonly id: ServerId; readonly info: Info }[] {
  return [...membership.members.values()]
    .filter((member) => member.kind === "server" && member.usable)
    .map(({ id, info }) => ({ id: id as ServerId, info }));
}

interface LookContext {
  readonly look: { readonly askedMs: number; readonly answeredMs: number };
  readonly timing: MembershipTiming;
  readonly gapMs: number;
  readonly creditUntilMs: number;
  readonly isFirst: boolean;
  readonly absentMs: number;
  readonly watchedMs: number;
}

/** A row of an instance that was not there at the look before. */
function admit<Info>(row: MemberRow<Info>, context: LookContext): Member<Info> {
  const { id, kind, instance, info, state, counter } = row;
  return {
    id,
    kind,
    instance,
    info,
    state,
    counter,
    sinceMs: context.watchedMs,
    absentMs: context.absentMs,
    proven: !context.isFirst,
    usable: state === "live",
    leaseFromMs: context.look.answeredMs,
    excused: false,
    evidence: { kind: "none" },
  };
}

function judge<Info>(before: Member<Info>, row: MemberRow<Info>, context: LookContext): Member<Info> {
  const hasMoved = row.counter > before.counter;
  const counter = hasMoved ? row.counter : before.counter;
  const proven = before.proven || hasMoved;
  const { leaseFromMs, excused } = hasMoved
    ? { leaseFromMs: context.look.answeredMs, excused: false }
    : prolong(before, context);
  const evidence = weigh(before.evidence, counter, context);
  const isLost =
    evidence.kind !== "none" ||
    (!hasMoved && (before.state === "lost" || context.look.askedMs - leaseFromMs >= context.timing.leaseMs));
  const state = isLost ? "lost" : row.state;
  const usable = state === "live" && (proven || context.look.askedMs < context.creditUntilMs);
  const sinceMs = state === before.state ? before.sinceMs : context.watchedMs;
  // A stale read must not bring an old address back.
  const info = row.counter >= before.counter ? row.info : before.info;
  return { ...before, info, state, sinceMs, proven, usable, counter, leaseFromMs, excused, evidence };
}

/** Of looks that are further apart the observer has missed something. */
function gapMsMax({ heartbeatMs }: MembershipTiming): number {
  return 2 * heartbeatMs;
}

/** The lease of a member that has not moved: runs on, but for the time in which nobody looked. */
function prolong(
  member: Member<unknown>,
  { look, timing, gapMs }: LookContext,
): { leaseFromMs: number; excused: boolean } {
  const mostMs = gapMsMax(timing);
  if (gapMs <= mostMs) return member;
  if (!member.excused) return { leaseFromMs: look.answeredMs, excused: true };
  return { leaseFromMs: member.leaseFromMs + gapMs - mostMs, excused: true };
}

function weigh(evidence: Evidence, counter: number, { look }: LookContext): Evidence {
  switch (evidence.kind) {
    case "none":
      return evidence;
    case "given":
      return look.askedMs < evidence.atMs ? evidence : { kind: "baselined", counter };
    case "baselined":
      return counter > evidence.counter ? { kind: "none" } : evidence;
  }
}

function eventBetween<Info>(before: Member<Info> | undefined, after: Member<Info>): MembershipEvent | undefined {
  const { id, instance } = after;
  if (before === undefined) return { kind: "memberJoined", id, instance };
  if (before.instance !== instance) return { kind: "memberRestarted", id, instance, previous: before.instance };
  if (before.state === after.state) return undefined;
  if (after.state === "lost") return { kind: "memberLost", id, instance, cause: "silence" };
  if (before.state === "lost") return { kind: "memberBack", id, instance };
  return after.state === "draining" ? { kind: "memberDraining", id, instance } : undefined;
}
