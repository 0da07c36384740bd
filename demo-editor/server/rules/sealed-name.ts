import * as sha256 from "lib0/hash/sha256";

/**
 * A sealed document's name ends in `~` and a fingerprint of its key. Who knows the name reads; who has the key writes, too: the name
 * itself says which key is right, so nothing has to be stored or asked. Any other name may be written by all who know it.
 */
const sealPattern = /~([A-Za-z0-9_-]{22})$/;
const fingerprintBytes = 16;
const namePattern = /^[A-Za-z0-9._~:-]{1,128}$/;

/** CONTRACT: 1 to 128 of `A-Z a-z 0-9 . _ ~ : -`. */
export function isDocumentName(text: string): boolean {
  return namePattern.test(text);
}

export function isSealed(name: string): boolean {
  return sealPattern.test(name);
}

/** `title` with the seal that `key` opens. */
export function sealName(title: string, key: string): string {
  return `${title}~${fingerprintOf(key)}`;
}

/** EDIT-5: whether whoever shows `key` may write: always in a document that is not sealed. */
export function mayWrite(name: string, key: string | null): boolean {
  const seal = sealPattern.exec(name)?.[1];
  return seal === undefined || (key !== null && key.length <= 128 && fingerprintOf(key) === seal);
}

/** 128 bits of SHA-256 as 22 letters of base64url. */
function fingerprintOf(key: string): string {
  return toBase64Url(sha256.digest(new TextEncoder().encode(key)).subarray(0, fingerprintBytes));
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Without padding. The page has no Buffer, and `btoa` has another alphabet. */
export function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let place = 0; place < Math.min(left, 3) + 1; place += 1) text += alphabet[(group >> (18 - 6 * place)) & 63];
  }
  return text;
}
