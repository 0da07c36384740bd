import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { version } from "../../../gateway/index.ts";
import { matchId } from "../../../gateway/ops/admin-client.ts";
import { createLog, prettyLine } from "../../../gateway/ops/log.ts";
import { writeMetrics } from "../../../gateway/ops/metrics.ts";
import type { ProcessReport } from "../../../gateway/ops/process-report.ts";
import { suggest } from "../../../gateway/ops/suggestion.ts";
import { childEnvironment, takeChildOrders } from "../../../gateway/ops/supervisor/child-plan.ts";
import { writeTable } from "../../../gateway/ops/text-table.ts";
import { countPause, createPauseHistogram } from "../../../gateway/wire/pause-histogram.ts";

describe("words for operators", () => {
  test("the version is that of the package", () => {
    const manifest = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
    expect(version).toBe(manifest.version);
  });

  test("an id is named by itself, its number, or any beginning of its own", () => {
    const ids = ["s1-ab3d", "s1-ab3d-x", "s10-zzzz", "s2-abcd", "berlin"];
    expect(matchId("s1-ab3d", ids)).toBe("s1-ab3d");
    expect(matchId("s2", ids)).toBe("s2-abcd");
    expect(matchId("s10", ids)).toBe("s10-zzzz");
    expect(matchId("b", ids)).toBe("berlin");
    expect(() => matchId("s1", ids)).toThrow("s1 may be s1-ab3d or s1-ab3d-x");
    expect(() => matchId("s", ids)).toThrow(/may be/);
    expect(() => matchId("s3", ids)).toThrow("there is no server s3; there are s1-ab3d");
    expect(() => matchId("s3", [])).toThrow("there is no server s3; there are none");
  });

  test("a suggestion is near, or there is none", () => {
    const known = ["port", "adminPort", "holdBytesMax"];
    expect(suggest("prot", known)).toBe("port");
    expect(suggest("holdBytesMin", known)).toBe("holdBytesMax");
    expect(suggest("adminport", known)).toBe("adminPort");
    expect(suggest("elephants", known)).toBeUndefined();
  });

  test("a table has its numbers to the right", () => {
    const rows = [
      { id: "s1", rooms: 5 },
      { id: "s2-abcd", rooms: 1234 },
    ];
    expect(writeTable(rows, ["id", "rooms"]).split("\n")).toEqual([
      "ID       ROOMS",
      "s1           5",
      "s2-abcd   1234",
    ]);
    expect(writeTable([], ["id"])).toBe("ID");
  });
});

describe("the log", () => {
  const write = (logFormat: "pretty" | "json") => {
    const lines: string[] = [];
    const log = createLog({ logLevel: "info", logFormat, member: "s1-aaaa" }, (line) => lines.push(line));
    log.child({ room: "game/a" }).warn({ code: 7, list: [1] }, "something");
    log.debug({}, "not this");
    log.error({ err: new Error("the cause") }, "failed");
    return lines;
  };

  test("for machines is one object a line", () => {
    expect(write("json").map((line) => JSON.parse(line))).toMatchObject([
      { level: "warn", member: "s1-aaaa", room: "game/a", code: 7, msg: "something" },
      { level: "error", member: "s1-aaaa", msg: "failed", err: { message: "the cause" } },
    ]);
  });

  test("for people is a line with its fields behind", () => {
    const [first, second] = write("pretty");
    expect(first).toMatch(/^\d\d:\d\d:\d\d ! s1-aaaa {4}something {2}room=game\/a {2}code=7 {2}list=\[1\]\n$/);
    expect(second).toMatch(/✖ s1-aaaa {4}failed\nError: the cause\n {4}at /);
    expect(prettyLine("no line of a log\n")).toBe("no line of a log\n");
  });
});

describe("orders of a child", () => {
  test("replace the variables that they came from, and are taken once", () => {
    const orders = { plan: { id: "s1" }, secret: "x" } as unknown as Parameters<typeof childEnvironment>[0];
    const own = { PATH: "/bin", ROOMGATE_SECRET: "x", ROOMGATE_PORT: "1" };
    const environment = childEnvironment(orders, own);
    expect(Object.keys(environment).sort()).toEqual(["PATH", "ROOMGATE_CHILD"]);
    expect(takeChildOrders({})).toBeUndefined();
    const taken = takeChildOrders(environment);
    expect(environment).toEqual({ PATH: "/bin" });
    // Without a channel to a supervisor they are nobody's.
    expect(taken).toEqual(process.send === undefined ? undefined : orders);
  });
});

