import { describe, expect, test } from "vitest";
import { EdgeFixture } from "../../support/edge/edge-fixture.ts";

describe("TrunkPool", () => {
  test("dials each member once, before a room needs it", () => {
    const edge = new EdgeFixture();
    edge.connect();
    expect(edge.trunks.dials).toEqual(["s1:1", "s2:1"]);
    expect(edge.pool.isUnreachable(edge.serverId("s1"))).toBe(false);
  });

  test("dials again with a growing, jittered back-off until it succeeds", () => {
    const edge = new EdgeFixture({ servers: ["s1"] });
    edge.trunks.fail("s1:1", "refused");
    edge.link("s1").end("reset");
    const times: number[] = [];
    for (let dials = edge.trunks.dials.length; times.length < 12; edge.runtime.advance(1)) {
      if (edge.trunks.dials.length === dials) continue;
      dials = edge.trunks.dials.length;
      times.push(edge.runtime.nowMs());
    }
    const gaps = times.map((time, index) => time - (times[index - 1] ?? 0));
    for (const [index, gap] of gaps.entries()) expect(gap).toBeLessThanOrEqual(Math.min(500, 20 * 2 ** index) + 1);
    expect(Math.max(...gaps)).toBeGreaterThan(100);
    edge.trunks.serve("s1:1", "s1");
    edge.runtime.advance(600);
    expect(edge.pool.isUnreachable(edge.serverId("s1"))).toBe(false);
  });

  test("names as dead only those whose system said so, just now, the room's owner first", () => {
    const edge = new EdgeFixture({ servers: ["s1", "s2", "s3", "s4"] });
    for (const [server, end] of [
      ["s1", "reset"],
      ["s2", "silent"],
      ["s3", "closed"],
      ["s4", "refused"],
    ] as const) {
      edge.trunks.hang(`${server}:1`);
      edge.link(server).end(end);
    }
    const { pool, serverId } = edge;
    expect(pool.deadServers(undefined)).toEqual(["s1", "s4"]);
    expect(pool.deadServers(serverId("s4"))).toEqual(["s4", "s1"]);
    expect(pool.isUnreachable(serverId("s2"))).toBe(true);
    edge.runtime.advance(10_001);
    expect(pool.deadServers(undefined)).toEqual([]);
  });

  test("a process of another id at the address is evidence that the one it looked for is gone", () => {
    const edge = new EdgeFixture({ servers: ["s1"] });
    edge.trunks.serve("s1:1", "s7");
    edge.link("s1").end("reset");
    edge.runtime.advance(30);
    expect(edge.link("s7").isEnded).toBe(true);
    expect(edge.pool.isUnreachable(edge.serverId("s1"))).toBe(true);
    expect(edge.pool.deadServers(undefined)).toEqual(["s1"]);
  });

  test("a member that comes back at another address is dialled there at once", () => {
    const edge = new EdgeFixture({ servers: ["s1"] });
    edge.trunks.fail("s1:1", "refused");
    edge.link("s1").end("reset");
    edge.trunks.serve("s1:2", "s1");
    edge.pool.setMembers([{ server: edge.serverId("s1"), address: "s1:2" }]);
    edge.runtime.settle();
    expect(edge.trunks.dials.at(-1)).toBe("s1:2");
    expect(edge.pool.isUnreachable(edge.serverId("s1"))).toBe(false);
  });

  test("lets go of trunks to servers that are no members and have no room", () => {
    const edge = new EdgeFixture();
    edge.enter();
    edge.bound("s1", 1);
    edge.pool.setMembers([]);
    expect(edge.link("s1").isEnded).toBe(false);
    expect(edge.link("s2").isEnded).toBe(true);
    edge.runtime.advance(5_000);
    expect(edge.trunks.dials).toHaveLength(2);
  });

  test("GATE-12: remembers for ten seconds that a server which is no member any more could not be reached", () => {
    const edge = new EdgeFixture({ servers: ["s1"] });
    edge.trunks.fail("s1:1", "refused");
    edge.link("s1").end("silent");
    for (let ms = 0; ms < 9_500; ms += 500) {
      edge.pool.setMembers([]);
      expect(edge.pool.isUnreachable(edge.serverId("s1"))).toBe(true);
      edge.runtime.advance(500);
    }
    edge.runtime.advance(500);
    edge.pool.setMembers([]);
    const dials = edge.trunks.dials.length;
    edge.runtime.advance(5_000);
    expect(edge.trunks.dials).toHaveLength(dials);
  });

  test("a room that waits for a trunk is told when it cannot be had, and asks elsewhere", () => {
    const edge = new EdgeFixture({ servers: ["s1", "s2"] });
    edge.trunks.fail("s1:1", "refused");
    edge.link("s1").end("silent");
    edge.servers = ["s1"];
    edge.enter();
    edge.servers = ["s1", "s2"];
    edge.runtime.advance(30);
    expect(edge.link("s2").bind).toMatchObject({ room: "echo/r", unreachable: ["s1"] });
  });

  test("a fault that time does not mend is tried again less often, and logged as a warning", () => {
    const edge = new EdgeFixture({ servers: ["s1"] });
    edge.trunks.fail("s1:1", "unauthorized");
    edge.link("s1").end("unauthorized");
    edge.runtime.advance(60_000);
    const dials = edge.trunks.dials.length;
    expect(dials).toBeGreaterThan(10);
    expect(dials).toBeLessThan(80);
    expect(edge.runtime.lines.some(({ level }) => level === "warn")).toBe(true);
  });

  test("close ends all trunks and dials no more", () => {
    const edge = new EdgeFixture();
    edge.pool.close();
    expect(edge.link("s1").isEnded).toBe(true);
    edge.runtime.advance(5_000);
    expect(edge.trunks.dials).toHaveLength(2);
    expect(edge.runtime.timerCount).toBe(0);
  });
});
