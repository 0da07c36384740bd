import { z } from "zod";
import { parseRoomKey, parseServerId, type RoomKey, type ServerId } from "./ids.ts";
import {
  addressLengthMax,
  appVersionLengthMax,
  detailLengthMax,
  protocolLengthMax,
  targetLengthMax,
  tellItemsMax,
} from "./text-limits.ts";

/**
 * Control messages of a trunk: rare, so MessagePack maps with a checked shape. The hot path has fixed layouts (`frames.ts`).
 * PROTOCOL.md tells who sends which when.
 */

const u32 = z.number().int().min(0).max(0xffffffff);
const id32 = z.number().int().min(1).max(0xffffffff);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const text = (lengthMax: number) => z.string().max(lengthMax);

const bytes = z.instanceof(Uint8Array);
const room = z.string().transform((value, context): RoomKey => {
  const key = parseRoomKey(value);
  if (key === undefined) context.addIssue({ code: "custom", message: "not a room key" });
  return key as RoomKey;
});
const server = z.string().transform((value, context): ServerId => {
  const id = parseServerId(value);
  if (id === undefined) context.addIssue({ code: "custom", message: "not a server id" });
  return id as ServerId;
});

/** Gateway to server: connect this channel to the room, wherever it is. Answered by `bound`, `redirect` or `refused`. */
const bind = z.object({
  t: z.literal("bind"),
  channel: id32,
  room,
  /** Highest epoch that the gateway has seen of the room; 0 if none. */
  epochSeen: u32,
  /** The reliable line that `seen` belongs to, as `bound` named it; 0 if none. */
  line: u32,
  /** Highest rseq that the gateway has received in that line. */
  seen: count,
  /** Pairs of session number and highest acknowledged cseq, 4 bytes each, little-endian. */
  sessions: bytes,
  /** Servers that this gateway could not reach just now: evidence for the receiver to check, not to believe. */
  unreachable: z.array(server).max(16),
  /** Every candidate said it was full: take the room anyway, up to the hard limit. */
  force: z.boolean(),
  /** How much the gateway may have held of each session, and for how long: what comes at once then is not the client's doing. */
  holdFramesMax: u32,
  holdMs: u32,
});

/** Gateway to server: the gateway has no session in the room any more. Not answered. */
const unbind = z.object({ t: z.literal("unbind"), channel: id32 });

/**
 * Server to gateway: the room runs here. Also sent again on a bound channel when its epoch changed or dropped frames must be
 * sent again (a move that was called off).
 */
const bound = z.object({
  t: z.literal("bound"),
  channel: id32,
  epoch: id32,
  /** Names the line of rseq: the epoch in which it began. A room that restarted without its sent messages begins a new one. */
  line: id32,
  /** The room's last rseq that this gateway will not be sent again. */
  rseq: count,
  /**
   * Pairs of session and highest cseq that the room has, 4 bytes each; 0: the room does not know the session, join it again;
   * `positionGivenUp`: close it. A session that is missing: what is not acknowledged is to be sent again.
   */
  positions: bytes,
  windowBytes: u32,
  /** Reliable messages between `seen` and `rseq` are gone: the sessions' protocol cannot go on. */
  gap: z.boolean(),
});

/** Server to gateway: another server has the room. Closes the channel. */
const redirect = z.object({
  t: z.literal("redirect"),
  channel: id32,
  room,
  server,
  address: text(addressLengthMax),
  epoch: u32,
});

export const refusalCodes = [
  "full",
  "draining",
  "unknown-app",
  "quarantined",
  "unavailable",
  "owner-silent",
  "broken",
] as const;
/** Server to gateway: the room cannot be had here now. Closes the channel. */
const refused = z.object({
  t: z.literal("refused"),
  channel: id32,
  code: z.enum(refusalCodes),
  retryAfterMs: u32,
  detail: text(detailLengthMax),
});

