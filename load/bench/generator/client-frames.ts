import { randomBytes } from "node:crypto";

/** Frames of a WebSocket client (RFC 6455, 5.2), made once and sent many times. */
export const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Not zero: some servers skip the unmasking of a mask of zeros, which no real client sends. */
const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
const mediumLength = 126;
const longLength = 127;
const mediumBytesMax = 0xffff;

/** One whole masked frame. */
export function clientFrame(opcode: number, payload: Uint8Array): Buffer {
  const header = headerFor(opcode, payload.length);
  const masked = Buffer.from(payload);
  for (let at = 0; at < masked.length; at += 1) masked[at] = (masked[at] ?? 0) ^ (mask[at % 4] ?? 0);
  return Buffer.concat([header, mask, masked]);
}

function headerFor(opcode: number, payloadBytes: number): Buffer {
  if (payloadBytes < mediumLength) return Buffer.from([0x80 | opcode, 0x80 | payloadBytes]);
  if (payloadBytes > mediumBytesMax) {
    const header = Buffer.alloc(10);
    header.writeUInt16BE(((0x80 | opcode) << 8) | 0x80 | longLength);
    header.writeBigUInt64BE(BigInt(payloadBytes), 2);
    return header;
  }
  const header = Buffer.alloc(4);
  header.writeUInt16BE(((0x80 | opcode) << 8) | 0x80 | mediumLength);
  header.writeUInt16BE(payloadBytes, 2);
  return header;
}

/**
 * Calls `onFrame` for every whole frame of a server (not masked, not fragmented) in the first `end` bytes; answers where the unfinished
 * rest begins. The payload is `bytes[start..start + length]`, valid during the call.
 */
export function walkFrames(
  bytes: Buffer,
  end: number,
  onFrame: (opcode: number, bytes: Buffer, start: number, length: number) => void,
): number {
  let at = 0;
  while (at + 2 <= end) {
    let length = (bytes[at + 1] ?? 0) & 0x7f;
    let start = at + 2;
    if (length === mediumLength) {
      if (at + 4 > end) break;
      length = bytes.readUInt16BE(at + 2);
      start = at + 4;
    } else if (length === longLength) {
      if (at + 10 > end) break;
      length = Number(bytes.readBigUInt64BE(at + 2));
      start = at + 10;
    }
    if (start + length > end) break;
    onFrame((bytes[at] ?? 0) & 0x0f, bytes, start, length);
    at = start + length;
  }
  return at;
}

/** What asks for the upgrade. */
export function upgradeRequest(path: string, port: number): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    "\r\n",
  ].join("\r\n");
}
