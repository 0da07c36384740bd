import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { sealName } from "../../demo-editor/server/rules/sealed-name.ts";
import { type Client, connect } from "../support/client.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { openWriter, untilSynced, type Writer } from "../support/editor/writers.ts";
import { openVisitor, type Visitor } from "../support/game/visitor.ts";
import { roomModule } from "../support/room-module.ts";
import { until } from "../support/until.ts";
import { seededRandom } from "../support/virtual-runtime.ts";

const token = randomBytes(16).toString("hex");
let cluster: Cluster;
let clients: Client[] = [];
let visitor: Visitor | undefined;
let writer: Writer | undefined;

afterEach(async () => {
  leaveAll();
  await cluster?.dispose();
});

function leaveAll(): void {
  for (const client of clients) client.leave();
  clients = [];
  visitor?.cut();
  writer?.leave();
}

/** Files below a folder that hold the text. */
function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => readFileSync(file).includes(text));
}

/** Moves the room, if it runs. */
async function moveAway(room: string): Promise<void> {
  const owner = (await cluster.room(room))?.server;
  const target = (await cluster.liveServers()).find(({ id }) => id !== owner);
  expect(await cluster.move(room, target?.id ?? "")).toMatchObject({ status: 200 });
}

test("ROOM-40: a client's token is in no file of the store and no line of a log, after moves, snapshots, kills and release", async () => {
  const house = ["load/rooms.js", "demo-game/server/rooms.js", "demo-editor/server/rooms.js"].map((file) =>
    fileURLToPath(new URL(`../../dist/${file}`, import.meta.url)),
  );
  const modules = [...house, roomModule("carrier-rooms.mjs"), roomModule("fragile-rooms.mjs")];
  const moves = ["--rebalance-rooms-per-second", "0", "--freeze-budget-ms", "1500", "--log-level", "debug"];
  cluster = await startCluster({ flags: [...modules.flatMap((module) => ["--rooms", module]), ...moves] });
  const document = sealName("notes", token);
  const rooms = ["ledger/a", "carrier/a", "game/a", `editor/${document}`] as const;
  const [ledger, carrier] = await Promise.all(
    rooms.slice(0, 2).map((room) => connect(`${cluster.clientUrl}/rooms/${room}?token=${token}`)),
  );
  if (ledger === undefined || carrier === undefined) throw new Error("there are no clients");
  clients.push(ledger, carrier);
  visitor = await openVisitor(cluster, "a", { token, name: "Visitor" });
  visitor.play();
  writer = openWriter(cluster.clientUrl, document, { params: { key: token, token } });
  await untilSynced(writer);

  const random = seededRandom(1);
  for (let round = 1; round <= 3; round += 1) {
    await ledger.ask(`body ${round}`, (text) => text.includes(`body ${round}`));
    expect(await carrier.ask("add 1", (text) => text.startsWith("total"))).toMatch(/^total/);
    writer.type(random);
    for (const room of rooms) await moveAway(room);
  }
  for (const room of rooms) {
    await cluster.signal((await cluster.room(room))?.server ?? "", "SIGKILL");
    await cluster.untilLive(3);
    await until(
      () => cluster.room(room),
      (found) => found !== undefined,
    );
  }
  await ledger.ask("after", (text) => text.includes("after"));
  expect(await carrier.ask("who", (text) => text.startsWith("members"))).toBe("members 1");
  // A room whose code fails at the join says so in the log.
  const parsing = await connect(`${cluster.clientUrl}/rooms/parsing/a?token=${token}`);
  expect(await parsing.closed()).toBe(1012);
  await cluster.log.find(({ msg }) => msg === "room has thrown and is closed");

  leaveAll();
  // Its rooms are let go, each with a snapshot of all that it has.
  cluster.kill("SIGINT");
  await cluster.ended;
  expect(filesWith(join(cluster.folder, "store"), "notes").length).toBeGreaterThan(0);
  expect(filesWith(cluster.folder, token)).toEqual([]);
  expect(cluster.log.text()).not.toContain(token);
});
