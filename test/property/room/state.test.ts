import fc from "fast-check";
import { expect, test } from "vitest";
import { Attachment } from "../../../gateway/room/attachment.ts";
import { BodyReceiver, BodySender, chunkBytes } from "../../../gateway/room/body-transfer.ts";
import { decodeMovingState, encodeMovingState } from "../../../gateway/room/moving-state.ts";
import type { SentMessage, Target } from "../../../gateway/room/sent-tail.ts";
import { decodeBody, encodeBody } from "../../../gateway/room/state-body.ts";
import { blockBytes, diffState, patchState } from "../../../gateway/room/state-patch.ts";
import { RoomgateError } from "../../../gateway/wire/errors.ts";
import type { TrunkLink } from "../../../gateway/wire/link.ts";
import { createChannel, createMember, movingStateOf } from "../../support/room-parts.ts";

/** States of a few blocks, of which some are changed, some cut off, some added. */
const twoStates = fc
  .record({
    blocks: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 6 }),
    newer: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 6 }),
    olderRest: fc.uint8Array({ maxLength: 40 }),
    newerRest: fc.uint8Array({ maxLength: 40 }),
    changes: fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }),
  })
  .map(({ blocks, newer, olderRest, newerRest, changes }) => {
    const older = stateOf(blocks, olderRest);
    const changed = stateOf(newer, newerRest);
    for (const [at, value] of changes) if (changed.length > 0) changed[at % changed.length] = value;
    return { older, newer: changed };
  });

function stateOf(blocks: readonly number[], rest: Uint8Array): Uint8Array {
  const state = new Uint8Array(blocks.length * blockBytes + rest.length);
  for (const [index, value] of blocks.entries()) state.fill(value, index * blockBytes, (index + 1) * blockBytes);
  state.set(rest, blocks.length * blockBytes);
  return state;
}

const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

test("MOVE-15: a state is what its older copy becomes by the difference", () => {
  fc.assert(
    fc.property(twoStates, ({ older, newer }) => {
      const pieces = diffState(older, newer);
      expect(same(patchState(older.slice(), newer.length, pieces), newer)).toBe(true);
      // In order, apart from one another, and none where nothing has changed.
      let end = -1;
      for (const { offset, bytes } of pieces) {
        expect(offset).toBeGreaterThan(end);
        expect(bytes.length).toBeGreaterThan(0);
        end = offset + bytes.length;
      }
      if (same(older, newer)) expect(pieces).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("MOVE-15: a body comes apart as it was put together, whole, as a patch, and without a state", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      twoStates,
      fc.constantFrom("none", "whole", "patch"),
      (head, states, form) => {
        const app = form === "none" ? undefined : states.newer;
        const copied = form === "patch" ? states.older : undefined;
        const body = Buffer.concat(encodeBody({ head, app }, copied));
        const decoded = decodeBody(body, copied?.slice());
        expect(same(decoded.head, head)).toBe(true);
        expect(decoded.app === undefined).toBe(app === undefined);
        if (decoded.app && app) expect(same(decoded.app, app)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

/** Runs it; what it throws must be the one error that is expected of bad state. */
function expectStateOrRefusal(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    expect(error).toBeInstanceOf(RoomgateError);
    expect((error as RoomgateError).code).toBe("bad-state");
  }
}

test("MOVE-16: bytes that are no body, or a damaged one, are refused with one error and no other", () => {
  const damaged = fc
    .tuple(
      fc.uint8Array({ maxLength: 60 }),
      fc.array(fc.tuple(fc.nat({ max: 120 }), fc.nat({ max: 255 })), { maxLength: 6 }),
      fc.nat({ max: 100 }),
    )
    .map(([head, changes, cut]) => {
      const older = new Uint8Array(blockBytes + 10);
      const newer = older.slice();
      newer[3] = 1;
      const body = Buffer.concat(encodeBody({ head, app: newer }, older));
      for (const [at, value] of changes) body[at % body.length] = value;
      return new Uint8Array(body.subarray(0, body.length - (cut > 50 ? cut : 0)));
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), damaged), fc.boolean(), (body, hasCopy) => {
      expectStateOrRefusal(() => decodeBody(body, hasCopy ? new Uint8Array(64) : undefined));
    }),
    { numRuns: 3_000 },
  );
});

test("MOVE-16: a patch cannot make a state larger than what has come for it", () => {
  const older = new Uint8Array(100);
  const body = Buffer.concat(encodeBody({ head: new Uint8Array(0), app: new Uint8Array(200) }, older));
  new DataView(body.buffer, body.byteOffset).setFloat64(5, 2 ** 31, true);
  expect(() => decodeBody(body, older)).toThrow(expect.objectContaining({ code: "bad-state" }));
});

test("MOVE-16: bytes that are no head of a moving room, or a damaged one, are refused with one error and no other", () => {
  const channel = createChannel();
  const member = createMember(channel, { protocol: "a=b" });
  const state = movingStateOf({
    rseq: 4,
    gateways: [{ gateway: channel.gateway, seen: 1, sent: 4 }],
    members: [member],
    tail: [{ rseq: 4, target: { kind: "one", member }, closeCode: 0, isText: true, payload: new Uint8Array(3) }],
    timers: [["t", 5]],
    works: ["w"],
  });
  const good = encodeMovingState(state);
  const damaged = fc
    .array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      const bytes = good.slice();
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), damaged), (bytes) => {
      expectStateOrRefusal(() => [...decodeMovingState(bytes).tailOf([])]);
    }),
    { numRuns: 3_000 },
  );
});

const plain: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.boolean(),
    fc.integer(),
    fc.string({ maxLength: 10 }),
    fc.uint8Array({ maxLength: 10 }),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.string({ maxLength: 4 }).filter((key) => key !== "__proto__"),
      tie("value"),
      {
        maxKeys: 3,
        noNullPrototype: true,
      },
    ),
  ),
})).value;

