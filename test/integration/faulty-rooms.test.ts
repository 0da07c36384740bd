import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import type { LogLine } from "../support/log-book.ts";
import { Neighbours } from "../support/neighbours.ts";
import { roomModule } from "../support/room-module.ts";
import { until } from "../support/until.ts";

const houseRooms = fileURLToPath(new URL("../../dist/load/rooms.js", import.meta.url));
const roomRestarted = 1012;
const noServer = 4503;
const servers = 3;
/** After so many faults within a minute a server refuses a room. */
const faultsMax = 3;
const neighbourMsMax = 2_000;
const atOnce = 12;

const durabilities = ["memory", "commit", "interval"] as const;
type DurabilityName = (typeof durabilities)[number];
const journaled = durabilities.filter((name) => name !== "memory");

interface Case {
  readonly durability: DurabilityName;
  readonly where: string;
  readonly how: string;
  /** In the log line beside the room's name: the limit, or what is wrong. */
  readonly why: RegExp;
}

const messageMax = /16777216/;
const attachmentMax = /16384/;
const onPurpose = /it has failed on purpose/;

let cluster: Cluster;
let neighbours: Neighbours;
let pids: readonly number[];
let clients: Client[] = [];

async function join(room: string): Promise<Client> {
  const client = await connect(`${cluster.clientUrl}/rooms/${room}`);
  clients.push(client);
  return client;
}

async function pidsNow(): Promise<readonly number[]> {
  const members = [...(await cluster.servers()), ...(await cluster.gateways())];
  return members.map(({ pid }) => pid).sort((one, other) => one - other);
}

const roomOf = ({ durability, where, how }: Case): string => `faulty-${durability}/${where}.${how}`;

const errorOf = (line: LogLine): string => String((line["err"] as { message?: unknown } | undefined)?.message);

const linesOf = (room: string, words: string): LogLine[] =>
  cluster.log.lines.filter((line) => line["room"] === room && line.msg.includes(words));

/** Comes to the room again and again, and makes it fail each time, until it is refused. */
async function wearOut(room: string, provoke: (client: Client) => void): Promise<number[]> {
  const codes: number[] = [];
  // A room that its first server refuses may be taken by another one that has more place.
  while (codes.at(-1) !== noServer && codes.length <= faultsMax * servers) {
    const client = await join(room);
    provoke(client);
    codes.push(await client.closed());
  }
  return codes;
}

/** The room answers with 1012 while it is given to somebody, then with 4503, and each line of the log says why. */
async function expectContained(one: Case, provoke = (client: Client): void => client.send("go")): Promise<void> {
  const room = roomOf(one);
  const codes = await wearOut(room, provoke);
  expect([room, codes.at(-1)]).toEqual([room, noServer]);
  expect(codes.slice(0, -1).filter((code) => code !== roomRestarted)).toEqual([]);
  const refusal = await cluster.log.find((line) => line["room"] === room && line.msg.includes("quarantined"));
  const faults = linesOf(room, "has thrown and is closed");
  expect(faults.filter(({ member }) => member === refusal.member)).toHaveLength(faultsMax);
  for (const line of faults) expect(errorOf(line)).toMatch(one.why);
}

