/** Numbers of 4 bytes, little-endian, as `bind`, `bound`, `ack` and `multicast` carry them (PROTOCOL.md). */

export const numberBytes = 4;
export const pairBytes = 8;

export function readNumber(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return low + (bytes[at + 3] ?? 0) * 0x100_0000;
}

/** `pairs`: first, second, first, second, … */
export function packNumbers(numbers: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(numbers.length * numberBytes);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < numbers.length; index += 1) {
    view.setUint32(index * numberBytes, numbers[index] ?? 0, true);
  }
  return bytes;
}

/** A part of a pair at the end is left out. */
export function readPairs(bytes: Uint8Array): Map<number, number> {
  const pairs = new Map<number, number>();
  for (let at = 0; at + pairBytes <= bytes.length; at += pairBytes) {
    pairs.set(readNumber(bytes, at), readNumber(bytes, at + numberBytes));
  }
  return pairs;
}
