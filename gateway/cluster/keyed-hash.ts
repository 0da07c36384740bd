import { createHmac } from "node:crypto";

/** 128 bits as four words of 32, the lowest first. */
export type HashKey = readonly [number, number, number, number];

/** 64 bits as two words of 32; both are to be read as bits, their sign means nothing. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/**
 * The key of a cluster's placement: every process that has the same secret has the same key, and who does not have it cannot
 * tell where a room will go. The secret itself cannot be computed from it.
 */
export function deriveHashKey(secret: string): HashKey {
  const digest = createHmac("sha256", secret).update("roomgate-placement-1").digest();
  return [digest.readInt32LE(0), digest.readInt32LE(4), digest.readInt32LE(8), digest.readInt32LE(12)];
}

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) of ASCII text: a keyed hash that stays unpredictable to whoever chooses the text.
 * Each 64-bit word of the paper is a pair of 32-bit words here, since BigInt is some fifty times slower.
 *
 * @throws RangeError for text that is not ASCII. Room keys and member ids are, by their grammar.
 */
export function sipHash(key: HashKey, text: string): Hash64 {
  const [k0l, k0h, k1l, k1h] = key;
  let v0l = k0l ^ 0x70736575;
  let v0h = k0h ^ 0x736f6d65;
  let v1l = k1l ^ 0x6e646f6d;
  let v1h = k1h ^ 0x646f7261;
  let v2l = k0l ^ 0x6e657261;
  let v2h = k0h ^ 0x6c796765;
  let v3l = k1l ^ 0x79746573;
  let v3h = k1h ^ 0x74656462;

  // Whole words of text, then the last one with the length in its top byte, then a pass without text that finishes.
  const lastWord = text.length >>> 3;
  for (let pass = 0; pass <= lastWord + 1; pass += 1) {
    let wordLow = 0;
    let wordHigh = 0;
    let rounds = 2;
    if (pass <= lastWord) {
      wordLow = readWord(text, pass * 8);
      wordHigh = readWord(text, pass * 8 + 4);
      if (pass === lastWord) wordHigh |= text.length << 24;
      v3l ^= wordLow;
      v3h ^= wordHigh;
    } else {
      v2l ^= 0xff;
      rounds = 4;
    }

    for (let round = 0; round < rounds; round += 1) {
      let low = (v0l + v1l) | 0;
      v0h = (v0h + v1h + carry(low, v1l)) | 0;
      v0l = low;
      let bits = (v1l << 13) | (v1h >>> 19);
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
      v1l = bits ^ v0l;
      bits = v0l;
      v0l = v0h;
      v0h = bits;

      low = (v2l + v3l) | 0;
      v2h = (v2h + v3h + carry(low, v3l)) | 0;
      v2l = low;
      bits = (v3l << 16) | (v3h >>> 16);
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
      v3l = bits ^ v2l;

      low = (v0l + v3l) | 0;
      v0h = (v0h + v3h + carry(low, v3l)) | 0;
      v0l = low;
      bits = (v3l << 21) | (v3h >>> 11);
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
      v3l = bits ^ v0l;

      low = (v2l + v1l) | 0;
      v2h = (v2h + v1h + carry(low, v1l)) | 0;
      v2l = low;
      bits = (v1l << 17) | (v1h >>> 15);
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
      v1l = bits ^ v2l;
      bits = v2l;
      v2l = v2h;
      v2h = bits;
    }
    v0l ^= wordLow;
    v0h ^= wordHigh;
  }
  return { high: v0h ^ v1h ^ v2h ^ v3h, low: v0l ^ v1l ^ v2l ^ v3l };
}

/** 1 if adding `addend` to a 32-bit word overflowed to `sum`. */
function carry(sum: number, addend: number): number {
  return sum >>> 0 < addend >>> 0 ? 1 : 0;
}

/** Four characters from `offset`, little-endian; zeros behind the end. */
function readWord(text: string, offset: number): number {
  let word = 0;
  const end = Math.min(text.length, offset + 4);
  for (let at = offset; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) throw new RangeError("only ASCII text can be hashed");
    word |= code << ((at - offset) * 8);
  }
  return word;
}
