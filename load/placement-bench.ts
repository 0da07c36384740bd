import { deriveHashKey } from "../gateway/cluster/keyed-hash.ts";
import { createPlacement } from "../gateway/cluster/rendezvous.ts";
import type { RoomKey, ServerId } from "../gateway/wire/ids.ts";

/** Cost of one placement lookup by number of servers. Build, then `node dist/load/placement-bench.js`. */
const key = deriveHashKey("bench");
const rooms = Array.from({ length: 4096 }, (_, n) => `game/arena-${(n * 2654435761) >>> 0}` as RoomKey);

for (const count of [10, 100, 1000, 10_000]) {
  const servers = Array.from({ length: count }, (_, n) => ({ id: `server-${n}` as ServerId, weight: 1 + (n % 3) }));
  const placement = createPlacement(key, servers);
  const first = microsecondsPerCall((room) => placement.first(room)?.length ?? 0);
  const three = microsecondsPerCall((room) => placement.ranked(room, 3).length);
  console.log(
    `${String(count).padStart(6)} servers: first ${first.toFixed(2).padStart(6)} µs, ranked 3 ${three.toFixed(2).padStart(6)} µs`,
  );
}

/** The best of five rounds of about 100 ms each: the least disturbed one. The sum keeps the work from being optimized away. */
function microsecondsPerCall(lookup: (room: RoomKey) => number): number {
  let best = Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let round = 0; round < 5; round += 1) {
    const startedMs = performance.now();
    let calls = 0;
    let elapsedMs = 0;
    while (elapsedMs < 100) {
      for (let n = 0; n < 256; n += 1) sum += lookup(rooms[(calls + n) % rooms.length] as RoomKey);
      calls += 256;
      elapsedMs = performance.now() - startedMs;
    }
    best = Math.min(best, (elapsedMs * 1000) / calls);
  }
  if (sum === 0) throw new Error("nothing was looked up");
  return best;
}