/** Source to target of a move, or either to the other; `transfer` is the number that the source gave the move on this trunk. */
const movePrepare = z.object({
  t: z.literal("movePrepare"),
  transfer: id32,
  room,
  epoch: id32,
  appVersion: text(appVersionLengthMax),
  /** Moved by hand: the target's rebalancer leaves it there. */
  pinned: z.boolean(),
});
const movePrepared = z.object({ t: z.literal("movePrepared"), transfer: id32 });
const moveRefused = z.object({ t: z.literal("moveRefused"), transfer: id32, reason: text(detailLengthMax) });
/** Announces a body that follows as chunks: `precopy` while the room runs, `final` once it is frozen. */
const moveBody = z.object({
  t: z.literal("moveBody"),
  transfer: id32,
  part: z.enum(["precopy", "final"]),
  bytes: count,
});
/** Target to source: this many bytes of the present body have arrived. */
const moveGot = z.object({ t: z.literal("moveGot"), transfer: id32, bytes: count });
/** Source to target: frozen, all sent; take over if the head is still exactly `(epoch, tail)`. */
const moveCommit = z.object({ t: z.literal("moveCommit"), transfer: id32, epoch: id32, tail: count });
/** Target to source: it has taken over, at `epoch`. */
const moveTaken = z.object({ t: z.literal("moveTaken"), transfer: id32, epoch: id32 });
/** Target to source: it has not taken over and will not. */
const moveFailed = z.object({ t: z.literal("moveFailed"), transfer: id32, reason: text(detailLengthMax) });
/** Source to target: forget it. The target may have taken over already; the head decides. */
const moveAbort = z.object({ t: z.literal("moveAbort"), transfer: id32 });

/**
 * Server to server, between the rooms `from` and `room`. Answered by one `told` of the same `id`.
 *
 * - `ask`: `from` needs a line to `room`. - `say`: what it says on `line`, in order. - `settle`: that all up to `upTo` was heard is recorded.
 */
const tell = z.object({
  t: z.literal("tell"),
  id: id32,
  room,
  from: room,
  kind: z.enum(["ask", "say", "settle"]),
  line: count,
  upTo: count,
  items: z.array(z.object({ number: count, isText: z.boolean(), bytes })).max(tellItemsMax),
});
/**
 * `line`: here it is, and up to where it was heard. `unknownLine`: ask for one. `heard`: durably, everything up to `upTo`. `elsewhere`: ask at
 * `address`. `later`: not now.
 */
const told = z.object({
  t: z.literal("told"),
  id: id32,
  status: z.enum(["line", "unknownLine", "heard", "elsewhere", "later"]),
  line: count,
  upTo: count,
  address: text(addressLengthMax).optional(),
});
/** Server to server: `room` is to settle what `listener` has heard of it. Not answered. */
const tellRemind = z.object({ t: z.literal("tellRemind"), room, listener: room });

/** From the operating side: a request to a server. Answered by one `answer` of the same `id`. */
const request = z.discriminatedUnion("op", [
  z.object({ t: z.literal("request"), id: id32, op: z.literal("rooms"), app: text(64).optional(), limit: u32 }),
  z.object({ t: z.literal("request"), id: id32, op: z.literal("room"), room }),
  z.object({ t: z.literal("request"), id: id32, op: z.literal("move"), room, to: server }),
  z.object({ t: z.literal("request"), id: id32, op: z.literal("skip"), room, record: count }),
  z.object({ t: z.literal("request"), id: id32, op: z.literal("drain") }),
  z.object({ t: z.literal("request"), id: id32, op: z.literal("metrics") }),
]);
const answer = z.object({
  t: z.literal("answer"),
  id: id32,
  /** `conflict`: nothing changed, `detail` says why. */
  status: z.enum(["ok", "not-found", "conflict", "failed"]),
  detail: text(detailLengthMax).optional(),
  value: z.unknown().optional(),
});

export const controlMessage = z.union([
  z.discriminatedUnion("t", [
    bind,
    unbind,
    bound,
    redirect,
    refused,
    movePrepare,
    movePrepared,
    moveRefused,
    moveBody,
    moveGot,
    moveCommit,
    moveTaken,
    moveFailed,
    moveAbort,
    tell,
    told,
    tellRemind,
    answer,
  ]),
  request,
]);

export type ControlMessage = z.output<typeof controlMessage>;
export type Control<T extends ControlMessage["t"]> = Extract<ControlMessage, { t: T }>;
export type RefusalCode = (typeof refusalCodes)[number];

/** What a join carries about its client. */
export const joinInfo = z.object({
  /** The request's query string without `?`; the gateway bounds it by its limit on headers. */
  query: text(targetLengthMax),
  /** Negotiated WebSocket subprotocol; empty if none. */
  protocol: text(protocolLengthMax),
});
export type JoinInfo = z.output<typeof joinInfo>;
