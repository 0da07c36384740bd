import { describe, expect, test } from "vitest";
import { PieceReader, sendPieces } from "../../../gateway/wire/message-pieces.ts";

const kibibyte = 1024;
const messageBytesMax = 18 * kibibyte * kibibyte;

function bytesOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) bytes[at] = at % 251;
  return bytes;
}

function piecesOf(message: Uint8Array): { bytes: Uint8Array; isLast: boolean }[] {
  const pieces: { bytes: Uint8Array; isLast: boolean }[] = [];
  sendPieces(message, (bytes, isLast) => pieces.push({ bytes, isLast }));
  return pieces;
}

function announcementOf(length: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(length);
  return bytes;
}

describe("WIRE-3: a message above 256 KiB travels in pieces", () => {
  test.each([5, 256 * kibibyte])("one of %i bytes goes as it is, uncopied", (length) => {
    const message = bytesOf(length);
    const pieces = piecesOf(message);
    expect(pieces).toHaveLength(1);
    expect(pieces[0]?.bytes).toBe(message);
    expect(pieces[0]?.isLast).toBe(true);
    expect(new PieceReader().read(message)).toBe(message);
  });

  test.each([
    [256 * kibibyte + 1, [4, 256 * kibibyte, 1]],
    [512 * kibibyte, [4, 256 * kibibyte, 256 * kibibyte]],
    [600_000, [4, 256 * kibibyte, 256 * kibibyte, 75_712]],
  ])("one of %i bytes behind its length", (length, lengths) => {
    const pieces = piecesOf(bytesOf(length));
    expect(pieces.map(({ bytes }) => bytes.length)).toEqual(lengths);
    expect(pieces.map(({ isLast }) => isLast)).toEqual(lengths.map((_length, index) => index === lengths.length - 1));
    expect(Buffer.from(pieces[0]?.bytes ?? []).readUInt32LE()).toBe(length);
  });
});

describe("WIRE-8: pieces become the message again", () => {
  test("one after the other, with small ones in between, whatever becomes of the pieces' memory", () => {
    const reader = new PieceReader();
    const sent = [600_000, 16, 256 * kibibyte, messageBytesMax, 300_000, 20].map(bytesOf);
    const read: Buffer[] = [];
    for (const message of sent) {
      for (const { bytes } of piecesOf(message)) {
        const lent = Uint8Array.from(bytes);
        const whole = reader.read(lent);
        if (whole === "fault") throw new Error("a fault");
        if (whole !== "unfinished") read.push(Buffer.from(whole));
        lent.fill(0xff);
      }
    }
    expect(read.map((bytes) => bytes.length)).toEqual(sent.map((bytes) => bytes.length));
    expect(read.every((bytes, index) => bytes.equals(sent[index] ?? new Uint8Array()))).toBe(true);
  });
});

describe("WIRE-2: pieces in any other order are a fault", () => {
  test.each([0, 1, 256 * kibibyte, messageBytesMax + 1, 0xffff_ffff])("an announcement of %i bytes", (length) => {
    expect(new PieceReader().read(announcementOf(length))).toBe("fault");
  });

  const half = 256 * kibibyte;
  test.each([
    ["an empty piece", [0]],
    ["a piece that is short", [half - 1]],
    ["a piece that is long", [half + 1]],
    ["a last piece that is short", [half, 43]],
    ["a last piece that is long", [half, 45]],
  ])("%s", (_name, lengths) => {
    const reader = new PieceReader();
    expect(reader.read(announcementOf(half + 44))).toBe("unfinished");
    const answers = lengths.map((length) => reader.read(new Uint8Array(length)));
    expect(answers).toEqual(lengths.map((_length, index) => (index === lengths.length - 1 ? "fault" : "unfinished")));
  });
});