/** Several at once. */
async function each(cases: readonly Case[], check: (one: Case) => Promise<void>): Promise<void> {
  const left = [...cases];
  const work = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await check(one);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

const inAll = (
  names: readonly DurabilityName[],
  methods: readonly string[],
  hows: readonly string[],
  why: RegExp,
): Case[] =>
  names.flatMap((durability) => methods.flatMap((where) => hows.map((how) => ({ durability, where, how, why }))));

const methods = ["onJoin", "onMessage", "onTimer", "onWork", "onTick"];

beforeAll(async () => {
  const modules = ["--rooms", roomModule("faulty-rooms.mjs"), "--rooms", houseRooms];
  cluster = await startCluster({ flags: [...modules, "--servers", String(servers), "--gateways", "2"] });
  pids = await pidsNow();
  expect(pids).toHaveLength(servers + 2);
  neighbours = await Neighbours.join({ clientUrl: cluster.clientUrl, rooms: 50, everyMs: 100 });
  const owners = new Set((await cluster.rooms()).map(({ server }) => server));
  expect(owners.size).toBe(servers);
});

afterAll(async () => {
  neighbours.leave();
  await cluster.dispose();
});

beforeEach(({ onTestFailed }) => {
  onTestFailed(() => console.log(cluster.log.text().slice(-20_000)));
});

afterEach(async () => {
  for (const client of clients) client.leave();
  clients = [];
  const { faults, slowestMs } = neighbours.verdict;
  expect(faults).toEqual([]);
  expect(slowestMs).toBeLessThan(neighbourMsMax);
  expect(await pidsNow()).toEqual(pids);
});

describe("a room that fails is closed with 1012, then refused with 4503, and its neighbours notice nothing", () => {
  test("ROOM-37, QUAR-4: by a message of 18 MiB, in each of its turns", async () => {
    await each(inAll(durabilities, methods, ["send", "broadcast"], messageMax), (one) => expectContained(one));
  });

  test("ROOM-37, QUAR-4: by a message of 18 MiB when another room tells it something", async () => {
    await each(inAll(["commit"], ["onTell"], ["send", "broadcast", "append"], messageMax), async (one) => {
      // What it has not heard is told again, and wakes it.
      const teller = await join(`teller/${one.how}`);
      await teller.ask(roomOf(one), (text) => text === "true");
      await expectContained(one, () => {});
    });
  });

  test("ROOM-37, ROOM-41: by an entry of 18 MiB, an attachment of 17 KiB, one that is no plain data", async () => {
    const cases = [
      ...inAll(journaled, methods, ["append"], messageMax),
      ...inAll(durabilities, methods, ["attachment"], attachmentMax),
      ...inAll(durabilities, methods, ["odd-attachment"], /plain data|function/),
    ];
    await each(cases, (one) => expectContained(one));
  });

  test("ROOM-38: by an `apply` that throws, or is async", async () => {
    await each(inAll(journaled, ["apply"], ["throw"], onPurpose), (one) => expectContained(one));
    await each(inAll(journaled, ["apply"], ["reject"], /promise/), (one) => expectContained(one));
  });

  test("ROOM-38: by a snapshot that throws, is async, or is no bytes", async () => {
    const cases = [
      ...inAll(durabilities, ["snapshot"], ["throw"], onPurpose),
      ...inAll(durabilities, ["snapshot"], ["reject"], /promise/),
      ...inAll(durabilities, ["snapshot"], ["text"], /a Uint8Array, not a string/),
    ];
    await each(cases, (one) => expectContained(one));
  });

  test("ROOM-27: by handlers that are async and reject", async () => {
    await each(inAll(durabilities, methods, ["reject"], /promise/), (one) => expectContained(one));
  });

  test("ROOM-38: by whatever it throws, wherever: nothing, no object, no error, one that cannot be read, one of 18 MiB", async () => {
    const odd = ["null", "bare", "getter", "huge", "throw"];
    await each(inAll(durabilities, ["every", "onMessage", "onTick"], odd, /./), (one) => expectContained(one));
    // A log line stays a line.
    const longest = Math.max(...cluster.log.lines.map((line) => JSON.stringify(line).length));
    expect(longest).toBeLessThan(32 * 1024);
  });
});

describe("a room that cannot be restored is refused with 4503 at once", () => {
  const cases = [
    ...inAll(durabilities, ["restore"], ["throw"], onPurpose),
    ...inAll(durabilities, ["restore"], ["reject"], /promise/),
    ...inAll(journaled, ["recovery"], ["throw"], onPurpose),
  ];

  test("ROOM-4, RECOVER-4: its state or its journal is not what its code takes, which the log says", async () => {
    await each(cases, async (one) => {
      const room = roomOf(one);
      const first = await join(room);
      first.send("go");
      await first.ask("hello");
      first.leave();
      await until(
        () => cluster.room(room),
        (status) => status === undefined,
      );
      const late = await join(room);
      expect([room, await late.closed()]).toEqual([room, noServer]);
      const line = await cluster.log.find((entry) => entry["room"] === room && entry.msg === "room cannot be restored");
      expect(errorOf(line)).toMatch(one.why);
    });
  });
});

describe("what a room may do wrong and go on", () => {
  test("ROOM-33: a state over its limit is not stored, the log says so, and the room goes on", async () => {
    await each(inAll(durabilities, ["snapshot"], ["big"], /./), async (one) => {
      const room = roomOf(one);
      const client = await join(room);
      client.send("go");
      const line = await cluster.log.find((entry) => entry["room"] === room && entry.msg.includes("over its limit"));
      expect(line).toMatchObject({ bytes: 4_096, stateBytesMax: 1_024 });
      expect(await client.ask("still here")).toBe("still here");
      expect(linesOf(room, "has thrown")).toEqual([]);
    });
  });

  test("ROOM-7: work that fails with whatever it fails with comes back as failed", async () => {
    await each(inAll(durabilities, ["task"], ["null", "bare", "getter", "huge", "reject"], /./), async (one) => {
      const client = await join(roomOf(one));
      client.send("go");
      expect(await client.find((text) => text.startsWith("work"))).toBe("work failed");
      expect(await client.ask("still here")).toBe("still here");
    });
  });
});

describe("clients that come back at once, whatever they are told", () => {
  const stormMs = 4_000;

  async function storm(durability: DurabilityName): Promise<void> {
    const room = `faulty-${durability}/onMessage.throw.storm`;
    const codes: number[] = [];
    const endMs = performance.now() + stormMs;
    const one = async (): Promise<void> => {
      while (performance.now() < endMs) {
        const client = await connect(`${cluster.clientUrl}/rooms/${room}`);
        client.send("go");
        codes.push(await client.closed());
      }
    };
    await Promise.all(Array.from({ length: 20 }, one));
    expect(codes.length).toBeGreaterThan(200);
    expect([...new Set(codes)].sort()).toEqual([roomRestarted, noServer]);
    // However often they come, the room fails no more often, and the log stays short.
    expect(linesOf(room, "has thrown and is closed").length).toBeLessThanOrEqual(faultsMax * servers);
    expect(linesOf(room, "quarantined").length).toBeLessThanOrEqual(2 * servers);
  }

  test("QUAR-4: twenty of them to a room of each durability that fails", async () => {
    await Promise.all(durabilities.map(storm));
  });

  test("ROOM-38: the neighbours have heard everything that they said, in order and once, to the end", async () => {
    const verdict = await neighbours.stop();
    expect(verdict.faults).toEqual([]);
    expect(verdict.heard).toBe(verdict.said);
    expect(verdict.slowestMs).toBeLessThan(neighbourMsMax);
  });
});
