import { deriveHashKey, sipHash } from "../../../../gateway/cluster/keyed-hash.ts";
import type { Contender } from "../placement-oracles.ts";

const key = deriveHashKey("control");
const tableLength = 65_537;

/** Maglev's table (Eisenbud et al. 2016): servers take slots in turn, so that a change shifts turns of servers it does not concern. */
export const maglev: Contender = (servers) => {
  const table = new Int32Array(tableLength).fill(-1);
  const permutations = servers.map(({ id }) => {
    const { high, low } = sipHash(key, id);
    return { offset: (high >>> 0) % tableLength, skip: ((low >>> 0) % (tableLength - 1)) + 1, next: 0 };
  });
  let filled = 0;
  while (filled < tableLength && servers.length > 0) {
    for (const [index, permutation] of permutations.entries()) {
      let slot: number;
      do {
        slot = (permutation.offset + permutation.next * permutation.skip) % tableLength;
        permutation.next += 1;
      } while (table[slot] !== -1);
      table[slot] = index;
      filled += 1;
      if (filled === tableLength) break;
    }
  }
  return (room) => servers[table[(sipHash(key, room).low >>> 0) % tableLength] ?? -1]?.id;
};
