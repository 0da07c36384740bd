import fc from "fast-check";
import type { ControlMessage } from "../../gateway/wire/control.ts";
import type { ServerId } from "../../gateway/wire/ids.ts";
import type { Frame } from "./frames.ts";

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const id32 = fc.integer({ min: 1, max: 0xffffffff });
const count = fc.maxSafeNat();
const payload = fc.uint8Array({ maxLength: 200 });
const shortText = fc.string({ unit: "grapheme", maxLength: 20 });

const delivery = fc.oneof(
  fc.record({
    delivery: fc.constant("reliable" as const),
    latestKey: fc.constant(0),
    rseq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  }),
  fc.record({ delivery: fc.constant("latest" as const), latestKey: u32, rseq: fc.constant(0) }),
  fc.record({ delivery: fc.constant("volatile" as const), latestKey: fc.constant(0), rseq: fc.constant(0) }),
);

const closeCode = fc.oneof(
  fc.constantFrom(1000, 1001, 1003, 1007, 1008, 1009, 1012, 1013, 1014),
  fc.integer({ min: 3000, max: 4999 }),
);

const controlMessage: fc.Arbitrary<ControlMessage> = fc.oneof(
  fc.record({ t: fc.constant("unbind" as const), channel: id32 }),
  fc.record({ t: fc.constant("moveGot" as const), transfer: id32, bytes: count }),
  fc.record({ t: fc.constant("moveRefused" as const), transfer: id32, reason: shortText }),
  fc.record({
    t: fc.constant("bound" as const),
    channel: id32,
    epoch: id32,
    line: id32,
    rseq: count,
    positions: payload,
    windowBytes: u32,
    gap: fc.boolean(),
  }),
  fc.record({
    t: fc.constant("redirect" as const),
    channel: id32,
    room: fc.constant("game/a" as Extract<ControlMessage, { t: "redirect" }>["room"]),
    server: fc.constantFrom("s1" as ServerId, "s-2.x" as ServerId),
    address: shortText,
    epoch: u32,
  }),
);

const channelAndEpoch = { channel: id32, epoch: u32 };
const inSession = { ...channelAndEpoch, session: id32, cseq: id32 };
const content = fc.record({ ...channelAndEpoch, isText: fc.boolean(), payload });

/** Any frame that PROTOCOL.md allows, of moderate size. */
export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    t: fc.constant("join" as const),
    ...inSession,
    info: fc.record({ query: shortText, protocol: shortText }),
  }),
  fc.record({ t: fc.constant("up" as const), ...inSession, isText: fc.boolean(), payload }),
  fc.record({ t: fc.constant("leave" as const), ...inSession, code: fc.integer({ min: 0, max: 0xffff }) }),
  fc.tuple(content, delivery, id32).map(([base, how, session]): Frame => ({ t: "down", ...base, ...how, session })),
  fc.tuple(content, delivery, u32).map(([base, how, except]): Frame => ({ t: "broadcast", ...base, ...how, except })),
  fc
    .tuple(content, delivery, fc.array(id32, { maxLength: 12 }))
    .map(([base, how, sessions]): Frame => ({ t: "multicast", ...base, ...how, sessions })),
  fc.record({
    t: fc.constant("close" as const),
    ...channelAndEpoch,
    session: u32,
    code: closeCode,
    rseq: count,
    reason: shortText.filter((text) => Buffer.byteLength(text) <= 123),
  }),
  fc.record({
    t: fc.constant("ack" as const),
    ...channelAndEpoch,
    pairs: fc.array(fc.tuple(id32, id32), { minLength: 1, maxLength: 12 }).map((pairs) => pairs.flat()),
  }),
  fc.record({ t: fc.constant("seen" as const), ...channelAndEpoch, rseq: count }),
  fc.record({ t: fc.constant("flow" as const), ...channelAndEpoch, windowBytes: u32 }),
  fc.record({ t: fc.constantFrom("ping" as const, "pong" as const), token: fc.double({ noNaN: true }) }),
  fc.record({ t: fc.constant("control" as const), message: controlMessage }),
  fc.record({ t: fc.constant("chunk" as const), transfer: id32, offset: count, payload }),
);
