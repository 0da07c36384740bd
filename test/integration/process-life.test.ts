import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { type Cluster, isAlive, startCluster } from "../support/cluster.ts";
import { roomModule } from "../support/room-module.ts";
import { until } from "../support/until.ts";

let cluster: Cluster;
let clients: Client[] = [];

async function join(room: string): Promise<Client> {
  const client = await connect(`${cluster.clientUrl}/rooms/${room}`);
  clients.push(client);
  return client;
}

async function pidsOfChildren(): Promise<number[]> {
  return [...(await cluster.servers()), ...(await cluster.gateways())].map(({ pid }) => pid);
}

const noneLeft = (pids: readonly number[]) =>
  until(
    () => pids.filter(isAlive),
    (left) => left.length === 0,
  );

beforeEach(({ onTestFailed }) => {
  onTestFailed(() => console.log(cluster.log.text().slice(-20_000)));
});

afterEach(async () => {
  for (const client of clients) client.leave();
  clients = [];
  await cluster.dispose();
});

describe("the life of a cluster's processes", () => {
  test("OPS-14: a cluster that says it is ready lets clients in at once", async () => {
    // With slow heartbeats a gateway that has looked too early stays blind for long.
    cluster = await startCluster({ flags: ["--servers", "1", "--heartbeat-ms", "660"] });
    const client = await join("echo/at-once");
    expect(await client.ask("hello")).toBe("hello");
  });

  test("OPS-14: a cluster that says it is ready places rooms on all its servers at once", async () => {
    cluster = await startCluster({ flags: ["--heartbeat-ms", "660"] });
    await Promise.all(Array.from({ length: 30 }, (_none, index) => join(`echo/r${index}`)));
    await Promise.all(clients.map((client, index) => client.ask(`hello ${index}`)));
    const owners = (await cluster.rooms()).map(({ server }) => server);
    expect(owners).toHaveLength(30);
    expect(new Set(owners).size).toBe(3);
  });

  test("EDGE-8: where native listeners are not to be had gateway and server use the other ones, and say so", async () => {
    const preload = fileURLToPath(new URL("../support/no-native-listener.cjs", import.meta.url));
    cluster = await startCluster({ flags: ["--servers", "1"], env: { NODE_OPTIONS: `--require "${preload}"` } });
    const client = await join("fan/fallback");
    expect(await client.ask("hello")).toBe("hello");
    expect(cluster.log.lines.find(({ msg }) => msg === "gateway started")).toMatchObject({ engine: "ws" });
    const warnings = cluster.log.lines.filter(({ level, msg }) => level === "warn" && /uWebSockets\.js/.test(msg));
    expect(warnings.map(({ msg }) => msg?.split(" ")[0]).toSorted()).toEqual(["clients", "trunks"]);
  });

  test("OPS-7: SIGTERM tells clients 1001, ends every process, and exits 0", async () => {
    cluster = await startCluster({ flags: ["--gateways", "2"] });
    await Promise.all(Array.from({ length: 40 }, (_none, index) => join(`fan/r${index % 5}`)));
    await Promise.all(clients.map((client, index) => client.ask(`hello ${index}`)));
    const pids = await pidsOfChildren();
    expect(pids).toHaveLength(5);

    const startMs = performance.now();
    cluster.kill("SIGTERM");
    expect(await cluster.ended).toBe(0);
    console.log(`SIGTERM of the supervisor: exit 0 after ${(performance.now() - startMs).toFixed(0)} ms`);
    expect(performance.now() - startMs).toBeLessThan(6_000);
    const codes = await Promise.all(clients.map((client) => client.closed()));
    expect(new Set(codes)).toEqual(new Set([1001]));
    await noneLeft(pids);
  });

  test("OPS-8: SIGTERM of a server drains it, and another takes its place", async () => {
    cluster = await startCluster({ flags: ["--rooms", roomModule("carrier-rooms.mjs")] });
    const client = await join("carrier/drained");
    expect(await client.ask("add 5", (text) => text.startsWith("total"))).toBe("total 5");
    const owner = (await cluster.room("carrier/drained"))?.server ?? "";
    const { pid } = (await cluster.servers()).find(({ id }) => id === owner) ?? { pid: 0 };

    await cluster.signal(owner, "SIGTERM");
    await noneLeft([pid]);
    await cluster.log.find((line) => line.msg === "a process has left" && line["how"] === "exited with 0");
    expect(await client.ask("add 1", (text) => text.startsWith("total"))).toBe("total 6");
    expect((await cluster.room("carrier/drained"))?.server).not.toBe(owner);
    await cluster.untilServers(
      (all) => all.length === 3 && all.every(({ id, state }) => id !== owner && state === "live"),
    );
    expect(client.closeCode).toBeUndefined();
  });

  test("OPS-3: --no-restart leaves the place of a killed and of a drained process empty", async () => {
    cluster = await startCluster({ flags: ["--no-restart"] });
    const client = await join("echo/fewer");
    await client.ask("hello");
    const [first, second] = await cluster.liveServers();
    await cluster.signal(first?.id ?? "", "SIGKILL");
    await cluster.untilLive(2);
    expect((await cluster.drain(second?.id ?? "")).status).toBe(202);
    await cluster.untilLive(1);
    expect(await client.ask("still here")).toBe("still here");
    expect(cluster.log.lines.filter(({ msg }) => /starting another/.test(msg))).toEqual([]);
    expect(client.closeCode).toBeUndefined();
  });

  test("OPS-6: a supervisor that is killed leaves no process behind", async () => {
    cluster = await startCluster({ flags: ["--servers", "2", "--gateways", "2"] });
    const client = await join("fan/orphans");
    await client.ask("hello");
    const pids = await pidsOfChildren();
    expect(pids).toHaveLength(4);
    const startMs = performance.now();
    cluster.kill("SIGKILL");
    expect(await cluster.ended).toBe("SIGKILL");
    expect(await client.closed()).toBe(1001);
    await noneLeft(pids);
    console.log(`supervisor killed: all others gone after ${(performance.now() - startMs).toFixed(0)} ms`);
  });

  test("OPS-3: the only gateway is killed while clients are there, and another takes its port", async () => {
    cluster = await startCluster({ flags: ["--servers", "1"] });
    await Promise.all(Array.from({ length: 20 }, () => join("fan/same-port")));
    await Promise.all(clients.map((client, index) => client.ask(`hello ${index}`)));
    const [gateway] = await cluster.gateways();
    const startMs = performance.now();
    await cluster.signal(gateway?.id ?? "", "SIGKILL");
    expect(new Set(await Promise.all(clients.map((client) => client.closed())))).toEqual(new Set([1006]));
    const back = await until(
      () => join("fan/same-port").catch(() => undefined),
      (client) => client !== undefined,
    );
    expect(await back?.ask("again")).toBe("again");
    console.log(`gateway killed: clients are let in again after ${(performance.now() - startMs).toFixed(0)} ms`);
  });

  test("ROOM-19: a gateway that is killed is replaced; memory rooms go on with their state, its sessions leave", async () => {
    cluster = await startCluster({ flags: ["--gateways", "2", "--rooms", roomModule("carrier-rooms.mjs")] });
    // Which gateway takes a client is the kernel's choice: there are enough of them for both.
    await Promise.all(Array.from({ length: 24 }, () => join("carrier/kept")));
    await until(
      () => cluster.gateways(),
      (gateways) => gateways.length === 2 && gateways.reduce((sum, { sessions }) => sum + sessions, 0) === 24,
    );
    expect(await clients[0]?.ask("add 7", (text) => text.startsWith("total"))).toBe("total 7");
    const before = await cluster.room("carrier/kept");
    const [victim, other] = await cluster.gateways();
    expect(Math.min(victim?.sessions ?? 0, other?.sessions ?? 0)).toBeGreaterThan(0);

    await cluster.signal(victim?.id ?? "", "SIGKILL");
    const isOpen = (): number => clients.filter(({ closeCode }) => closeCode === undefined).length;
    await until(isOpen, (open) => open === other?.sessions);
    const left = clients.find(({ closeCode }) => closeCode === undefined);
    const kept = await until(
      () => left?.ask("who", (text) => text.startsWith("members")),
      (text) => text === `members ${other?.sessions}`,
    );
    expect(kept).toBe(`members ${other?.sessions}`);
    expect(await left?.ask("add 1", (text) => text.startsWith("total"))).toBe("total 8");
    expect(await cluster.room("carrier/kept")).toMatchObject({ server: before?.server, epoch: before?.epoch });

    await until(
      () => cluster.gateways(),
      (gateways) => gateways.length === 2 && gateways.every(({ id }) => id !== victim?.id),
    );
    const late = await join("carrier/kept");
    expect(await late.ask("add 1", (text) => text.startsWith("total"))).toBe("total 9");
  });
});
