import { clientFrame, opcodes } from "./client-frames.ts";
import { typedUpdates } from "./typed-updates.ts";

/** What a frame of the server was, for a client of this dialect. `reply` is sent back at once. */
export interface Heard {
  /** `ready`: the client is in its room. `data`: an answer to count. */
  readonly kind: "ready" | "data" | "other" | "closed";
  readonly reply?: Buffer;
}

/** How clients of one contender speak over a WebSocket. */
export interface Dialect {
  /** Whether a client is in its room as soon as its upgrade is accepted. */
  readonly isReadyWhenOpen: boolean;
  /** The path and query of the upgrade of a client that wants into `room`; may ask the server first. */
  request(room: string, port: number): string | Promise<string>;
  /** What a client says as soon as its upgrade is accepted. */
  opening?(room: string): Buffer;
  /** A message with this many bytes of content, as one frame. */
  message(contentBytes: number): Buffer;
  /** Where messages cannot all be the same: what the speaker of `room` says, one after the other. */
  script?(room: string): readonly Buffer[];
  hear(opcode: number, bytes: Buffer, start: number, length: number): Heard;
}

export type DialectName = "plain" | "socket.io" | "colyseus" | "y-websocket" | "hocuspocus";

const data: Heard = { kind: "data" };
const other: Heard = { kind: "other" };
const closed: Heard = { kind: "closed" };

/** Frames as they are: Roomgate, bare servers, proxies. `room` is a path. */
const plain: Dialect = {
  isReadyWhenOpen: true,
  request: (room) => room,
  message: (contentBytes) => clientFrame(opcodes.binary, Buffer.alloc(contentBytes, "a")),
  hear: (opcode, bytes, start, length) =>
    opcode === opcodes.binary || opcode === opcodes.text ? data : control(opcode, bytes, start, length),
};

/** Engine.IO 4 straight on a WebSocket, and Socket.IO 5 on top: `0` open, `40` connect, `2`/`3` ping and pong, `42[…]` an event. */
const socketIo: Dialect = {
  isReadyWhenOpen: false,
  request: (room) => `/socket.io/?EIO=4&transport=websocket&room=${encodeURIComponent(room)}`,
  message: (contentBytes) => text(`42["m","${"a".repeat(contentBytes)}"]`),
  hear: (opcode, bytes, start, length) => {
    if (opcode !== opcodes.text) return control(opcode, bytes, start, length);
    const type = String.fromCharCode(bytes[start] ?? 0);
    if (type === "2") return { kind: "other", reply: text("3") };
    if (type === "0") return { kind: "other", reply: text("40") };
    if (type !== "4") return other;
    const packet = String.fromCharCode(bytes[start + 1] ?? 0);
    if (packet === "2") return data;
    return packet === "0" ? { kind: "ready" } : other;
  },
};

const joinRoom = 10;
const roomData = 13;
/** MessagePack: a string of up to 31 bytes; one with a byte, or two, for its length. */
const shortString = 0xa0;
const string8 = 0xd9;
const string16 = 0xda;

/** Colyseus: a seat by HTTP, then `[10]` joins and `[13, type, payload]` (both in MessagePack) is a message. */
const colyseus: Dialect = {
  isReadyWhenOpen: false,
  request: async (room, port) => {
    const [, app = "echo", name = ""] = room.split("/");
    const response = await fetch(`http://127.0.0.1:${port}/matchmake/joinOrCreate/${app}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name }),
    });
    const seat = (await response.json()) as {
      readonly sessionId: string;
      readonly room?: { readonly processId: string; readonly roomId: string };
    };
    if (seat.room === undefined) throw new Error(`no seat: ${JSON.stringify(seat)}`);
    return `/${seat.room.processId}/${seat.room.roomId}?sessionId=${seat.sessionId}`;
  },
  message: (contentBytes) => {
    const head = contentBytes < 256 ? [string8, contentBytes] : [string16, contentBytes >> 8, contentBytes & 0xff];
    const content = Buffer.alloc(contentBytes, "a");
    const type = [shortString | 1, "m".charCodeAt(0)];
    return clientFrame(opcodes.binary, Buffer.concat([Buffer.from([roomData, ...type, ...head]), content]));
  },
  hear: (opcode, bytes, start, length) => {
    if (opcode !== opcodes.binary) return control(opcode, bytes, start, length);
    if (bytes[start] === roomData) return data;
    return bytes[start] === joinRoom
      ? { kind: "ready", reply: clientFrame(opcodes.binary, Buffer.from([joinRoom])) }
      : other;
  },
};

const syncMessage = 0;
const authMessage = 2;
const syncUpdate = 2;

/** y-websocket: `[0, 2, update]` with the update's length in front; what else the server says needs no answer here. */
const yWebsocket: Dialect = {
  ...plain,
  script: () => typedUpdates().map((update) => clientFrame(opcodes.binary, syncFrame(update))),
  hear: (opcode, bytes, start, length) => {
    if (opcode !== opcodes.binary) return control(opcode, bytes, start, length);
    return bytes[start] === syncMessage && bytes[start + 1] === syncUpdate ? data : other;
  },
};

/** Hocuspocus: the same behind the document's name, after a token that nobody checks. */
const hocuspocus: Dialect = {
  ...plain,
  isReadyWhenOpen: false,
  request: () => "/",
  opening: (room) => clientFrame(opcodes.binary, Buffer.concat([named(room), Buffer.from([authMessage, 0, 0])])),
  script: (room) =>
    typedUpdates().map((update) => clientFrame(opcodes.binary, Buffer.concat([named(room), syncFrame(update)]))),
  hear: (opcode, bytes, start, length) => {
    if (opcode !== opcodes.binary) return control(opcode, bytes, start, length);
    const at = start + 1 + (bytes[start] ?? 0);
    if (bytes[at] === authMessage) return { kind: "ready" };
    return bytes[at] === syncMessage && bytes[at + 1] === syncUpdate ? data : other;
  },
};

export const dialects: Readonly<Record<DialectName, Dialect>> = {
  plain,
  "socket.io": socketIo,
  colyseus,
  "y-websocket": yWebsocket,
  hocuspocus,
};

/** Names and updates here are shorter than 128 bytes, whose length is one byte. */
function shortLength(bytes: Uint8Array): Buffer {
  if (bytes.length > 127) throw new RangeError("longer than its length can say");
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function named(room: string): Buffer {
  return shortLength(Buffer.from(room));
}

function syncFrame(update: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([syncMessage, syncUpdate]), shortLength(update)]);
}

function text(content: string): Buffer {
  return clientFrame(opcodes.text, Buffer.from(content));
}

function control(opcode: number, bytes: Buffer, start: number, length: number): Heard {
  if (opcode === opcodes.close) return closed;
  if (opcode !== opcodes.ping) return other;
  return { kind: "other", reply: clientFrame(opcodes.pong, bytes.subarray(start, start + length)) };
}
