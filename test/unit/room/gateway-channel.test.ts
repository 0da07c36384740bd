import { expect, test } from "vitest";
import { type GatewayChannel, pressureBytes } from "../../../gateway/room/gateway-channel.ts";
import type { Target } from "../../../gateway/room/sent-tail.ts";
import { createChannel, createMember, WrittenLink } from "../../support/room-parts.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const everyone: Target = { kind: "all", except: undefined };

function attached(): { channel: GatewayChannel; written: WrittenLink; dirty: number[]; forgotten: number[] } {
  const channel = createChannel();
  const written = new WrittenLink();
  const dirty: number[] = [];
  const forgotten: number[] = [];
  channel.attach(written.link, 5, 3, {
    markDirty: ({ channel: number }) => dirty.push(number),
    awaitDrain: () => {},
    forget: (number) => forgotten.push(number),
  });
  return { channel, written, dirty, forgotten };
}

test("ROOM-21: several acks of a session in one batch are one pair, the highest", () => {
  const { channel, written, dirty } = attached();
  const [one, two] = [createMember(channel, { number: 1 }), createMember(channel, { number: 2 })];
  for (const cseq of [2, 3, 4]) channel.ack(one, cseq);
  channel.ack(two, 7);
  expect(dirty).toEqual([5]);
  channel.flushAcks();
  expect(written.take()).toEqual(["ack 5 3 [1,4,2,7]"]);
  channel.flushAcks();
  expect(written.take()).toEqual([]);
  channel.ack(one, 5);
  channel.flushAcks();
  expect([dirty, written.take()]).toEqual([[5, 5], ["ack 5 3 [1,5]"]]);
});

test("ROOM-21: acks that a trunk did not carry are not sent on the next: its `bound` says where sessions stand", () => {
  const { channel, written, forgotten } = attached();
  const member = createMember(channel);
  channel.ack(member, 2);
  channel.detach({ nowMs: 0, watchedMs: 0 });
  expect(forgotten).toEqual([5]);
  const next = new WrittenLink();
  channel.attach(next.link, 6, 4, { markDirty: () => {}, awaitDrain: () => {}, forget: () => {} });
  channel.flushAcks();
  channel.ack(member, 3);
  channel.flushAcks();
  expect([written.take(), next.take()]).toEqual([[], ["ack 6 4 [1,3]"]]);
});

test("ROOM-18: what is written to one, all, all but one and some names only this gateway's sessions", () => {
  const { channel, written } = attached();
  const elsewhere = createMember(createChannel("g2"), { number: 9 });
  const [one, two] = [createMember(channel, { number: 1 }), createMember(channel, { number: 2 })];
  const message = { closeCode: 0, isText: true, payload: bytes("x") };
  const targets: Target[] = [
    { kind: "one", member: one },
    { kind: "one", member: elsewhere },
    everyone,
    { kind: "all", except: two },
    { kind: "all", except: elsewhere },
    { kind: "some", members: [one, elsewhere, two] },
    { kind: "some", members: [elsewhere] },
  ];
  const sent = targets.map((target, index) => {
    channel.deliver({ ...message, rseq: index + 1, target });
    return channel.sent;
  });
  expect(written.take()).toEqual([
    "down 5 3 1 reliable 0 1 true x",
    "broadcast 5 3 0 reliable 0 3 true x",
    "broadcast 5 3 2 reliable 0 4 true x",
    "broadcast 5 3 0 reliable 0 5 true x",
    "multicast 5 3 [1,2] reliable 0 6 true x",
  ]);
  expect(sent).toEqual([1, 1, 3, 4, 5, 6, 6]);
});

test("ROOM-17: a close is a message of the line, and a gateway that is away counts it as sent", () => {
  const { channel, written } = attached();
  const member = createMember(channel, { number: 4 });
  channel.deliver({ rseq: 1, target: { kind: "one", member }, closeCode: 4000, isText: true, payload: bytes("bye") });
  expect(written.take()).toEqual(["closeSession 5 3 4 4000 1 bye"]);
  channel.detach({ nowMs: 0, watchedMs: 0 });
  channel.deliver({ rseq: 2, target: { kind: "one", member }, closeCode: 4000, isText: true, payload: bytes("bye") });
  expect([written.take(), channel.sent]).toEqual([[], 2]);
});

test("ROOM-22: under pressure volatile messages are dropped, and of a latest key only the newest goes out", () => {
  const { channel, written } = attached();
  createMember(channel);
  channel.deliverUnkept(everyone, 0, true, bytes("v1"));
  channel.deliverUnkept(everyone, 1, true, bytes("l1"));
  expect(written.take()).toEqual(["broadcast 5 3 0 volatile 0 0 true v1", "broadcast 5 3 0 latest 1 0 true l1"]);
  written.bufferedBytes = pressureBytes + 1;
  for (const text of ["v2", "v3"]) channel.deliverUnkept(everyone, 0, true, bytes(text));
  for (const text of ["l2", "l3"]) channel.deliverUnkept(everyone, 1, true, bytes(text));
  channel.deliverUnkept(everyone, 2, true, bytes("other key"));
  expect(written.take()).toEqual([]);
  written.bufferedBytes = 0;
  channel.flushLatest();
  expect(written.take()).toEqual(["broadcast 5 3 0 latest 1 0 true l3", "broadcast 5 3 0 latest 2 0 true other key"]);
  channel.flushLatest();
  expect(written.take()).toEqual([]);
});

