import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { askRaw, upgradeHeaders } from "../support/raw-request.ts";
import { until } from "../support/until.ts";

const messageBytesMax = 10_000;

describe.each(["uws", "ws"])("a gateway on listener %s", (listener) => {
  let cluster: Cluster;
  let witness: Client;
  let clients: Client[] = [];

  const join = async (room: string, protocols: readonly string[] = []): Promise<Client> => {
    const client = await connect(`${cluster.clientUrl}/rooms/${room}`, protocols);
    clients.push(client);
    return client;
  };
  const upgrade = (path: string, changes: Readonly<Record<string, string | undefined>> = {}) =>
    askRaw(cluster.pagesUrl, path, { headers: upgradeHeaders(changes) });

  beforeAll(async () => {
    const limits = ["--message-bytes-max", `${messageBytesMax}`, "--messages-per-second-max", "200"];
    cluster = await startCluster({
      flags: ["--servers", "1", "--listener", listener, ...limits, "--sessions-max", "12"],
    });
    witness = await connect(`${cluster.clientUrl}/rooms/fan/witness`);
    return cluster.dispose;
  });

  afterEach(async () => {
    for (const client of clients) client.leave();
    clients = [];
    // Whatever somebody else did, this one hears its room.
    expect(await witness.ask("still here")).toBe("still here");
  });

  afterAll(() => witness.leave());

  test("SITE-1: a request that is no upgrade is answered 426", async () => {
    for (const method of ["GET", "POST"]) {
      const answer = await askRaw(cluster.pagesUrl, "/rooms/echo/room", { method });
      expect(answer.status).toBe(426);
      expect(answer.headers["upgrade"]).toBe("websocket");
      expect(answer.headers["content-type"]).toContain("application/problem+json");
    }
  });

  test.each([
    ["another version", { "sec-websocket-version": "12" }, 426],
    ["no version", { "sec-websocket-version": undefined }, 426],
    ["no key", { "sec-websocket-key": undefined }, 400],
    ["a malformed key", { "sec-websocket-key": "short" }, 400],
    ["a body", { "content-length": "5" }, 400],
  ])("EDGE-1: an upgrade with %s is turned down", async (_what, changes, status) => {
    const body = "content-length" in changes ? "hello" : undefined;
    const headers = upgradeHeaders(changes);
    const answer = await askRaw(cluster.pagesUrl, "/rooms/echo/room", { headers, ...(body ? { body } : {}) });
    expect(answer.status).toBe(status);
    if (status === 426) expect(answer.headers["sec-websocket-version"]).toBe("13");
  });

  test.each([
    ["/rooms/echo/", "no name"],
    ["/rooms/echo", "no slash"],
    [`/rooms/echo/${"a".repeat(129)}`, "129 characters"],
    ["/rooms/echo/a%20b", "a space"],
    ["/rooms/echo/a%2Fb", "an encoded slash"],
    ["/rooms/echo/a/b", "two segments"],
    ["/rooms/echo/a/", "a slash behind it"],
    ["/rooms/echo/%zz", "no percent-encoding"],
    ["/rooms/echo/%C3%BC", "a letter beyond ASCII"],
    ["/rooms/echo/%00", "a zero byte"],
    ["/rooms/echo/a+b", "a plus"],
  ])("SITE-2: %s is no room (%s): 400", async (path) => {
    const answer = await upgrade(path);
    expect(answer.status).toBe(400);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(JSON.parse(answer.body)).toMatchObject({ status: 400 });
  });

  test.each(["AZaz09._~:-", "a".repeat(128), "%61%7Eb", "v1..2", "-"])("SITE-2: %s is a room", async (name) => {
    const client = await join(`echo/${name}`);
    expect(await client.ask("hello")).toBe("hello");
    expect(await cluster.room(`echo/${name}`)).toBeDefined();
  });

  test.each(["/rooms/absent/room", "/rooms/Echo/room", "/rooms/%65cho/room", "/elsewhere", "/rooms"])(
    "SITE-3: %s is nowhere: 404",
    async (path) => {
      const answer = await upgrade(path);
      expect(answer.status).toBe(404);
      expect(JSON.parse(answer.body)).toMatchObject({ status: 404 });
    },
  );

  test("SITE-4: of the subprotocols that a client offers the first is selected", async () => {
    const client = await join("echo/protocols", ["chat.2", "chat.1"]);
    expect(client.socket.protocol).toBe("chat.2");
  });

  test("SITE-5: text and binary frames reach the room and the client unchanged, empty ones too", async () => {
    const client = await join("echo/frames");
    const got: (readonly [string, boolean])[] = [];
    client.socket.on("message", (data: Buffer, isBinary) => got.push([data.toString("hex"), isBinary]));
    const frames: (readonly [Buffer, boolean])[] = [
      [Buffer.from("grüß dich 🜂"), false],
      [Buffer.from([0, 255, 128, 193]), true],
      [Buffer.alloc(0), false],
      [Buffer.alloc(0), true],
      [Buffer.alloc(messageBytesMax, 7), true],
    ];
    for (const [bytes, isBinary] of frames) client.socket.send(bytes, { binary: isBinary });
    await until(
      () => got.length,
      (count) => count === frames.length,
    );
    expect(got).toEqual(frames.map(([bytes, isBinary]) => [bytes.toString("hex"), isBinary]));
  });

  test("SITE-6: a message above the bound closes its sender with 1009, one at the bound does not", async () => {
    const client = await join("fan/big");
    await client.ask("x".repeat(messageBytesMax));
    client.send("x".repeat(messageBytesMax + 1));
    expect(await client.closed()).toBe(1009);
  });

  test("SITE-7: who sends more messages a second than allowed is closed with 4429", async () => {
    const client = await join("echo/fast");
    for (let count = 0; count < 1_000; count += 1) client.send(`${count}`);
    expect(await client.closed()).toBe(4429);
    // What it was allowed to say was said, in order.
    expect(client.got).toEqual(client.got.map((_text, index) => `${index}`));
  });

  test("SITE-8: a gateway that has as many clients as it takes answers 503, and lets in again when some have left", async () => {
    const inside = await Promise.all(Array.from({ length: 11 }, (_none, index) => join(`echo/seat-${index}`)));
    const answer = await upgrade("/rooms/echo/one-too-many");
    expect(answer.status).toBe(503);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    inside[0]?.leave();
    const late = await until(
      () => join("echo/late").catch(() => undefined),
      (client) => client !== undefined,
    );
    expect(await late?.ask("hello")).toBe("hello");
  });
});
