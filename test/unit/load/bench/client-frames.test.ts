import { describe, expect, it } from "vitest";
import { clientFrame, opcodes, walkFrames } from "../../../../load/bench/generator/client-frames.ts";

/** RFC 6455, 5.2, read the slow way. */
function readClientFrame(frame: Buffer) {
  const short = (frame[1] ?? 0) & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  const length = extended === 2 ? frame.readUInt16BE(2) : extended === 8 ? Number(frame.readBigUInt64BE(2)) : short;
  const maskAt = 2 + extended;
  const mask = frame.subarray(maskAt, maskAt + 4);
  const content = frame.subarray(maskAt + 4).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return { first: frame[0], isMasked: ((frame[1] ?? 0) & 0x80) !== 0, mask: [...mask], length, content };
}

function serverFrame(bytes: number): Buffer {
  const content = Buffer.alloc(bytes, "y");
  if (bytes < 126) return Buffer.concat([Buffer.from([0x82, bytes]), content]);
  if (bytes < 65_536) return Buffer.concat([Buffer.from([0x82, 126, bytes >> 8, bytes & 0xff]), content]);
  return Buffer.concat([
    Buffer.from([0x82, 127, 0, 0, 0, 0, 0, bytes >> 16, (bytes >> 8) & 0xff, bytes & 0xff]),
    content,
  ]);
}

describe("frames of the load generator", () => {
  it.each([0, 64, 125, 126, 65_535, 65_536])("hold what they are given, masked by no zeros: %i bytes", (bytes) => {
    const content = Buffer.alloc(bytes, "x");
    const { first, isMasked, mask, length, content: read } = readClientFrame(clientFrame(opcodes.binary, content));
    expect({ first, isMasked, length }).toEqual({ first: 0x82, isMasked: true, length: bytes });
    expect(mask).not.toContain(0);
    expect(content.equals(read)).toBe(true);
  });

  it("walks over whole frames and answers where the unfinished one begins", () => {
    const frames = [3, 126, 65_536].map(serverFrame);
    const all = Buffer.concat(frames);
    const wholeBytes = (frames[0]?.length ?? 0) + (frames[1]?.length ?? 0);
    const walk = (end: number): number[] => {
      const seen: number[] = [];
      const done = walkFrames(all, end, (opcode, bytes, start, length) => {
        expect([opcode, bytes[start]]).toEqual([opcodes.binary, "y".charCodeAt(0)]);
        seen.push(length);
      });
      return [done, ...seen];
    };
    expect(walk(all.length)).toEqual([all.length, 3, 126, 65_536]);
    for (const end of [all.length - 1, wholeBytes + 9, wholeBytes + 1]) expect(walk(end)).toEqual([wholeBytes, 3, 126]);
    for (const end of [0, 1, 4]) expect(walk(end)).toEqual([0]);
  });
});