test("ROOM-22: an older latest message that waits is not sent behind a newer one of its key", () => {
  const { channel, written } = attached();
  written.bufferedBytes = pressureBytes + 1;
  channel.deliverUnkept(everyone, 1, true, bytes("older"));
  written.bufferedBytes = pressureBytes;
  channel.deliverUnkept(everyone, 1, true, bytes("newer"));
  written.bufferedBytes = 0;
  channel.flushLatest();
  expect(written.take()).toEqual(["broadcast 5 3 0 latest 1 0 true newer"]);
});

test("ROOM-22: the newest of a key for some does not replace the newest for others", () => {
  const { channel, written } = attached();
  const [one, two, three] = [1, 2, 3].map((number) => createMember(channel, { number }));
  if (!one || !two || !three) throw new Error("three members");
  written.bufferedBytes = pressureBytes + 1;
  const targets: [Target, string][] = [
    [{ kind: "some", members: [one, two] }, "a"],
    [{ kind: "some", members: [three] }, "b"],
    [{ kind: "all", except: one }, "c"],
    [{ kind: "all", except: two }, "d"],
    [{ kind: "one", member: one }, "e"],
    [{ kind: "some", members: [two, one] }, "f"],
  ];
  for (const [target, text] of targets) channel.deliverUnkept(target, 1, true, bytes(text));
  written.bufferedBytes = 0;
  channel.flushLatest();
  expect(written.take().map((line) => line.at(-1))).toEqual(["b", "c", "d", "e", "f"]);
});

test("ROOM-22: latest messages that wait keep their own bytes, and are gone with the trunk", () => {
  const { channel, written } = attached();
  written.bufferedBytes = pressureBytes + 1;
  const payload = bytes("kept");
  channel.deliverUnkept(everyone, 1, true, payload);
  payload.fill(0);
  written.bufferedBytes = 0;
  channel.flushLatest();
  expect(written.take()).toEqual(["broadcast 5 3 0 latest 1 0 true kept"]);
  written.bufferedBytes = pressureBytes + 1;
  channel.deliverUnkept(everyone, 1, true, bytes("lost"));
  channel.detach({ nowMs: 0, watchedMs: 0 });
  const next = new WrittenLink();
  channel.attach(next.link, 6, 3, { markDirty: () => {}, awaitDrain: () => {}, forget: () => {} });
  channel.flushLatest();
  expect([written.take(), next.take()]).toEqual([[], []]);
});

test("ROOM-22: more keys than may wait are refused, those that wait are still renewed", () => {
  const { channel, written } = attached();
  written.bufferedBytes = pressureBytes + 1;
  for (let key = 1; key <= 5_000; key += 1) channel.deliverUnkept(everyone, key, true, bytes("old"));
  channel.deliverUnkept(everyone, 1, true, bytes("new"));
  written.bufferedBytes = 0;
  channel.flushLatest();
  const lines = written.take();
  expect(lines).toHaveLength(4_096);
  expect(lines.filter((line) => line.endsWith("new"))).toHaveLength(1);
});

test("ROOM-5: a session that has ended is forgotten when its gateway has taken what was written, and not before", () => {
  const { channel, written } = attached();
  const member = createMember(channel, { number: 3 });
  const gone: number[] = [];
  channel.forgetWhenHeard(member, ({ number }) => gone.push(number));
  expect([channel.members.has(3), gone]).toEqual([true, []]);
  written.hear();
  expect([channel.members.has(3), gone]).toEqual([false, [3]]);
  // A later session of that number is somebody else.
  const later = createMember(channel, { number: 3 });
  channel.forgetWhenHeard(member, ({ number }) => gone.push(number));
  written.hear();
  expect([channel.members.get(3) === later, gone]).toEqual([true, [3]]);
});

test("ROOM-23: a gateway holds the tail back only as far as it was sent something that it has not seen", () => {
  const { channel } = attached();
  const elsewhere = createMember(createChannel("g2"));
  expect(channel.needsAfter(10)).toBe(10);
  channel.deliver({ rseq: 11, target: everyone, closeCode: 0, isText: true, payload: bytes("x") });
  channel.deliver({
    rseq: 12,
    target: { kind: "one", member: elsewhere },
    closeCode: 0,
    isText: true,
    payload: bytes("x"),
  });
  expect(channel.needsAfter(12)).toBe(0);
  channel.seen = 11;
  expect(channel.needsAfter(12)).toBe(12);
});
