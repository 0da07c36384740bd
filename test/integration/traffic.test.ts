import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { Crowd, flawless } from "../support/crowd.ts";
import { moveEveryRoom, replaceEveryServer } from "../support/operations.ts";
import { quantiles } from "../support/quantiles.ts";
import { sleep } from "../support/until.ts";

let cluster: Cluster;
let crowd: Crowd | undefined;

const roomsOf = (count: number): string[] =>
  Array.from({ length: count }, (_none, index) => `${index % 2 === 0 ? "echo" : "fan"}/r${index}`);

async function gather(rooms: readonly string[]): Promise<Crowd> {
  crowd = await Crowd.join({ clientUrl: cluster.clientUrl, rooms, membersPerRoom: 10, perSecond: 20 });
  return crowd;
}

beforeEach(({ onTestFailed }) => {
  onTestFailed(() => console.log(cluster.log.text().slice(-20_000)));
});

afterEach(async () => {
  crowd?.leave();
  crowd = undefined;
  await cluster.dispose();
});

/** Moves every room `moves` times and replaces every server, while the clients send; says what it cost. */
async function stir(clients: Crowd, moves: number): Promise<void> {
  const first = (await cluster.liveServers()).map(({ id }) => id);
  clients.start();
  const pausesMs: number[] = [];
  const waitsMs: number[] = [];
  const rounds = Array.from({ length: moves }, (_none, round) => round % (first.length + 1));
  // Moves and drains take turns, so that a move never meets a server that takes no rooms.
  const moveRounds = async (turn: number): Promise<void> => {
    for (const _round of rounds.filter((round) => round === turn)) {
      await moveEveryRoom(cluster, clients, ({ pauseMs, waitMs }) => {
        pausesMs.push(pauseMs);
        waitsMs.push(waitMs);
      });
    }
  };
  const drains = await replaceEveryServer(cluster, first, moveRounds);
  await moveRounds(first.length);
  const verdict = await clients.stop();

  console.log(`moves: pause ${quantiles(pausesMs)}`);
  console.log(`moves: longest wait of a client for its own message ${quantiles(waitsMs)}`);
  console.log(`drains: ${quantiles(drains.map(({ tookMs }) => tookMs))} until the server has left`);
  console.log(`all messages: there and back ${quantiles(clients.waitsMs)}`);
  console.log(`${verdict.sent} sent, ${verdict.received} received`);
  expect(verdict).toMatchObject(flawless);
  expect(verdict.sent).toBeGreaterThan(0);
  expect(pausesMs).toHaveLength(clients.rooms.length * moves);
  const last = (await cluster.liveServers()).map(({ id }) => id);
  expect(last).toHaveLength(first.length);
  expect(last.filter((id) => first.includes(id))).toEqual([]);
}

describe("300 clients in 30 rooms, each sending 20 messages a second", () => {
  test("MOVE-20: lose nothing while every room moves ten times and every server is replaced", async () => {
    cluster = await startCluster();
    await stir(await gather(roomsOf(30)), 10);
  });

  test("OWN-9: keep their sockets when a server is killed, and its rooms answer again", async () => {
    cluster = await startCluster();
    const clients = await gather(roomsOf(30));
    clients.start();
    await sleep(1_000);
    const [victim] = [...(await cluster.liveServers())].sort((a, b) => b.rooms - a.rooms);
    const its = (await cluster.rooms(`server=${victim?.id}`)).map(({ room }) => room);
    const others = clients.rooms.map(({ key }) => key).filter((key) => !its.includes(key));
    expect(its.length).toBeGreaterThan(0);
    expect(its.length).toBeLessThan(30);

    clients.mark(clients.rooms.map(({ key }) => key));
    const killedMs = performance.now();
    await cluster.signal(victim?.id ?? "", "SIGKILL");
    const answeredMs = await clients.answered(its);
    console.log(`killed a server: its ${its.length} rooms answer again after ${(answeredMs - killedMs).toFixed(0)} ms`);
    console.log(`killed a server: answers of its rooms ${quantiles(clients.answersMs(its, killedMs))}`);
    const longest = others.map((key) => clients.room(key).longestWaitMs);
    console.log(`killed a server: longest wait in other rooms ${Math.max(...longest).toFixed(0)} ms`);
    expect(answeredMs - killedMs).toBeLessThan(5_000);
    await cluster.untilLive(3);

    const crashed = await clients.stop(2_000);
    console.log(`killed a server: ${crashed.sent} sent, ${crashed.lost} lost of memory rooms`);
    expect(crashed).toMatchObject({ closed: 0, doubled: 0, outOfOrder: 0, garbled: 0, disagreeing: 0 });
    // What comes after the crash is complete again.
    clients.recount();
    clients.start();
    await moveEveryRoom(cluster, clients);
    expect(await clients.stop()).toMatchObject(flawless);
  });
});

test("MOVE-20: 60 clients on the listener without native code lose nothing either", async () => {
  cluster = await startCluster({ flags: ["--listener", "ws"] });
  expect(cluster.log.lines.find(({ msg }) => msg === "gateway started")).toMatchObject({ engine: "ws" });
  await stir(await gather(roomsOf(6)), 4);
});
