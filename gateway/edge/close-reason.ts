import { reasonBytesMax } from "../wire/frame-layout.ts";

/** The reason's UTF-8 bytes, cut before the character that would not fit whole. */
export function closeReason(reason: string): Uint8Array {
  const bytes = Buffer.from(reason, "utf8");
  if (bytes.length <= reasonBytesMax) return bytes;
  let end = reasonBytesMax;
  // Bytes 10xxxxxx continue a character: step back to where one begins.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}