describe("OPS-12: figures", () => {
  const pausesOf = (...pausesMs: readonly number[]) => {
    const pauses = createPauseHistogram();
    for (const pauseMs of pausesMs) countPause(pauses, pauseMs);
    return pauses;
  };
  const numbers = {
    residentBytes: 1,
    heapUsedBytes: 2,
    cpuSeconds: 3,
    uptimeSeconds: 4,
    loopLagMeanMs: 5,
    loopLagP99Ms: 6,
  };
  const server: ProcessReport = {
    ...numbers,
    id: 's1-"a\\b',
    kind: "server",
    server: {
      ...{ rooms: 3, sessions: 4, messagesUp: 5, messagesDown: 6, claims: 7, movesIn: 8, movesOut: 9, movesFailed: 10 },
      ...{
        roomsLost: 11,
        roomsThrown: 12,
        snapshots: 13,
        framesDropped: 14,
        unstoredMs: 15,
        ...{ ticks: 15, ticksMadeUp: 16, ticksMissed: 17 },
        movePauses: pausesOf(4, 2, 8, 60, 20_000),
      },
    },
  };
  const gateway: ProcessReport = {
    ...numbers,
    id: "g1-aaaa",
    kind: "gateway",
    gateway: {
      ...{ sessions: 1, rooms: 1, roomsBound: 1, heldFrames: 1, messagesUp: 1, bytesUp: 1, messagesDown: 1 },
      ...{ bytesDown: 1, thinned: 1, droppedLowEpoch: 1, droppedStale: 1, droppedRepeated: 1, refusedUpgrades: 1 },
      closes: [
        [1000, 5],
        [1013, 2],
      ],
      pauses: pausesOf(5, 5.1, 700),
    },
  };
  let text = "";
  beforeAll(async () => {
    text = await writeMetrics([server, gateway]);
  });

  test("carry who said them, with names escaped", () => {
    expect(text).toContain('roomgate_server_rooms{process="s1-\\"a\\\\b",kind="server"} 3\n');
    expect(text).toContain('roomgate_event_loop_lag_p99_seconds{process="g1-aaaa",kind="gateway"} 0.006\n');
    expect(text).toContain('roomgate_gateway_closes_total{process="g1-aaaa",kind="gateway",code="1013"} 2\n');
  });

  test.each([
    ["gateway_room", [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3], 0.7101],
    ["server_move", [2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5], 20.074],
  ])("count pauses of %s into buckets that add up", (name, upTo, sum) => {
    const family = `roomgate_${name}_pause_seconds`;
    const lines = text.split("\n").filter((line) => line.startsWith(family));
    const bounds = [
      "0.005",
      "0.01",
      "0.015",
      "0.02",
      "0.03",
      "0.06",
      "0.1",
      "0.15",
      "0.25",
      "0.5",
      "1",
      "2",
      "5",
      "15",
    ];
    const values = lines.map((line) => [/le="([^"]*)"/.exec(line)?.[1], Number(line.slice(line.lastIndexOf(" ")))]);
    expect(values.slice(0, -2)).toEqual([...bounds, "+Inf"].map((bound, index) => [bound, upTo[index]]));
    expect(lines.at(-2)).toContain(`${family}_sum{process=`);
    expect(values.at(-2)?.[1]).toBeCloseTo(sum);
    expect(lines.at(-1)).toContain(`${family}_count{process=`);
    expect(values.at(-1)?.[1]).toBe(upTo.at(-1));
    expect(text).toContain(`# TYPE ${family} histogram\n`);
  });

  test("of one scrape are not those of another, and what nobody says is left out", async () => {
    expect(await writeMetrics([server, gateway])).toBe(text);
    const alone = await writeMetrics([server]);
    expect(alone).not.toContain("gateway");
    expect(alone).toContain("roomgate_server_rooms");
    expect(await writeMetrics([])).toBe("\n");
  });

  test("are lines that Prometheus takes: each family has its type once, before its samples", () => {
    const sample = /^[a-z_][a-z0-9_]*(\{([a-z]+="([^"\\\n]|\\["\\n])*",?)+\})? -?[\d.e+-]+$/;
    const types = new Set<string>();
    for (const line of text.split("\n").filter((one) => one !== "")) {
      const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line)?.[1];
      if (type !== undefined) {
        expect(types.has(type)).toBe(false);
        types.add(type);
      } else if (!line.startsWith("# HELP ")) {
        expect(line).toMatch(sample);
        const name = line.split(/[{ ]/)[0] ?? "";
        expect(types.has(name) || types.has(name.replace(/_(bucket|sum|count)$/, ""))).toBe(true);
      }
    }
  });
});
