import { expect, test } from "vitest";
import { Attachment, attachmentBytesMax, attachmentsBytesMax } from "../../../gateway/room/attachment.ts";
import { decodeMovingState, encodeMovingState } from "../../../gateway/room/moving-state.ts";
import { headLimits, nameLengthMax, sessionsMaxLimit } from "../../../gateway/room/room-bounds.ts";
import { timersMax } from "../../../gateway/room/room-timers.ts";
import { worksMax } from "../../../gateway/room/room-work.ts";
import { SentTail, tailLimits } from "../../../gateway/room/sent-tail.ts";
import { payloadBytesMax } from "../../../gateway/wire/frame-layout.ts";
import { protocolLengthMax } from "../../../gateway/wire/text-limits.ts";
import { createChannel, createMember, movingStateOf } from "../../support/room-parts.ts";

const u32Max = 0xffff_ffff;

/** As many sessions, with as long protocols and as large attachments, as a room may have; and as many that have just ended. */
function fullRoom() {
  const channel = createChannel("g".repeat(64));
  const large = Attachment.of(new Uint8Array(attachmentBytesMax - 3), "");
  const members = Array.from({ length: 2 * sessionsMaxLimit }, (_, index) => {
    const numbers = { number: u32Max - index, position: u32Max, ref: u32Max - index, joinedAt: 2 ** 52 };
    const member = createMember(channel, { ...numbers, protocol: "p".repeat(protocolLengthMax) });
    if (index >= sessionsMaxLimit) member.state = "ended";
    if (index < attachmentsBytesMax / attachmentBytesMax) member.kept = large;
    return member;
  });
  const names = (count: number) => Array.from({ length: count }, (_, index) => `☃${index}`.padEnd(nameLengthMax, "☃"));
  return movingStateOf({
    line: u32Max,
    rseq: 2 ** 52,
    nextRef: u32Max,
    gateways: [{ gateway: channel.gateway, seen: 2 ** 52, sent: 2 ** 52 }],
    members,
    timers: names(timersMax).map((name) => [name, 0.5] as const),
    works: names(worksMax),
  });
}

const sent = { closeCode: 0, isText: true } as const;

test("ROOM-42: a room that has all it may have fits into the head of what moves, with its largest message", () => {
  const state = fullRoom();
  const payload = new Uint8Array(payloadBytesMax);
  const tail = [{ ...sent, rseq: 2 ** 52, target: { kind: "some", members: state.members }, payload }] as const;
  const head = encodeMovingState({ ...state, tail });
  expect(head.length).toBeLessThan(headLimits.bytesMax);
  expect(decodeMovingState(head).members).toHaveLength(state.members.length);
});

test("ROOM-42: a tail that names many for each message fits into the head of what moves, too", () => {
  const state = fullRoom();
  const members = state.members.slice(0, sessionsMaxLimit);
  const tail = new SentTail(0);
  for (let rseq = 1; rseq <= tailLimits.messagesMax; rseq += 1) {
    tail.push({ ...sent, rseq, target: { kind: "some", members }, payload: new Uint8Array(1) });
  }
  const kept = [...tail.after(0)];
  expect(kept.length * members.length).toBeGreaterThan(members.length);
  expect(() => encodeMovingState({ ...state, tail: kept })).not.toThrow();
});

test("ROOM-23: a message to many by name counts with their names", () => {
  const channel = createChannel();
  const members = Array.from({ length: 100 }, (_, index) => createMember(channel, { number: index + 1 }));
  const tail = new SentTail(0, { messagesMax: 1_000, bytesMax: 8_000 });
  for (let rseq = 1; rseq <= 100; rseq += 1) {
    tail.push({ ...sent, rseq, target: { kind: "some", members }, payload: new Uint8Array(0) });
  }
  expect([tail.length, tail.lostUpTo]).toEqual([10, 90]);
});
