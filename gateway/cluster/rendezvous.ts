import type { RoomKey, ServerId } from "../wire/ids.ts";
import { type HashKey, sipHash } from "./keyed-hash.ts";

export interface WeightedServer {
  readonly id: ServerId;
  /** Capacity relative to the others. From 1e-6 to 1e6, brought into it from outside; what is no positive number takes no rooms. */
  readonly weight: number;
}

/**
 * Which servers a room prefers: a pure function of the key, the room and the set of servers. It knows nothing of who owns
 * the room now (the journal's head says that) and nothing of who lives (membership does).
 */
export interface Placement {
  /** Those that can take rooms, ordered by id. */
  readonly servers: readonly WeightedServer[];
  /** The room's preferred server; `undefined` if there is none at all. The same as `ranked(room, 1)[0]`, but quicker. */
  first(room: RoomKey): ServerId | undefined;
  /** The first `count` servers in the room's order of preference: choice, standby, overflow. Fewer if there are fewer. */
  ranked(room: RoomKey, count: number): ServerId[];
}

/**
 * Weighted rendezvous hashing (Thaler and Ravishankar 1998; weights as by Schindelhauer and Schomaker 2005): each pair of
 * room and server draws an exponentially distributed number whose rate is the server's weight, and the smallest is preferred.
 * So a server's draws depend on nobody else: who leaves or joins does not change the order of the others.
 *
 * Made once per change of membership; holds 16 bytes a server besides the list. A tie goes to the smaller id.
 *
 * @throws RangeError if two servers have the same id.
 */
export function createPlacement(key: HashKey, servers: readonly WeightedServer[]): Placement {
  const usable = servers.filter((server) => server.weight > 0 && server.weight < Number.POSITIVE_INFINITY);
  usable.sort((a, b) => (a.id < b.id ? -1 : 1));
  const seedHigh = new Int32Array(usable.length);
  const seedLow = new Int32Array(usable.length);
  const meanDraw = new Float64Array(usable.length);
  for (const [index, { id, weight }] of usable.entries()) {
    if (id === usable[index - 1]?.id) throw new RangeError(`server ${id} is listed twice`);
    const seed = sipHash(key, id);
    seedHigh[index] = seed.high;
    seedLow[index] = seed.low;
    meanDraw[index] = 1 / Math.min(Math.max(weight, 1e-6), 1e6);
  }

  function first(room: RoomKey): ServerId | undefined {
    const { high, low } = sipHash(key, room);
    let bestDraw = Number.POSITIVE_INFINITY;
    let best = -1;
    for (let index = 0; index < meanDraw.length; index += 1) {
      const mean = meanDraw[index] ?? 0;
      const a = high ^ (seedHigh[index] ?? 0);
      const b = low ^ (seedLow[index] ?? 0);
      const upper = mix(a, b);
      if (upper * twoToMinus32 * mean >= bestDraw) continue;
      const draw = exponential(upper, mix(b, a)) * mean;
      if (draw < bestDraw) {
        bestDraw = draw;
        best = index;
      }
    }
    return usable[best]?.id;
  }

  function ranked(room: RoomKey, count: number): ServerId[] {
    const { high, low } = sipHash(key, room);
    const draws: number[] = [];
    const ids: ServerId[] = [];
    let worstDraw = count > 0 ? Number.POSITIVE_INFINITY : 0;
    for (let index = 0; index < meanDraw.length; index += 1) {
      const mean = meanDraw[index] ?? 0;
      const a = high ^ (seedHigh[index] ?? 0);
      const b = low ^ (seedLow[index] ?? 0);
      const upper = mix(a, b);
      if (upper * twoToMinus32 * mean >= worstDraw) continue;
      const draw = exponential(upper, mix(b, a)) * mean;
      const server = usable[index];
      if (draw >= worstDraw || server === undefined) continue;
      const place = placeAfterEquals(draws, draw);
      draws.splice(place, 0, draw);
      ids.splice(place, 0, server.id);
      if (ids.length > count) {
        draws.pop();
        ids.pop();
      }
      if (ids.length === count) worstDraw = draws[count - 1] ?? worstDraw;
    }
    return ids;
  }

  return Object.freeze({ servers: Object.freeze(usable), first, ranked });
}

const twoToMinus32 = 2 ** -32;
const twoToMinus52 = 2 ** -52;

/**
 * An exponentially distributed number of mean 1 from 52 random bits: -ln(1 - x). As -ln(1 - x) > x, and the upper 32 bits
 * alone bound x from below, whoever looks for the smallest draw can leave out nearly all logarithms without changing the answer.
 */
function exponential(upper: number, lower: number): number {
  return -Math.log1p(-(upper * 2 ** 20 + (lower >>> 12) + 0.5) * twoToMinus52);
}

/**
 * 32 well mixed bits, unsigned, of 64 that are secret already: the finalizer of MurmurHash3, once for each half. It need not be
 * a strong hash itself: its inputs are SipHash values of room and server, which nobody without the key knows.
 */
function mix(a: number, b: number): number {
  return finalize(finalize(a) + b);
}

function finalize(word: number): number {
  let bits = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** Where `draw` belongs in ascending `draws`, behind its equals: servers come by id, so that a tie goes to the smaller one. */
function placeAfterEquals(draws: readonly number[], draw: number): number {
  let from = 0;
  let to = draws.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((draws[middle] ?? 0) <= draw) from = middle + 1;
    else to = middle;
  }
  return from;
}
