import { deriveHashKey, sipHash } from "../../../../gateway/cluster/keyed-hash.ts";
import type { Contender } from "../placement-oracles.ts";

const key = deriveHashKey("control");
const pointsPerServer = 160;

/** A ring with 160 points a server (as in ketama): a dead server's 160 arcs go to at most 160 neighbours, in unequal pieces. */
export const ring: Contender = (servers) => {
  const points = servers
    .flatMap(({ id }) =>
      Array.from({ length: pointsPerServer }, (_, n) => ({ at: sipHash(key, `${id}#${n}`).low >>> 0, id })),
    )
    .sort((a, b) => a.at - b.at);
  return (room) => {
    const at = sipHash(key, room).low >>> 0;
    let from = 0;
    let to = points.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((points[middle]?.at ?? 0) < at) from = middle + 1;
      else to = middle;
    }
    return points[from % points.length]?.id;
  };
};
