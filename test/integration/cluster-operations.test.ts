import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { type Cluster, isAlive, startCluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";

let cluster: Cluster;
let clients: Client[] = [];

async function enter(room: string): Promise<Client> {
  const client = await connect(`${cluster.clientUrl}/rooms/${room}`);
  clients.push(client);
  await client.ask("before");
  return client;
}

beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.dispose());
afterEach(() => {
  for (const client of clients) client.leave();
  clients = [];
});

describe("a cluster under its operators", () => {
  test("OPS-9: says where it is, and is ready", async () => {
    expect(await cluster.ask("/readyz")).toMatchObject({ status: 200 });
    expect(await cluster.liveServers()).toHaveLength(3);
    const page = await fetch(cluster.pagesUrl);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(`http://localhost:${cluster.adminPort}/`);
    const dashboard = await fetch(`${cluster.adminUrl}/`);
    expect(dashboard.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  test("OPS-10: moves a room where it was told to, and its client stays", async () => {
    const client = await enter("fan/moved");
    const room = await cluster.room("fan/moved");
    expect(room).toMatchObject({ room: "fan/moved", sessions: 1 });
    const target = (await cluster.liveServers()).find(({ id }) => id !== room?.server)?.id ?? "";

    const moved = await cluster.move("fan/moved", target);
    expect(moved).toMatchObject({ status: 200, body: { room: "fan/moved", from: room?.server, to: target } });
    const after = await cluster.room("fan/moved");
    expect(after?.server).toBe(target);
    expect(after?.epoch).toBeGreaterThan(room?.epoch ?? 0);
    await client.ask("after");

    expect((await cluster.move("fan/moved", target)).status).toBe(409);
    expect((await cluster.move("fan/moved", "nobody")).status).toBe(409);
    expect((await cluster.move("fan/absent", target)).status).toBe(404);
    expect(client.closeCode).toBeUndefined();
  });

  test("OPS-11: drains a server, whose clients stay and in whose place another comes", async () => {
    const client = await enter("fan/drained");
    const drained = (await cluster.room("fan/drained"))?.server ?? "";

    expect((await cluster.drain(drained)).status).toBe(202);
    await cluster.untilServers((all) => all.length === 3 && all.every(({ id }) => id !== drained));
    await client.ask("after");
    expect(client.closeCode).toBeUndefined();
    expect((await cluster.room("fan/drained"))?.server).not.toBe(drained);
    expect((await cluster.drain(drained)).status).toBe(404);
  });

  test("OPS-3: within a second after a server was killed another is started", async () => {
    const [victim] = await cluster.liveServers();
    const killedMs = Date.now();
    await cluster.signal(victim?.id ?? "", "SIGKILL");
    const { time, member } = await cluster.log.find(
      ({ who, msg }) => who === victim?.id && msg === "a process is gone; starting another",
    );
    expect(member).toBe("cluster");
    expect(Number(time) - killedMs).toBeLessThan(1_000);
    await cluster.untilServers(
      (all) => all.filter(({ id, state }) => id !== victim?.id && state === "live").length === 3,
    );
  });

  test("OPS-12: figures of every process are at one place", async () => {
    await enter("fan/counted");
    const { status, type, body: text } = await cluster.ask<string>("/metrics");
    expect({ status, type }).toEqual({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8" });
    expect(text).toContain("# TYPE roomgate_gateway_sessions gauge");
    for (const { id } of await cluster.liveServers()) {
      expect(text).toContain(`roomgate_server_rooms{process="${id}",kind="server"}`);
    }
    expect(text).toMatch(/roomgate_gateway_messages_up_total\{.*\} [1-9]/);
  });

  test("OPS-7: Ctrl-C tells clients 1001, ends every process, and exits 0", async () => {
    const client = await enter("fan/last");
    const pids = (await cluster.servers()).map(({ pid }) => pid);
    const startMs = performance.now();
    cluster.kill("SIGINT");
    expect(await cluster.ended).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(6_000);
    expect(await client.closed()).toBe(1001);
    await until(
      () => pids.filter(isAlive),
      (left) => left.length === 0,
    );
  });
});