const movingRoom = fc.record({
  gateways: fc.uniqueArray(fc.constantFrom("g1", "g2", "g3"), { minLength: 1, maxLength: 3 }),
  members: fc.array(
    fc.record({
      gateway: fc.nat(),
      position: fc.integer({ min: 1, max: 1_000 }),
      ended: fc.boolean(),
      attachment: fc.option(plain, { nil: undefined }),
      isKept: fc.boolean(),
    }),
    { maxLength: 8 },
  ),
  tail: fc.array(
    fc.record({
      to: fc.constantFrom("all", "except", "one", "some"),
      members: fc.array(fc.nat(), { maxLength: 4 }),
      code: fc.constantFrom(0, 4000),
    }),
    { maxLength: 10 },
  ),
  timers: fc.uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 5 }), fc.nat()), {
    selector: ([name]) => name,
    maxLength: 5,
  }),
  works: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 5 }),
});

test("MOVE-17: what moves with a room comes out as it went in; messages to members that are gone are left out", () => {
  fc.assert(
    fc.property(movingRoom, (given) => {
      const channels = given.gateways.map(createChannel);
      const everybody = given.members.map((one, index) => {
        const channel = channels[one.gateway % channels.length] ?? createChannel();
        const member = createMember(channel, { number: index + 1, position: one.position });
        member.kept = Attachment.of(one.attachment, member.id);
        if (one.ended) member.state = "ended";
        return member;
      });
      const kept = everybody.filter((_member, index) => given.members[index]?.isKept);
      const pick = (indexes: readonly number[]) => indexes.flatMap((at) => everybody[at % everybody.length] ?? []);
      const tail = given.tail.map(({ to, members, code }, index): SentMessage => {
        const picked = pick(members);
        const [first] = picked;
        const target: Target =
          to === "one" && first
            ? { kind: "one", member: first }
            : to === "some"
              ? { kind: "some", members: [...new Set(picked)] }
              : { kind: "all", except: to === "except" ? first : undefined };
        return {
          rseq: index + 1,
          target,
          closeCode: to === "one" && first ? code : 0,
          isText: true,
          payload: Uint8Array.of(index),
        };
      });
      const state = movingStateOf({
        line: 3,
        rseq: tail.length,
        nextRef: 9,
        gateways: channels.map(({ gateway }, index) => ({ gateway, seen: index, sent: index + 1 })),
        members: kept,
        tail,
        timers: given.timers,
        works: given.works,
      });
      const decoded = decodeMovingState(encodeMovingState(state));
      expect(decoded).toMatchObject({ line: 3, rseq: tail.length, nextRef: 9, lostUpTo: 0, gateways: state.gateways });
      expect([decoded.timers, decoded.works]).toEqual([given.timers, given.works]);
      expect(decoded.members).toEqual(
        kept.map(({ gateway, number, protocol, position, state: standing, kept: attachment, ref, joinedAt }) => ({
          ...{ gateway, number, position, ref, joinedAt },
          ended: standing === "ended",
          // Nobody asks for these of a session that has ended.
          protocol: standing === "ended" ? "" : protocol,
          attachment: standing === "ended" ? Attachment.none : attachment,
        })),
      );
      // The members of the other side are these same ones here: then the tail must be the same, but for those who are gone.
      const isKept = new Set(kept);
      const expected = tail.flatMap((message): SentMessage[] => {
        const { target } = message;
        if (target.kind === "all") {
          const except = target.except && isKept.has(target.except) ? target.except : undefined;
          return [{ ...message, target: { kind: "all", except } }];
        }
        const left = (target.kind === "one" ? [target.member] : target.members).filter((one) => isKept.has(one));
        const [only] = left;
        if (!only) return [];
        return [
          { ...message, target: left.length === 1 ? { kind: "one", member: only } : { kind: "some", members: left } },
        ];
      });
      const found = [...decoded.tailOf(kept)];
      expect(found.map(({ target, ...rest }) => [rest, namesOf(target)])).toEqual(
        expected.map(({ target, ...rest }) => [rest, namesOf(target)]),
      );
    }),
    { numRuns: 300 },
  );
});

