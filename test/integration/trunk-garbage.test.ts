import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { join } from "node:path";
import { pack } from "msgpackr";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { Crowd, flawless } from "../support/crowd.ts";
import { dialRawTrunk, hello, type RawTrunk, shakeHands } from "../support/raw-trunk.ts";
import { sleep } from "../support/until.ts";

let cluster: Cluster;
let crowd: Crowd;
let address: string;
let secret: string;

beforeAll(async () => {
  cluster = await startCluster({ flags: ["--servers", "1"] });
  const rooms = ["echo/a", "fan/b", "echo/c", "fan/d"];
  crowd = await Crowd.join({ clientUrl: cluster.clientUrl, rooms, membersPerRoom: 5, perSecond: 20 });
  address = (await cluster.liveServers())[0]?.address ?? "";
  secret = readFileSync(join(cluster.folder, "store", "trunk-secret"), "utf8").trim();
  crowd.start();
  return cluster.dispose;
});

afterAll(() => crowd.leave());

beforeEach(({ onTestFailed }) => {
  onTestFailed(() => console.log(cluster.log.text().slice(-20_000)));
});

const warnings = (msg: string): number =>
  cluster.log.lines.filter((line) => line.level === "warn" && line.msg === msg).length;

/** It is closed with `code`, within the handshake's 3 s, and that is logged once, with the address. */
async function expectClosed(trunk: RawTrunk, code: number, msg: string, before: number): Promise<void> {
  expect(await trunk.closed(5_000)).toBe(code);
  const line = await cluster.log.find((one) => one.msg === msg && warnings(msg) > before);
  expect(JSON.stringify(line)).toContain("127.0.0.1");
}

/** Whichever way: who is cut off with bytes unread sees a reset, which the `once` of Node would reject with. */
const hasClosed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once("close", () => resolve()));

describe("whoever is no peer", () => {
  test("TRUNK-1: bytes that are no HTTP, an endless header, and a request elsewhere are ended", async () => {
    const [host = "", port = ""] = address.split(":");
    for (const bytes of [randomBytes(4_096), Buffer.alloc(256 * 1024, "A"), Buffer.from("GET / HTTP/1.1\r\n\r\n")]) {
      const socket = connectTcp(Number(port), host);
      socket.on("error", () => {});
      socket.resume();
      socket.write(bytes);
      await hasClosed(socket);
    }
    expect((await fetch(`http://${address}/trunk`)).status).toBe(426);
    expect((await fetch(`http://${address}/elsewhere`)).status).toBe(404);
  });

  test("WIRE-6: a trunk that says nothing is ended within the handshake's 3 s", async () => {
    const startMs = performance.now();
    const trunk = await dialRawTrunk(address);
    await trunk.closed(6_000);
    expect(performance.now() - startMs).toBeLessThan(5_500);
  });

  test("WIRE-6: a connection that says nothing at all is ended within 20 s", async () => {
    const [host = "", port = ""] = address.split(":");
    const silent = connectTcp(Number(port), host);
    silent.on("error", () => {});
    silent.resume();
    const startMs = performance.now();
    await hasClosed(silent);
    expect(performance.now() - startMs).toBeLessThan(20_000);
  });

  test.each([
    ["random bytes", () => randomBytes(200)],
    ["an empty message", () => Buffer.alloc(0)],
    ["a greeting that is too long", () => pack({ ...hello(), more: "x".repeat(2_000) })],
    ["a greeting cut in half", () => pack(hello()).subarray(0, 40)],
    ["a frame instead of a greeting", () => Buffer.from("10000000060000000100000001000000", "hex")],
    ["no common version", () => pack(hello("gateway", "g-raw", [7, 8]))],
    ["an id that is none", () => pack(hello("gateway", "bad id!"))],
    ["another role", () => pack(hello("king"))],
  ])("TRUNK-2: %s: closed with 4400", async (_what, bytes) => {
    const before = warnings("trunk handshake failed");
    const trunk = await dialRawTrunk(address);
    trunk.send(bytes());
    await expectClosed(trunk, 4400, "trunk handshake failed", before);
  });

  test("TRUNK-2: a wrong secret: closed with 4401", async () => {
    const before = warnings("trunk handshake failed");
    const trunk = await dialRawTrunk(address);
    expect(await shakeHands(trunk, "0123456789abcdef-not-it")).toBe("turned down");
    await expectClosed(trunk, 4401, "trunk handshake failed", before);
  });
});

