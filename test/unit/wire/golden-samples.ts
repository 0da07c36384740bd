import type { ControlMessage } from "../../../gateway/wire/control.ts";
import type { HandshakeMessage } from "../../../gateway/wire/handshake-messages.ts";
import type { AppName, RoomKey, ServerId } from "../../../gateway/wire/ids.ts";
import type { Frame } from "../../support/frames.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const room = "game/lobby-1" as RoomKey;
const server = "s2" as ServerId;

/** One frame of each kind, and those whose flags differ. */
export const sampleFrames = {
  join: { t: "join", channel: 1, epoch: 2, session: 3, cseq: 1, info: { query: "a=b", protocol: "p" } },
  upBinary: { t: "up", channel: 1, epoch: 2, session: 3, cseq: 4, isText: false, payload: bytes(0xde, 0xad) },
  upText: { t: "up", channel: 0xffffffff, epoch: 0, session: 7, cseq: 8, isText: true, payload: bytes(0x68, 0x69) },
  leave: { t: "leave", channel: 1, epoch: 2, session: 3, cseq: 5, code: 1006 },
  down: {
    t: "down",
    channel: 1,
    epoch: 2,
    session: 3,
    delivery: "reliable",
    latestKey: 0,
    rseq: 2 ** 40 + 1,
    isText: true,
    payload: bytes(0x68),
  },
  broadcast: {
    t: "broadcast",
    channel: 1,
    epoch: 2,
    except: 0,
    delivery: "latest",
    latestKey: 9,
    rseq: 0,
    isText: false,
    payload: bytes(1, 2, 3),
  },
  multicast: {
    t: "multicast",
    channel: 1,
    epoch: 2,
    sessions: [3, 0x01020304],
    delivery: "volatile",
    latestKey: 0,
    rseq: 0,
    isText: true,
    payload: bytes(0x21),
  },
  close: { t: "close", channel: 1, epoch: 2, session: 3, code: 4404, rseq: 6, reason: "no such ☃" },
  ack: { t: "ack", channel: 1, epoch: 2, pairs: [3, 4, 5, 6] },
  seen: { t: "seen", channel: 1, epoch: 2, rseq: 77 },
  flow: { t: "flow", channel: 1, epoch: 2, windowBytes: 65_536 },
  ping: { t: "ping", token: 1.5 },
  pong: { t: "pong", token: 1.5 },
  control: { t: "control", message: { t: "unbind", channel: 5 } },
  chunk: { t: "chunk", transfer: 3, offset: 1_048_576, payload: bytes(9, 8) },
} satisfies Record<string, Frame>;

type SampleName =
  | Exclude<ControlMessage["t"], "request">
  | `request ${Extract<ControlMessage, { t: "request" }>["op"]}`;

/** One control message of each kind. The type asks for all. */
export const sampleControls: Readonly<Record<SampleName, ControlMessage>> = {
  bind: {
    t: "bind",
    channel: 1,
    room,
    epochSeen: 2,
    line: 1,
    seen: 70_000,
    sessions: bytes(3, 0, 0, 0, 4, 0, 0, 0),
    unreachable: [server],
    force: false,
    holdFramesMax: 1_024,
    holdMs: 15_000,
  },
  unbind: { t: "unbind", channel: 1 },
  bound: {
    t: "bound",
    channel: 1,
    epoch: 3,
    line: 2,
    rseq: 2 ** 33,
    positions: bytes(3, 0, 0, 0, 0, 0, 0, 0),
    windowBytes: 262_144,
    gap: true,
  },
  redirect: { t: "redirect", channel: 1, room, server, address: "127.0.0.1:9001", epoch: 3 },
  refused: { t: "refused", channel: 1, code: "full", retryAfterMs: 250, detail: "10 rooms" },
  movePrepare: { t: "movePrepare", transfer: 1, room, epoch: 3, appVersion: "1", pinned: false },
  movePrepared: { t: "movePrepared", transfer: 1 },
  moveRefused: { t: "moveRefused", transfer: 1, reason: "full" },
  moveBody: { t: "moveBody", transfer: 1, part: "final", bytes: 4_096 },
  moveGot: { t: "moveGot", transfer: 1, bytes: 1_024 },
  moveCommit: { t: "moveCommit", transfer: 1, epoch: 3, tail: 99 },
  moveTaken: { t: "moveTaken", transfer: 1, epoch: 4 },
  moveFailed: { t: "moveFailed", transfer: 1, reason: "fenced" },
  moveAbort: { t: "moveAbort", transfer: 1 },
  tell: {
    t: "tell",
    id: 5,
    room,
    from: room,
    kind: "say",
    line: 4,
    upTo: 0,
    items: [{ number: 12, isText: true, bytes: bytes(104, 105) }],
  },
  told: { t: "told", id: 5, status: "heard", line: 0, upTo: 12 },
  tellRemind: { t: "tellRemind", room, listener: room },
  answer: { t: "answer", id: 7, status: "ok", detail: "d", value: { rooms: [{ room, epoch: 3 }], none: null } },
  "request rooms": { t: "request", id: 7, op: "rooms", app: "game" as AppName, limit: 100 },
  "request room": { t: "request", id: 7, op: "room", room },
  "request move": { t: "request", id: 7, op: "move", room, to: server },
  "request skip": { t: "request", id: 7, op: "skip", room, record: 41 },
  "request drain": { t: "request", id: 7, op: "drain" },
  "request metrics": { t: "request", id: 7, op: "metrics" },
};

const nonce = new Uint8Array(32).fill(1);

/** The four messages of the handshake. */
export const sampleHandshake: { readonly [T in HandshakeMessage["t"]]: HandshakeMessage<T> } = {
  hello: { t: "hello", versions: [2], role: "gateway", id: "g1" as ServerId, instance: "i1", nonce },
  challenge: {
    t: "challenge",
    version: 2,
    role: "server",
    id: server,
    instance: "i2",
    nonce,
    proof: new Uint8Array(32).fill(2),
  },
  proof: { t: "proof", proof: new Uint8Array(32).fill(3) },
  welcome: { t: "welcome" },
};
