import type { RoomKey, ServerId } from "../../../gateway/wire/ids.ts";

/** What a placement must do, written down once, so that the ones that cannot do it are seen to fail. Each answers its findings. */

export interface Server {
  readonly id: ServerId;
  readonly weight: number;
}

/** Builds the placement of one set of servers; the answer gives a room's first choice. */
export type Contender = (servers: readonly Server[]) => (room: RoomKey) => ServerId | undefined;

export interface Change {
  readonly room: RoomKey;
  readonly from: ServerId | undefined;
  readonly to: ServerId | undefined;
}

export const makeServers = (count: number, weightOf: (n: number) => number = () => 1): Server[] =>
  Array.from({ length: count }, (_, n) => ({ id: `server-${n + 1}` as ServerId, weight: weightOf(n) }));

export const makeRooms = (count: number): RoomKey[] =>
  Array.from({ length: count }, (_, n) => `game/arena-${n + 1}` as RoomKey);

/** Rooms whose first choice differs between two sets of servers. */
export function changesBetween(
  place: Contender,
  before: readonly Server[],
  after: readonly Server[],
  rooms: readonly RoomKey[],
): Change[] {
  const placeBefore = place(before);
  const placeAfter = place(after);
  return rooms
    .map((room) => ({ room, from: placeBefore(room), to: placeAfter(room) }))
    .filter((change) => change.from !== change.to);
}

/** Taking `gone` out: rooms that moved though they were not on it. */
export function movedByRemoval(
  place: Contender,
  servers: readonly Server[],
  gone: ServerId,
  rooms: readonly RoomKey[],
): Change[] {
  const left = servers.filter((server) => server.id !== gone);
  return changesBetween(place, servers, left, rooms).filter((change) => change.from !== gone);
}

/** `joiner` comes in: rooms that moved, but not to it. */
export function movedElsewhereByJoin(
  place: Contender,
  servers: readonly Server[],
  joiner: Server,
  rooms: readonly RoomKey[],
): Change[] {
  return changesBetween(place, servers, [...servers, joiner], rooms).filter((change) => change.to !== joiner.id);
}

/** How often each server is the first choice. */
export function countFirst(
  place: Contender,
  servers: readonly Server[],
  rooms: readonly RoomKey[],
): Map<ServerId, number> {
  const counts = new Map(servers.map((server) => [server.id, 0]));
  const choose = place(servers);
  for (const room of rooms) {
    const id = choose(room);
    if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** Where the rooms of `gone` go when it dies: counts by survivor. */
export function heirsOf(
  place: Contender,
  servers: readonly Server[],
  gone: ServerId,
  rooms: readonly RoomKey[],
): Map<ServerId, number> {
  const survivors = servers.filter((server) => server.id !== gone);
  const choose = place(servers);
  return countFirst(
    place,
    survivors,
    rooms.filter((room) => choose(room) === gone),
  );
}

/**
 * Chi-square of counts against the servers' weights, as a share of the value that pure chance exceeds once in a million times:
 * above 1 is not chance.
 */
export function imbalance(counts: ReadonlyMap<ServerId, number>, servers: readonly Server[]): number {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const weights = servers.reduce((sum, server) => sum + server.weight, 0);
  let chiSquare = 0;
  for (const { id, weight } of servers) {
    const expected = (total * weight) / weights;
    chiSquare += ((counts.get(id) ?? 0) - expected) ** 2 / expected;
  }
  return chiSquare / criticalChiSquare(servers.length - 1);
}

/** The quantile 1 - 1e-6, by the approximation of Wilson and Hilferty. */
function criticalChiSquare(degrees: number): number {
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + 4.7534 * Math.sqrt(spread)) ** 3;
}
