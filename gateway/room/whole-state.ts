import { Member, type MemberHost } from "./member.ts";
import { decodeMovingState, encodeMovingState } from "./moving-state.ts";
import type { RoomOutbox } from "./room-outbox.ts";
import type { RoomTimers } from "./room-timers.ts";
import type { Room } from "./sdk.ts";
import { SentTail } from "./sent-tail.ts";
import type { StateParts } from "./state-body.ts";

/** What is the room's besides the app's state. Throws where an attachment is no plain data. */
export function takeHead(
  outbox: RoomOutbox,
  nextRef: number,
  timers: readonly (readonly [name: string, leftMs: number])[],
  works: readonly string[],
): Uint8Array {
  const channels = [...outbox.channels.values()];
  return encodeMovingState({
    line: outbox.line,
    rseq: outbox.rseq,
    nextRef,
    lostUpTo: outbox.tail.lostUpTo,
    gateways: channels.map(({ gateway, seen, sent }) => ({ gateway, seen, sent })),
    members: channels.flatMap(({ members }) => [...members.values()]),
    tail: [...outbox.tail.after(0)],
    timers,
    works,
  });
}

export interface RestoreTarget {
  readonly room: Room;
  readonly face: MemberHost;
  readonly outbox: RoomOutbox;
  readonly sessions: Map<string, Member>;
  readonly timers: RoomTimers;
  /** Whether the line of messages goes on where the state has left it. */
  readonly continuesLine: boolean;
  readonly nowMs: number;
}

/** Puts a room together as it was. Answers the names of work that was under way. Throws a `RoomgateError` (`bad-state`). */
export function restoreWhole(
  parts: StateParts,
  to: RestoreTarget,
): { readonly works: readonly string[]; readonly nextRef: number } {
  const { outbox, continuesLine, nowMs, face, sessions, timers } = to;
  const state = decodeMovingState(parts.head);
  const tail = new SentTail(state.lostUpTo);
  if (continuesLine) outbox.restore(state.line, state.rseq, tail);
  for (const { gateway, seen, sent } of state.gateways) {
    const channel = outbox.channelTo(gateway, nowMs);
    if (!continuesLine) continue;
    channel.seen = seen;
    channel.sent = sent;
  }
  const members = state.members.map((moved) => {
    const channel = outbox.channelTo(moved.gateway, nowMs);
    const member = new Member(face, channel, { ...moved, joinedAt: continuesLine ? moved.joinedAt : 0 });
    member.restoreAttachment(moved.attachment);
    member.state = moved.ended ? "ended" : "member";
    channel.members.set(member.number, member);
    if (member.state === "member") sessions.set(member.id, member);
    return member;
  });
  if (continuesLine) for (const message of state.tailOf(members)) tail.push(message);
  if (parts.app) to.room.restore?.(parts.app);
  for (const [name, leftMs] of state.timers) timers.set(name, leftMs);
  return { works: state.works, nextRef: state.nextRef };
}
