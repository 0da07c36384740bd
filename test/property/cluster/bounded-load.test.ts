import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  claimed,
  claimsIn,
  loadFactor,
  looked,
  mayClaim,
  noRecentClaims,
  type RecentClaims,
  type ServerLoad,
} from "../../../gateway/cluster/bounded-load.ts";
import { deriveHashKey } from "../../../gateway/cluster/keyed-hash.ts";
import { createPlacement } from "../../../gateway/cluster/rendezvous.ts";
import type { RoomKey, ServerId } from "../../../gateway/wire/ids.ts";
import { makeRooms, makeServers, type Server } from "./placement-oracles.ts";

const anyLoad: fc.Arbitrary<ServerLoad> = fc.record({
  rooms: fc.nat(10_000),
  weight: fc.double({ min: 0.1, max: 10, noNaN: true }),
});

describe("mayClaim, for any loads", () => {
  it("PLACE-9: with true numbers at least one server may claim", () => {
    fc.assert(
      fc.property(fc.array(anyLoad, { minLength: 1, maxLength: 20 }), (loads) => {
        const verdicts = loads.map((own) =>
          mayClaim({
            ownRooms: own.rooms,
            ownWeight: own.weight,
            others: loads.filter((load) => load !== own),
            claimsSinceView: 0,
          }),
        );
        expect(verdicts.some((verdict) => verdict.ok)).toBe(true);
      }),
    );
  });

  it("PLACE-9: with true numbers nobody gets above 1.25 × its share, rounded up", () => {
    fc.assert(
      fc.property(anyLoad, fc.array(anyLoad, { maxLength: 20 }), (own, others) => {
        const verdict = mayClaim({ ownRooms: own.rooms, ownWeight: own.weight, others, claimsSinceView: 0 });
        const rooms = others.reduce((sum, load) => sum + load.rooms, own.rooms + 1);
        const weight = others.reduce((sum, load) => sum + load.weight, own.weight);
        const share = (rooms * own.weight) / weight;
        const after = own.rooms + 1;
        if (verdict.ok) expect(after).toBeLessThanOrEqual(Math.ceil(loadFactor * share * (1 + 1e-12)));
        else expect(after).toBeGreaterThan(loadFactor * share * (1 - 1e-12));
      }),
    );
  });
});

interface Simulated {
  readonly server: Server;
  rooms: number;
  recent: RecentClaims;
  /** What the others' rows said at this server's last look: as old as their last heartbeat was then. */
  view: Map<ServerId, number>;
  row: number;
}

interface Outcome {
  readonly rooms: Map<ServerId, number>;
  readonly refusals: number;
  readonly forced: number;
}

/**
 * Rooms come one after the other; each is offered to the servers in `rankOf`'s order. All heartbeat once in `roomsPerHeartbeat`
 * arrivals, each at its own phase: it publishes its count, then reads the rows of the others.
 */
function simulate(
  servers: readonly Server[],
  rooms: readonly RoomKey[],
  rankOf: (room: RoomKey) => ServerId[],
  options: {
    roomsPerHeartbeat: number;
    before?: ReadonlyMap<ServerId, number>;
    isBounded?: boolean;
    countClaims?: (recent: RecentClaims) => number;
  },
): Outcome {
  const { roomsPerHeartbeat, before = new Map(), isBounded = true, countClaims = claimsIn } = options;
  const peers = servers.map((server): Simulated => {
    const held = before.get(server.id) ?? 0;
    return { server, rooms: held, recent: noRecentClaims, view: new Map(before), row: held };
  });
  const byId = new Map(peers.map((peer) => [peer.server.id, peer]));
  let refusals = 0;
  let forced = 0;
  for (const [arrival, room] of rooms.entries()) {
    for (const [index, peer] of peers.entries()) {
      const phase = Math.floor((index * roomsPerHeartbeat) / peers.length);
      if (arrival % roomsPerHeartbeat !== phase) continue;
      peer.row = peer.rooms;
      peer.view = new Map(peers.map((other) => [other.server.id, other.row]));
      peer.recent = looked(peer.recent);
    }
    const ranked = rankOf(room).flatMap((id) => byId.get(id) ?? []);
    const taker = ranked.find((peer) => {
      const others = peers
        .filter((other) => other !== peer)
        .map(({ server }) => ({ rooms: peer.view.get(server.id) ?? 0, weight: server.weight }));
      const { rooms: ownRooms, recent } = peer;
      const claimsSinceView = countClaims(recent);
      const { ok } = mayClaim({ ownRooms, ownWeight: peer.server.weight, others, claimsSinceView });
      if (!ok) refusals += 1;
      return ok || !isBounded;
    });
    if (taker === undefined) forced += 1;
    const owner = taker ?? ranked[0];
    if (owner === undefined) throw new Error("no server at all");
    owner.rooms += 1;
    owner.recent = claimed(owner.recent);
  }
  return { rooms: new Map(peers.map((peer) => [peer.server.id, peer.rooms])), refusals, forced };
}

