import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import type { PeerIdentity } from "./link.ts";

/** Both sides of one connection as the handshake has named them. */
export interface Introduction {
  readonly dialer: PeerIdentity;
  readonly dialerNonce: Uint8Array;
  readonly listener: PeerIdentity;
  readonly listenerNonce: Uint8Array;
}

/** Says whose proof it is, so that a proof cannot be sent back to where it came from. */
const proverBytes = { listener: 1, dialer: 2 } as const;
export type Prover = keyof typeof proverBytes;

const label = "roomgate-trunk-1";

/** Keeps the secret out of logs and of what inspects an object. Throws for an empty one. */
export function makeTrunkKey(secret: string | Uint8Array): KeyObject {
  const bytes = typeof secret === "string" ? Buffer.from(secret, "utf8") : secret;
  if (bytes.length === 0) throw new RangeError("the trunk's secret is empty");
  return createSecretKey(bytes);
}

/** HMAC-SHA-256 over label, prover, nonces and identities; each with its length in front, so that no two inputs read the same. */
export function makeProof(key: KeyObject, prover: Prover, introduction: Introduction): Uint8Array {
  const { dialer, dialerNonce, listener, listenerNonce } = introduction;
  const hmac = createHmac("sha256", key);
  const fields = [
    Buffer.from(label, "utf8"),
    Uint8Array.of(proverBytes[prover]),
    dialerNonce,
    listenerNonce,
    ...identityFields(dialer),
    ...identityFields(listener),
  ];
  for (const field of fields) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(field.length);
    hmac.update(length).update(field);
  }
  return new Uint8Array(hmac.digest());
}

/** Takes the same time for every proof of the right length. */
export function isProof(key: KeyObject, prover: Prover, introduction: Introduction, proof: Uint8Array): boolean {
  const expected = makeProof(key, prover, introduction);
  return proof.length === expected.length && timingSafeEqual(proof, expected);
}

function identityFields(identity: PeerIdentity): Uint8Array[] {
  return [identity.role, identity.id, identity.instance].map((text) => Buffer.from(text, "utf8"));
}
