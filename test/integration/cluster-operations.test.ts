import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type ClusterProcess, isAlive, startCluster, until } from "./support/cluster-process.ts";

interface Server {
  readonly id: string;
  readonly state: string;
  readonly pid: number;
  readonly rooms: number;
}
interface RoomStatus {
  readonly room: string;
  readonly server: string;
  readonly epoch: number;
  readonly sessions: number;
}

let cluster: ClusterProcess;
const servers = () => cluster.get<readonly Server[]>("/api/servers");
const live = async () => (await servers()).filter((server) => server.state === "live");

/** A client that remembers what it got. */
async function connect(room: string) {
  const socket = new WebSocket(`${cluster.client}/rooms/${room}`);
  const got: string[] = [];
  let closed: number | undefined;
  socket.on("message", (bytes) => got.push(String(bytes)));
  socket.on("close", (code) => {
    closed = code;
  });
  await once(socket, "open");
  return { socket, got, closed: () => closed };
}

async function roundTrip(client: Awaited<ReturnType<typeof connect>>, text: string): Promise<void> {
  client.socket.send(text);
  await until(
    () => client.got,
    (got) => got.includes(text),
  );
}

describe("a cluster under its operators", () => {
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test("OPS-9: says where it is, and is ready", async () => {
    expect((await fetch(`${cluster.admin}/readyz`)).status).toBe(200);
    expect(await live()).toHaveLength(3);
    const page = await fetch(cluster.client.replace("ws:", "http:"));
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(`http://localhost:${new URL(cluster.admin).port}/`);
    expect((await fetch(`${cluster.admin}/`)).headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  test("OPS-10: moves a room where it was told to, and its client stays", async () => {
    const client = await connect("fan/moved");
    await roundTrip(client, "before");
    const room = await cluster.get<RoomStatus>("/api/rooms/fan/moved");
    expect(room).toMatchObject({ room: "fan/moved", sessions: 1 });
    const target = (await live()).find((server) => server.id !== room.server)?.id;

    const moved = await cluster.post("/api/rooms/fan/moved/move", { to: target });
    expect(moved).toMatchObject({ status: 200, body: { room: "fan/moved", from: room.server, to: target } });
    const after = await cluster.get<RoomStatus>("/api/rooms/fan/moved");
    expect(after.server).toBe(target);
    expect(after.epoch).toBeGreaterThan(room.epoch);
    await roundTrip(client, "after");

    const again = await cluster.post("/api/rooms/fan/moved/move", { to: target });
    expect(again.status).toBe(409);
    expect((await cluster.post("/api/rooms/fan/moved/move", { to: "nobody" })).status).toBe(409);
    expect((await cluster.post("/api/rooms/fan/absent/move", { to: target })).status).toBe(404);
    expect(client.closed()).toBeUndefined();
    client.socket.close();
  });

  test("OPS-11: drains a server, whose clients stay and in whose place another comes", async () => {
    const client = await connect("fan/drained");
    await roundTrip(client, "before");
    const { server } = await cluster.get<RoomStatus>("/api/rooms/fan/drained");
    const before = await live();

    expect((await cluster.post(`/api/servers/${server}/drain`)).status).toBe(202);
    await until(servers, (all) => !all.some(({ id }) => id === server));
    await until(live, (all) => all.length === before.length);
    await roundTrip(client, "after");
    expect(client.closed()).toBeUndefined();
    expect((await cluster.get<RoomStatus>("/api/rooms/fan/drained")).server).not.toBe(server);
    expect((await cluster.post(`/api/servers/${server}/drain`)).status).toBe(404);
    client.socket.close();
  });

  test("OPS-3: a server that was killed is replaced within a second", async () => {
    const victim = (await live())[0];
    process.kill(victim?.pid ?? 0, "SIGKILL");
    const killedMs = performance.now();
    await until(live, (all) => all.filter(({ id }) => id !== victim?.id).length === 3, 3_000);
    expect(performance.now() - killedMs).toBeLessThan(2_500);
    expect(cluster.log()).toContain("starting another");
  });

  test("OPS-12: figures of every process are at one place", async () => {
    const text = await (await fetch(`${cluster.admin}/metrics`)).text();
    expect(text).toContain("# TYPE roomgate_gateway_sessions gauge");
    for (const { id } of await live()) expect(text).toContain(`roomgate_server_rooms{process="${id}",kind="server"}`);
    expect(text).toMatch(/roomgate_gateway_messages_up_total\{.*\} [1-9]/);
  });

  test("OPS-7: Ctrl-C tells clients 1001, ends every process, and exits 0", async () => {
    const client = await connect("fan/last");
    await roundTrip(client, "hello");
    const pids = (await servers()).map(({ pid }) => pid);
    const startMs = performance.now();
    cluster.process.kill("SIGINT");
    expect(await cluster.ended).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(6_000);
    await until(client.closed, (code) => code !== undefined);
    expect(client.closed()).toBe(1001);
    expect(pids.filter(isAlive)).toEqual([]);
  });
});

describe("a cluster whose supervisor was killed", () => {
  beforeAll(async () => {
    cluster = await startCluster("--servers", "2");
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test("OPS-6: leaves no process behind", async () => {
    const members = [...(await servers()), ...(await cluster.get<readonly Server[]>("/api/gateways"))];
    const pids = members.map(({ pid }) => pid);
    expect(pids).toHaveLength(3);
    cluster.process.kill("SIGKILL");
    await cluster.ended;
    await until(
      () => pids.filter(isAlive),
      (left) => left.length === 0,
    );
  });
});
