import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { nodeSharesPorts } from "../../gateway/wire/port-sharing.ts";
import { type Client, connect } from "../support/client.ts";
import { type Cluster, runCommand, startCluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";

let cluster: Cluster;
let clients: Client[] = [];

afterEach(async () => {
  for (const client of clients) client.leave();
  clients = [];
  await cluster.dispose();
});

/** Enough of them in one room for both gateways to have some: which one takes a client is the kernel's choice. */
async function enterOnBoth(room: string): Promise<void> {
  clients = await Promise.all(Array.from({ length: 24 }, () => connect(`${cluster.clientUrl}/rooms/${room}`)));
  const gateways = await until(
    () => cluster.gateways(),
    (all) => all.length === 2 && all.reduce((sum, { sessions }) => sum + sessions, 0) === clients.length,
  );
  for (const { sessions } of gateways) expect(sessions).toBeGreaterThan(0);
}

const expectAllHear = async (sender: Client | undefined, text: string): Promise<void> => {
  sender?.send(text);
  await Promise.all(clients.map((client) => client.find((got) => got === text)));
};

describe("OPS-16: gateways that share a port", () => {
  test("spread the members of one room among them, who all hear each other, also after one was killed", async () => {
    cluster = await startCluster({ flags: ["--gateways", "2"] });
    await enterOnBoth("fan/both");
    await expectAllHear(clients[0], "from one");
    await expectAllHear(clients.at(-1), "from another");

    const [victim] = await cluster.gateways();
    await cluster.signal(victim?.id ?? "", "SIGKILL");
    await until(
      () => cluster.gateways(),
      (all) => all.length === 2 && all.every(({ id }) => id !== victim?.id),
    );
    for (const client of clients) client.leave();
    await enterOnBoth("fan/both");
    await expectAllHear(clients[0], "after it");
  });

  test("do not share it with another cluster, which says in one line that it is taken", async () => {
    cluster = await startCluster({ flags: ["--gateways", "2", "--servers", "1"] });
    const flags = ["--gateways", "2", "--port", String(cluster.port), "--admin-port", "0", "--store", "lmdb:other"];
    const second = await runCommand(["cluster", ...flags], { cwd: cluster.folder });
    expect(second).toMatchObject({ exit: 1, output: "" });
    expect(second.errors).toBe(
      `roomgate: port: another process listens on 0.0.0.0:${cluster.port}; choose another with --port\n`,
    );
  });

  test("do not take it from another program", async () => {
    cluster = await startCluster({ flags: ["--servers", "1"] });
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const flags = ["--gateways", "2", "--port", String(port), "--admin-port", "0", "--store", "lmdb:other"];
    const second = await runCommand(["cluster", ...flags], { cwd: cluster.folder });
    other.close();
    expect(second).toMatchObject({ exit: 1, output: "" });
    expect(second.errors.trimEnd().split("\n")).toEqual([expect.stringContaining(`0.0.0.0:${port}`)]);
  });

  test("on ws do so where Node can, and where it cannot nothing starts", async () => {
    const flags = ["--gateways", "2", "--listener", "ws"];
    if (nodeSharesPorts(process.versions.node)) {
      cluster = await startCluster({ flags });
      await enterOnBoth("fan/on-ws");
      return expectAllHear(clients[0], "hello");
    }
    cluster = await startCluster({ flags: ["--servers", "1"] });
    const refused = await runCommand(["cluster", ...flags, "--port", "0"], { cwd: cluster.folder });
    expect(refused).toMatchObject({ exit: 1, output: "" });
    expect(refused.errors.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^roomgate: gateways: several share their port with listener ws from Node 22\.12 on/),
    ]);
  });
});
