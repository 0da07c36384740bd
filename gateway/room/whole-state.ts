import type { Instant } from "../cluster/watched-time.ts";
import { payloadBytesMax } from "../wire/frame-layout.ts";
import type { Origin } from "./live-room-ports.ts";
import { Member, type MemberHost } from "./member.ts";
import { decodeMovingState, encodeMovingState } from "./moving-state.ts";
import { restoreSnapshot } from "./room-code.ts";
import type { RoomOutbox } from "./room-outbox.ts";
import { undeliverable } from "./room-replay.ts";
import type { RoomSchedule } from "./room-schedule.ts";
import type { RoomTells, TellsState } from "./room-tells.ts";
import type { RoomTimers } from "./room-timers.ts";
import type { Room } from "./sdk.ts";
import { SentTail } from "./sent-tail.ts";
import type { StateParts } from "./state-body.ts";

/** What is the room's besides the app's state. */
export function takeHead(
  outbox: RoomOutbox,
  nextRef: number,
  { timers, works }: Pick<RoomSchedule, "timers" | "works">,
  tells: TellsState,
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
    clockMs: timers.clockMs,
    timers: timers.due(),
    works,
    tells,
  });
}

export interface RestoreTarget {
  readonly room: Room;
  readonly face: MemberHost;
  readonly outbox: RoomOutbox;
  readonly sessions: Map<string, Member>;
  readonly timers: RoomTimers;
  readonly tells: RoomTells;
  /** Nothing left the room before it was durable. */
  readonly isGated: boolean;
  readonly now: Instant;
}

export interface Restored {
  /** Names of work that was under way. */
  readonly works: readonly string[];
  readonly nextRef: number;
}

/** Puts a room together as it was. Throws what the room's code throws, or a `RoomgateError` (`bad-state`). */
export function restore(from: Origin, to: RestoreTarget): Restored {
  if (from.kind === "snapshot") {
    if (from.app) restoreSnapshot(to.room, from.app);
    return { works: [], nextRef: 1 };
  }
  if (!from.parts) return { works: [], nextRef: 1 };
  // Not gated, a line does not survive a crash: messages may have gone out that no record knows.
  return restoreWhole(from.parts, to, from.kind === "moved" || to.isGated, from.kind === "stored" && from.skip);
}

function restoreWhole(parts: StateParts, to: RestoreTarget, continuesLine: boolean, skips: boolean): Restored {
  const { outbox, now, face, sessions, timers } = to;
  const state = decodeMovingState(parts.head);
  const tail = new SentTail(state.lostUpTo);
  if (continuesLine) outbox.restore(state.line, state.rseq, tail);
  for (const { gateway, seen, sent } of state.gateways) {
    const channel = outbox.channelTo(gateway, now);
    if (!continuesLine) continue;
    channel.seen = seen;
    channel.sent = sent;
  }
  const members = state.members.map((moved) => {
    const channel = outbox.channelTo(moved.gateway, now);
    const member = new Member(face, channel, { ...moved, joinedAt: continuesLine ? moved.joinedAt : 0 });
    member.kept = moved.attachment;
    member.state = moved.ended ? "ended" : "member";
    channel.members.set(member.number, member);
    if (member.state === "member") sessions.set(member.id, member);
    return member;
  });
  for (const message of continuesLine ? state.tailOf(members) : []) {
    const isDeliverable = message.payload.length <= payloadBytesMax;
    if (isDeliverable) tail.push(message);
    else if (skips) tail.lose(message.rseq);
    else throw undeliverable(message.payload.length);
  }
  if (parts.app) restoreSnapshot(to.room, parts.app);
  to.tells.restore(state.tells);
  timers.clearAll();
  timers.advanceClock(state.clockMs);
  for (const [name, dueMs] of state.timers) timers.setDue(name, dueMs);
  return { works: state.works, nextRef: state.nextRef };
}
