import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { deriveHashKey } from "../../../gateway/cluster/keyed-hash.ts";
import { createPlacement } from "../../../gateway/cluster/rendezvous.ts";
import { parseRoomKey, parseServerId, type RoomKey, type ServerId } from "../../../gateway/wire/ids.ts";

const server = (id: string, weight = 1) => ({ id: id as ServerId, weight });
const room = (id: string): RoomKey => `game/${id}` as RoomKey;

interface Golden {
  readonly secret: string;
  readonly servers: readonly { readonly id: string; readonly weight: number }[];
  readonly ranks: Readonly<Record<string, string>>;
}

describe("golden placements", () => {
  const golden = JSON.parse(readFileSync(new URL("placements.golden.json", import.meta.url), "utf8")) as Golden;
  const placement = createPlacement(
    deriveHashKey(golden.secret),
    golden.servers.map(({ id, weight }) => ({ id: parseServerId(id) as ServerId, weight })),
  );

  it("PLACE-7: the hash is frozen: mixed versions of a cluster must agree on every room's order", () => {
    const rooms = Object.keys(golden.ranks);
    expect(rooms).toHaveLength(50);
    const ranks = rooms.map((name) => [name, placement.ranked(parseRoomKey(name) as RoomKey, 5).join(" ")]);
    expect(Object.fromEntries(ranks)).toEqual(golden.ranks);
  });
});

describe("createPlacement", () => {
  const key = deriveHashKey("unit");

  it("answers nobody where there is nobody", () => {
    const placement = createPlacement(key, []);
    expect(placement.first(room("1"))).toBeUndefined();
    expect(placement.ranked(room("1"), 3)).toEqual([]);
  });

  it("answers nobody when nobody is asked for", () => {
    const placement = createPlacement(key, [server("a"), server("b")]);
    expect(placement.ranked(room("1"), 0)).toEqual([]);
    expect(placement.ranked(room("1"), -1)).toEqual([]);
  });

  it("leaves out a server whose weight is no positive number", () => {
    const strange = [0, -1, Number.NaN, Number.POSITIVE_INFINITY].map((weight, n) => server(`strange-${n}`, weight));
    const placement = createPlacement(key, [...strange, server("sound")]);
    expect(placement.servers).toEqual([server("sound")]);
    expect(placement.ranked(room("1"), 9)).toEqual(["sound"]);
  });

  it("takes extreme weights without losing a server", () => {
    const placement = createPlacement(key, [server("dust", 5e-324), server("giant", Number.MAX_VALUE)]);
    expect(placement.ranked(room("1"), 2)).toEqual(["giant", "dust"]);
    expect(createPlacement(key, [server("dust", 5e-324)]).first(room("1"))).toBe("dust");
  });

  it("refuses the same id twice", () => {
    expect(() => createPlacement(key, [server("a"), server("b"), server("a", 2)])).toThrow("server a is listed twice");
  });

  it("does not change when the caller's list does", () => {
    const servers = [server("a"), server("b"), server("c")];
    const placement = createPlacement(key, servers);
    const before = placement.ranked(room("1"), 3);
    servers.pop();
    expect(placement.ranked(room("1"), 3)).toEqual(before);
    expect(Object.isFrozen(placement)).toBe(true);
    expect(Object.isFrozen(placement.servers)).toBe(true);
  });
});

describe("crafted room names", () => {
  const servers = Array.from({ length: 10 }, (_, n) => server(`server-${n}`));
  const known = createPlacement(deriveHashKey("a guess"), servers);
  const crafted = Array.from({ length: 20_000 }, (_, n) => room(`x${n}`)).filter(
    (name) => known.first(name) === "server-3",
  );

  it("PLACE-8: names that pile up under a known key are spread under the secret one", () => {
    expect(crafted.length).toBeGreaterThan(1500);
    const secret = createPlacement(deriveHashKey("the secret"), servers);
    const onTarget = crafted.filter((name) => secret.first(name) === "server-3").length;
    // A tenth is fair; five standard deviations of it are about 0.034.
    expect(onTarget / crafted.length).toBeGreaterThan(0.066);
    expect(onTarget / crafted.length).toBeLessThan(0.134);
  });
});