function namesOf(target: Target): unknown {
  if (target.kind === "all") return ["all", target.except?.id];
  return target.kind === "one" ? ["one", target.member.id] : ["some", target.members.map(({ id }) => id).sort()];
}

/** Both ends of a transfer; `lag` chunks are acknowledged late. */
function transfer(part: "precopy" | "final", segments: readonly Uint8Array[], lag: number) {
  let receiver: BodyReceiver | undefined;
  const sent: { offset: number; bytes: Uint8Array }[] = [];
  let underWayMax = 0;
  let isDone = false;
  /** Bytes that had not arrived when it was done. */
  let underWayAtEnd = 0;
  const bytesOf = (chunks: readonly { bytes: Uint8Array }[]): number =>
    chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const link = {
    control: (message: { bytes: number }) => {
      receiver = new BodyReceiver(part, message.bytes);
    },
    chunk: (_transfer: number, offset: number, bytes: Uint8Array) => sent.push({ offset, bytes: bytes.slice() }),
  } as unknown as TrunkLink;
  const sender = new BodySender(link, 1, part, segments, () => {
    isDone = true;
    underWayAtEnd = bytesOf(sent);
  });
  let fitted = true;
  while (sent.length > 0) {
    underWayMax = Math.max(underWayMax, bytesOf(sent));
    const [next] = sent.splice(0, 1);
    if (!next || !receiver) break;
    fitted &&= next.bytes.length <= chunkBytes && receiver.accept(next.offset, next.bytes);
    if (sent.length <= lag) sender.got(receiver.got);
  }
  return { receiver, isDone, fitted, underWayMax, underWayAtEnd };
}

test("MOVE-18: a body of any segments arrives whole, in bounded chunks, a few under way, and is done once", () => {
  const segment = fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: chunkBytes * 3 })).map((length) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 997) bytes[at] = at & 255;
    return bytes;
  });
  const part = fc.constantFrom("precopy" as const, "final" as const);
  fc.assert(
    fc.property(part, fc.array(segment, { maxLength: 5 }), fc.nat({ max: 3 }), (part, segments, lag) => {
      const { receiver, isDone, fitted, underWayMax } = transfer(part, segments, lag);
      expect({ isDone, fitted }).toEqual({ isDone: true, fitted: true });
      expect(underWayMax).toBeLessThanOrEqual(chunkBytes * 5);
      expect(same(receiver?.whole ?? new Uint8Array(1), Buffer.concat(segments))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("MOVE-23: a final body is done when its last chunk has left, and a copy ahead of the freeze when all have arrived", () => {
  const [small, large] = [[new Uint8Array(100)], [new Uint8Array(chunkBytes * 6)]];
  expect(transfer("final", small, 0).underWayAtEnd).toBe(100);
  expect(transfer("final", large, 0).underWayAtEnd).toBeGreaterThan(0);
  expect(transfer("precopy", small, 0).underWayAtEnd).toBe(0);
  expect(transfer("precopy", large, 0).underWayAtEnd).toBe(0);
});

test("MOVE-18: a chunk that is not the next one, or too long, does not fit, and changes nothing", () => {
  const receiver = new BodyReceiver("final", 10);
  expect(receiver.accept(0, new Uint8Array(4))).toBe(true);
  for (const [offset, length] of [
    [0, 4],
    [3, 4],
    [5, 4],
    [4, 7],
  ] as const) {
    expect(receiver.accept(offset, new Uint8Array(length).fill(9))).toBe(false);
  }
  expect(receiver.whole).toBeUndefined();
  expect(receiver.accept(4, new Uint8Array(6))).toBe(true);
  expect(receiver.whole).toEqual(new Uint8Array(10));
});
