import { deriveHashKey, sipHash } from "../../../../gateway/cluster/keyed-hash.ts";
import type { Contender } from "../placement-oracles.ts";

const key = deriveHashKey("control");

/** Jump consistent hash (Lamping and Veach 2014): it knows only numbered buckets, so that taking one out renumbers the rest. */
export const jump: Contender = (servers) => (room) => {
  const { high, low } = sipHash(key, room);
  let state = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  let bucket = -1;
  let next = 0;
  while (next < servers.length) {
    bucket = next;
    state = BigInt.asUintN(64, state * 2862933555777941757n + 1n);
    next = Math.floor((bucket + 1) * (2 ** 31 / (Number(state >> 33n) + 1)));
  }
  return servers[bucket]?.id;
};