describe("a peer that breaks the rules", () => {
  const frame = (type: number, rest: Buffer, { flags = 0, channel = 1, epoch = 1, length = 16 + rest.length } = {}) => {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(length, 0);
    head.writeUInt8(type, 4);
    head.writeUInt8(flags, 5);
    head.writeUInt32LE(channel, 8);
    head.writeUInt32LE(epoch, 12);
    return Buffer.concat([head, rest]);
  };
  const numbers = (...words: number[]): Buffer => Buffer.from(Uint32Array.from(words).buffer);

  test.each([
    ["random bytes", () => randomBytes(500)],
    ["a frame that is longer than its message", () => frame(2, numbers(1, 1), { length: 4_000 })],
    ["a frame shorter than its head", () => frame(2, numbers(1, 1), { length: 8 })],
    [
      "half a frame behind a whole one",
      () => Buffer.concat([frame(2, numbers(1, 1)), frame(2, numbers(1)).subarray(0, 9)]),
    ],
    ["a type that there is not", () => frame(99, Buffer.alloc(8))],
    ["a flag that there is not", () => frame(2, numbers(1, 1), { flags: 0x80 })],
    ["channel 0", () => frame(2, numbers(1, 1), { channel: 0 })],
    ["session 0", () => frame(2, numbers(0, 1))],
    ["an odd number of words in an ack", () => frame(8, numbers(1, 2, 3))],
    [
      "a batch above its bound",
      () =>
        Buffer.concat(
          Array.from({ length: 5 }, () => frame(2, Buffer.concat([numbers(1, 1), Buffer.alloc(1024 * 1024)]))),
        ),
    ],
  ])("WIRE-2: %s: closed with 4400", async (_what, bytes) => {
    const before = warnings("trunk peer broke the protocol");
    const trunk = await dialRawTrunk(address);
    expect(await shakeHands(trunk, secret)).toBe("welcome");
    trunk.send(bytes());
    await expectClosed(trunk, 4400, "trunk peer broke the protocol", before);
  });

  test("WIRE-2: a message above what a frame may take is closed with 1008", async () => {
    const trunk = await dialRawTrunk(address);
    expect(await shakeHands(trunk, secret)).toBe("welcome");
    trunk.send(Buffer.alloc(20 * 1024 * 1024));
    expect(await trunk.closed(5_000)).toBe(1008);
  });

  test("WIRE-2: a WebSocket message above what a piece may take is cut off", async () => {
    const trunk = await dialRawTrunk(address);
    expect(await shakeHands(trunk, secret)).toBe("welcome");
    trunk.socket.send(Buffer.alloc(1024 * 1024));
    expect([1009, 1006]).toContain(await trunk.closed(5_000));
  });

  test("EPOCH-1: well-formed frames for channels and transfers that are not there do nothing", async () => {
    const trunk = await dialRawTrunk(address);
    expect(await shakeHands(trunk, secret)).toBe("welcome");
    for (let channel = 1; channel < 200; channel += 1) {
      trunk.send(frame(2, Buffer.concat([numbers(1, 1), Buffer.from("hello")]), { channel }));
      trunk.send(frame(3, Buffer.concat([numbers(1, 2), Buffer.from([0xe8, 0x03])]), { channel }));
    }
    await sleep(200);
    expect(trunk.socket.readyState).toBe(WebSocket.OPEN);
    trunk.socket.terminate();
  });
});

test("TRUNK-3: nobody else has noticed any of it", async () => {
  const [server] = await cluster.servers();
  expect(server).toMatchObject({ state: "live", address });
  expect(await cluster.gateways()).toHaveLength(1);
  const verdict = await crowd.stop();
  expect(verdict).toMatchObject(flawless);
  expect(verdict.sent).toBeGreaterThan(1_000);
  const members = new Set(cluster.log.lines.filter(({ msg }) => msg === "gateway started").map(({ member }) => member));
  expect(members.size).toBe(1);
  expect(cluster.log.lines.filter(({ msg }) => msg.startsWith("a process is gone"))).toEqual([]);
});
