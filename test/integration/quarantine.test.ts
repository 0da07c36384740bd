import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { flawlessLedgers, LedgerCrowd } from "../support/ledger-crowd.ts";
import { roomModule } from "../support/room-module.ts";

const houseRooms = fileURLToPath(new URL("../../dist/load/rooms.js", import.meta.url));
const quarantineMsMax = 90_000;
/** So many servers may die of one room; the next refuses it. */
const deathsMax = 3;

let cluster: Cluster | undefined;
let crowd: LedgerCrowd | undefined;
let clients: Client[] = [];

async function enter(room: string): Promise<Client> {
  const client = await connect(`${cluster?.clientUrl}/rooms/${room}`);
  clients.push(client);
  return client;
}

beforeEach(({ onTestFailed }) => {
  onTestFailed(() => console.log(`${crowd?.examples.join("\n")}\n${cluster?.log.text().slice(-20_000)}`));
});

afterEach(async () => {
  crowd?.leave();
  for (const client of clients) client.leave();
  await cluster?.dispose();
  crowd = undefined;
  clients = [];
});

describe("QUAR-1: a room that does not let its servers live", () => {
  // What has killed one server is not acknowledged, and so it is sent to the next.
  test.each([
    ["exit", "deadly/a"],
    ["exit", "lethal/a"],
    ["hang", "lethal/b"],
  ])("by %s in %s: the fourth server refuses it with 4503, and its neighbours live on", async (word, room) => {
    const patience = ["--hold-ms", "120000", "--hold-frames-max", "10000"];
    const rooms = ["--rooms", roomModule("deadly-rooms.mjs"), "--rooms", houseRooms];
    cluster = await startCluster({ flags: [...patience, ...rooms, "--servers", "4"] });
    const { clientUrl, log } = cluster;
    crowd = await LedgerCrowd.join({ clientUrl, rooms: 16, membersPerRoom: 2, perSecond: 5 });
    crowd.start();
    const killer = await enter(room);
    expect(await killer.ask("hello")).toBe("hello");
    const before = new Set((await cluster.servers()).map(({ pid }) => pid));
    killer.send(word);

    expect(await killer.closed(quarantineMsMax)).toBe(4503);
    const refused = await log.find(({ msg }) => msg.includes("quarantined"));
    expect(refused).toMatchObject({ room });
    // Others are refused as well, and at once; a room beside it is not.
    const late = await enter(room);
    expect(await late.closed()).toBe(4503);
    expect(late.got).toEqual([]);
    const neighbour = await enter(room.replace(/.$/, "z"));
    expect(await neighbour.ask("hello")).toBe("hello");

    await cluster.untilLive(4);
    const after = (await cluster.servers()).filter(({ state }) => state === "live");
    expect(after.filter(({ pid }) => before.has(pid))).toHaveLength(4 - deathsMax);
    const verdict = await crowd.stop();
    await crowd.visit(crowd.keys);
    // In one: what is lost tells why a digest is wrong.
    expect({ ...verdict, examples: crowd.examples }).toMatchObject({ ...flawlessLedgers, examples: [] });
  });
});
