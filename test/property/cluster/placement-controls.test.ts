import { describe, expect, it } from "vitest";
import type { ServerId } from "../../../gateway/wire/ids.ts";
import { jump } from "./controls/jump.ts";
import { maglev } from "./controls/maglev.ts";
import { ring } from "./controls/ring.ts";
import {
  countFirst,
  heirsOf,
  imbalance,
  makeRooms,
  makeServers,
  movedByRemoval,
  movedElsewhereByJoin,
} from "./placement-oracles.ts";

/** Placements that DESIGN 6 has turned down. Each is a sound implementation, and must fail the oracle for which it was. */
describe("negative controls of the placement oracles", () => {
  const servers = makeServers(100);
  const gone = "server-17" as ServerId;
  const survivors = servers.filter((server) => server.id !== gone);
  const joiner = { id: "server-101" as ServerId, weight: 1 };
  const rooms = makeRooms(20_000);

  it("PLACE-1: Jump moves rooms of living servers when one is taken out", () => {
    expect(imbalance(countFirst(jump, servers, rooms), servers)).toBeLessThan(1);
    expect(movedElsewhereByJoin(jump, servers, joiner, rooms)).toEqual([]);
    expect(movedByRemoval(jump, servers, gone, rooms).length).toBeGreaterThan(rooms.length / 2);
  });

  it("PLACE-1: Maglev moves rooms needlessly, at a removal and at a join", () => {
    expect(imbalance(countFirst(maglev, servers, rooms), servers)).toBeLessThan(1);
    expect(movedByRemoval(maglev, servers, gone, rooms).length).toBeGreaterThan(0);
    expect(movedElsewhereByJoin(maglev, servers, joiner, rooms).length).toBeGreaterThan(0);
  });

  it("PLACE-6: a ring of 160 points heaps a dead server's rooms on few", () => {
    expect(movedByRemoval(ring, servers, gone, rooms)).toEqual([]);
    expect(movedElsewhereByJoin(ring, servers, joiner, rooms)).toEqual([]);
    const heirs = heirsOf(ring, servers, gone, makeRooms(200_000));
    const share = Math.max(...heirs.values()) / [...heirs.values()].reduce((a, b) => a + b);
    expect(imbalance(heirs, survivors)).toBeGreaterThan(1);
    expect(share).toBeGreaterThan(0.025);
  });
});
