import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deriveHashKey } from "../../../gateway/cluster/keyed-hash.ts";
import { createPlacement } from "../../../gateway/cluster/rendezvous.ts";
import type { RoomKey, ServerId } from "../../../gateway/wire/ids.ts";
import {
  type Contender,
  countFirst,
  heirsOf,
  imbalance,
  makeRooms,
  makeServers,
  movedByRemoval,
  movedElsewhereByJoin,
  type Server,
} from "./placement-oracles.ts";

const key = deriveHashKey("placement properties");
const rendezvous: Contender = (servers) => createPlacement(key, servers).first;

const anyWeight = fc.double({ min: 0.05, max: 20, noNaN: true });
const anyServer: fc.Arbitrary<Server> = fc.record({
  id: fc.stringMatching(/^[a-z0-9]{1,8}$/).map((id) => id as ServerId),
  weight: anyWeight,
});
const anyServers = fc.uniqueArray(anyServer, { selector: (server) => server.id, minLength: 1, maxLength: 24 });
const anyRooms = fc.array(
  fc.stringMatching(/^[A-Za-z0-9._~:-]{1,40}$/).map((id) => `game/${id}` as RoomKey),
  { minLength: 1, maxLength: 40 },
);
const all = Number.POSITIVE_INFINITY;

describe("rendezvous placement, for any servers and rooms", () => {
  it("PLACE-1: taking a server out leaves everybody else's order as it was", () => {
    fc.assert(
      fc.property(anyServers, anyRooms, fc.nat(), (servers, rooms, pick) => {
        const gone = servers[pick % servers.length]?.id;
        const before = createPlacement(key, servers);
        const after = createPlacement(
          key,
          servers.filter((server) => server.id !== gone),
        );
        for (const room of rooms) {
          expect(after.ranked(room, all)).toEqual(before.ranked(room, all).filter((id) => id !== gone));
        }
      }),
    );
  });

  it("PLACE-1: a server that joins only takes", () => {
    fc.assert(
      fc.property(anyServers, anyRooms, anyWeight, (servers, rooms, weight) => {
        const joiner = { id: "Joiner" as ServerId, weight };
        expect(movedElsewhereByJoin(rendezvous, servers, joiner, rooms)).toEqual([]);
      }),
    );
  });

  it("PLACE-2: a heavier weight only attracts: the server rises in every room's order, the others keep theirs", () => {
    const anyFactor = fc.double({ min: 1, max: 10, noNaN: true });
    fc.assert(
      fc.property(anyServers, anyRooms, fc.nat(), anyFactor, (servers, rooms, pick, factor) => {
        const chosen = servers[pick % servers.length]?.id as ServerId;
        const before = createPlacement(key, servers);
        const after = createPlacement(
          key,
          servers.map((server) => (server.id === chosen ? { ...server, weight: server.weight * factor } : server)),
        );
        for (const room of rooms) {
          const orderBefore = before.ranked(room, all);
          const orderAfter = after.ranked(room, all);
          expect(orderAfter.indexOf(chosen)).toBeLessThanOrEqual(orderBefore.indexOf(chosen));
          expect(orderAfter.filter((id) => id !== chosen)).toEqual(orderBefore.filter((id) => id !== chosen));
        }
      }),
    );
  });

  it("PLACE-3: any history of joins and leaves gives the same answer", () => {
    fc.assert(
      fc.property(anyServers, anyRooms, fc.infiniteStream(fc.nat()), (servers, rooms, chance) => {
        const shuffled = servers
          .map((server) => ({ server, at: chance.next().value ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ server }) => server);
        const straight = createPlacement(key, servers);
        const other = createPlacement(key, shuffled);
        for (const room of rooms) expect(other.ranked(room, all)).toEqual(straight.ranked(room, all));
      }),
    );
  });

  it("PLACE-4: `ranked` holds each server once, and `first` and shorter ranks are its beginning", () => {
    fc.assert(
      fc.property(anyServers, anyRooms, fc.nat(30), (servers, rooms, count) => {
        const placement = createPlacement(key, servers);
        for (const room of rooms) {
          const order = placement.ranked(room, all);
          expect([...order].sort()).toEqual(servers.map((server) => server.id).sort());
          expect(placement.ranked(room, count)).toEqual(order.slice(0, count));
          expect(placement.first(room)).toBe(order[0]);
        }
      }),
    );
  });
});

describe("rendezvous placement, at large", () => {
  const servers = makeServers(100);
  const rooms = makeRooms(50_000);

  it("PLACE-5: balance among equals is chance's", () => {
    expect(imbalance(countFirst(rendezvous, servers, rooms), servers)).toBeLessThan(1);
  });

  it("PLACE-5: balance is by weight", () => {
    const weighted = makeServers(40, (n) => [0.5, 1, 2, 7][n % 4] ?? 1);
    const counts = countFirst(rendezvous, weighted, rooms);
    expect(imbalance(counts, weighted)).toBeLessThan(1);
    // The same counts, judged as if all weighed the same, are far from balanced: the oracle does see weights.
    expect(imbalance(counts, makeServers(40))).toBeGreaterThan(10);
  });

  it("PLACE-4: leaving out logarithms changes no answer", () => {
    const placement = createPlacement(
      key,
      makeServers(8, (n) => 1 + (n % 3)),
    );
    for (const room of makeRooms(20_000)) expect(placement.first(room)).toBe(placement.ranked(room, all)[0]);
  });

  it("PLACE-5: second choices are balanced as well, and independent of the first", () => {
    const seven = makeServers(7);
    const placement = createPlacement(key, seven);
    for (const { id } of seven) {
      const standby: Contender = () => (room) => {
        const [first, second] = placement.ranked(room, 2);
        return first === id ? second : undefined;
      };
      const others = seven.filter((server) => server.id !== id);
      expect(imbalance(countFirst(standby, others, rooms), others)).toBeLessThan(1);
    }
  });

  it("PLACE-6: a dead server's rooms are spread over all survivors", () => {
    const many = makeRooms(200_000);
    const gone = "server-17" as ServerId;
    const survivors = servers.filter((server) => server.id !== gone);
    const heirs = heirsOf(rendezvous, servers, gone, many);
    expect(imbalance(heirs, survivors)).toBeLessThan(1);
    expect(Math.max(...heirs.values()) / [...heirs.values()].reduce((a, b) => a + b)).toBeLessThan(0.025);
  });

  it("PLACE-1: no room moves needlessly among 100 servers", () => {
    const gone = "server-17" as ServerId;
    const left = servers.filter((server) => server.id !== gone);
    expect(movedByRemoval(rendezvous, servers, gone, rooms)).toEqual([]);
    expect(movedElsewhereByJoin(rendezvous, left, { id: gone, weight: 1 }, rooms)).toEqual([]);
  });
});