/** The highest load, as a multiple of the fair share by weight. */
function worstLoad(outcome: Outcome, servers: readonly Server[]): number {
  const total = [...outcome.rooms.values()].reduce((a, b) => a + b);
  const weights = servers.reduce((sum, server) => sum + server.weight, 0);
  return Math.max(...servers.map(({ id, weight }) => ((outcome.rooms.get(id) ?? 0) * weights) / (total * weight)));
}

const rankBy = (servers: readonly Server[]) => {
  const placement = createPlacement(deriveHashKey("bounded load"), servers);
  return (room: RoomKey) => placement.ranked(room, servers.length);
};

describe("claims with stale views", () => {
  const rooms = makeRooms(1000);

  it.each([
    { title: "3 equals", servers: makeServers(3) },
    { title: "8 equals", servers: makeServers(8) },
    { title: "weights 1, 2, 4", servers: makeServers(3, (n) => 2 ** n) },
    { title: "weights 0.5 and 1 by turns", servers: makeServers(6, (n) => (n % 2 === 0 ? 0.5 : 1)) },
  ])(
    "PLACE-10: a burst of 1000 rooms ends within 1.25, whatever part of it one heartbeat sees: $title",
    ({ servers }) => {
      for (const roomsPerHeartbeat of [1, 10, 100, 1000, 5000]) {
        const outcome = simulate(servers, rooms, rankBy(servers), { roomsPerHeartbeat });
        expect(worstLoad(outcome, servers)).toBeLessThanOrEqual(loadFactor + 0.01);
        expect(outcome.forced).toBe(0);
      }
    },
  );

  it("PLACE-10: a burst within the first heartbeat is hardly ever refused", () => {
    const servers = makeServers(4);
    const outcome = simulate(servers, rooms, rankBy(servers), { roomsPerHeartbeat: 5000 });
    expect(outcome.refusals).toBe(0);
  });

  it("PLACE-10: rows are older than the look at them: the claims since that look alone would refuse rooms everywhere", () => {
    const servers = makeServers(4);
    const countClaims = (recent: RecentClaims) => recent.sinceLook;
    const outcome = simulate(servers, rooms, rankBy(servers), { roomsPerHeartbeat: 100, countClaims });
    expect(outcome.forced).toBeGreaterThan(10);
  });

  it("PLACE-9: a skew is bounded, but for what two heartbeats cannot see", () => {
    const servers = makeServers(4);
    const skewed = (): ServerId[] => servers.map((server) => server.id);
    const roomsPerHeartbeat = 25;
    const outcome = simulate(servers, rooms, skewed, { roomsPerHeartbeat });
    const fair = rooms.length / servers.length;
    for (const held of outcome.rooms.values()) {
      expect(held).toBeLessThanOrEqual(Math.ceil(loadFactor * fair) + 2 * roomsPerHeartbeat);
    }
    expect(outcome.forced).toBe(0);
    // The control: without the bound the first in rank has them all.
    const unbounded = simulate(servers, rooms, skewed, { roomsPerHeartbeat, isBounded: false });
    expect(worstLoad(unbounded, servers)).toBe(4);
  });

  it("PLACE-10: the rooms of a server that died are taken by the survivors at once", () => {
    const four = makeServers(4);
    const survivors = four.slice(1);
    const before = new Map(four.map((server) => [server.id, 1000]));
    const outcome = simulate(survivors, rooms, rankBy(survivors), { roomsPerHeartbeat: 5000, before });
    expect(outcome).toMatchObject({ refusals: 0, forced: 0 });
    expect(worstLoad(outcome, survivors)).toBeLessThan(1.05);
  });

  it("PLACE-9: a server that joins empty gets its share of new rooms, and the full ones refuse none wrongly", () => {
    const servers = makeServers(4);
    const before = new Map(servers.slice(1).map((server) => [server.id, 1000]));
    const outcome = simulate(servers, rooms, rankBy(servers), { roomsPerHeartbeat: 100, before });
    expect(outcome.forced).toBe(0);
    expect(outcome.rooms.get("server-1" as ServerId)).toBeGreaterThan(230);
    expect(worstLoad(outcome, servers)).toBeLessThanOrEqual(1.3);
  });
});
