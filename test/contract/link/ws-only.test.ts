import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { createNodeRuntime } from "../../../gateway/wire/node-runtime.ts";
import type { PipeEnd, PipeListener } from "../../../gateway/wire/pipe.ts";
import { createWsDialPipe } from "../../../gateway/wire/ws-dial.ts";
import { createWsListenPipe } from "../../../gateway/wire/ws-listen.ts";
import { createVirtualRuntime, type VirtualRuntime } from "../../support/virtual-runtime.ts";

/** What is special to real sockets: HTTP in front, WebSocket frames below. */

const untrustedMax = 3;
let captured: VirtualRuntime;
let listener: PipeListener;
let far: { messages: number; ends: PipeEnd[]; trust(): void }[];

beforeEach(async () => {
  captured = createVirtualRuntime();
  const runtime = createNodeRuntime({ log: captured.log });
  far = [];
  listener = await createWsListenPipe({ log: runtime.log, untrustedMax })({ host: "127.0.0.1", port: 0 }, (pipe) => {
    const seen = { messages: 0, ends: [] as PipeEnd[], trust: () => pipe.trust() };
    far.push(seen);
    return {
      onMessage: () => {
        seen.messages += 1;
      },
      onDrained: () => undefined,
      onEnd: (end) => seen.ends.push(end),
    };
  });
});

afterEach(() => listener.close());

async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 5_000;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Status line and headers of the answer to some raw bytes. */
function ask(...lines: readonly string[]): Promise<string> {
  const [host = "", port = ""] = listener.address.split(":");
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({ host, port: Number(port) }, () => socket.write([...lines, "", ""].join("\r\n")));
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

const upgrade = (path: string, ...more: readonly string[]) => [
  `GET ${path} HTTP/1.1`,
  "Host: x",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ...more,
];
const version = "Sec-WebSocket-Version: 13";
const subprotocol = "Sec-WebSocket-Protocol: roomgate-trunk";

describe("what is no trunk is refused", () => {
  const cases: Record<string, [lines: string[], status: number]> = {
    "a request for another page": [["GET / HTTP/1.1", "Host: x"], 404],
    "a request for the trunk that is no upgrade": [["GET /trunk HTTP/1.1", "Host: x"], 426],
    "an upgrade on another path": [upgrade("/rooms/a/b", version, subprotocol), 404],
    "an upgrade without version": [upgrade("/trunk", subprotocol), 426],
    "an upgrade of version 8": [upgrade("/trunk", "Sec-WebSocket-Version: 8", subprotocol), 426],
    "an upgrade without subprotocol": [upgrade("/trunk", version), 400],
    "an upgrade with another subprotocol": [upgrade("/trunk", version, "Sec-WebSocket-Protocol: chat"), 400],
    garbage: [["\u0000\u0001"], 400],
  };
  test.each(Object.entries(cases))("%s", async (_name, [lines, status]) => {
    expect(await ask(...lines)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(far).toEqual([]);
  });

  test("426 says what would be understood", async () => {
    expect(await ask("GET /trunk HTTP/1.1", "Host: x")).toContain("Upgrade: websocket");
  });
});

test("peers that have not proved themselves are counted, and more of them wait; the others are not held up", async () => {
  const open = () => {
    const socket = new WebSocket(`ws://${listener.address}/trunk`, "roomgate-trunk");
    socket.on("error", () => undefined);
    return socket;
  };
  const sockets = Array.from({ length: untrustedMax }, open);
  await until("they are in", () => far.length === untrustedMax);
  const failures: PipeEnd[] = [];
  createWsDialPipe()(
    listener.address,
    () => {
      throw new Error("was let in");
    },
    (end) => failures.push(end),
  );
  await until("one more is refused", () => failures.length === 1);
  expect(failures).toEqual([{ kind: "closed", code: 0, detail: "answered 503" }]);
  far[0]?.trust();
  sockets[1]?.terminate();
  await until("one is gone", () => far[1]?.ends.length === 1);
  sockets.push(open(), open());
  await until("their places are free", () => far.length === untrustedMax + 2);
  for (const socket of sockets) socket.terminate();
});

describe("WIRE-2: what is no binary WebSocket message is a fault of the peer", () => {
  async function openRaw(): Promise<WebSocket> {
    const socket = new WebSocket(`ws://${listener.address}/trunk`, "roomgate-trunk");
    await until("it is open", () => socket.readyState === WebSocket.OPEN && far.length === 1);
    far[0]?.trust();
    return socket;
  }

  const wrongs: Record<string, [act: (socket: WebSocket) => void, code: number]> = {
    "a text message": [(socket) => socket.send("hello"), 1003],
    "a WebSocket message above 256 KiB": [(socket) => socket.send(new Uint8Array(256 * 1024 + 1)), 1009],
    "bytes that are no frame": [(socket) => rawSocketOf(socket).write(Uint8Array.of(0xff, 0xff, 0xff)), 1002],
    "a message in very many pieces": [
      (socket) => {
        for (let piece = 0; piece < 100; piece += 1) socket.send(new Uint8Array(1), { fin: false });
      },
      1008,
    ],
  };
  test.each(Object.entries(wrongs))("%s", async (_name, [act, code]) => {
    const socket = await openRaw();
    socket.on("error", () => undefined);
    const codes: number[] = [];
    socket.on("close", (closeCode) => codes.push(closeCode));
    act(socket);
    await until("both have ended", () => far[0]?.ends.length === 1 && codes.length === 1);
    expect(far[0]?.ends).toMatchObject([{ kind: "protocol" }]);
    expect(far[0]?.messages).toBe(0);
    expect(codes).toEqual([code]);
  });
});

describe("WIRE-7: how a dial fails says what is known of the peer", () => {
  function dial(address: string): Promise<PipeEnd> {
    return new Promise((resolve, reject) => {
      createWsDialPipe({ upgradeMsMax: 300 })(address, () => reject(new Error("opened")) as never, resolve);
    });
  }

  test("a port that nobody listens on: refused", async () => {
    await listener.close();
    expect(await dial(listener.address)).toMatchObject({ kind: "refused", detail: "ECONNREFUSED" });
  });

  test("a name that there is not: no evidence", async () => {
    expect(await dial("no-such-host.invalid:80")).toMatchObject({ kind: "silent" });
  });

  test.each(["", "host", "host:port", "host/path:80", "host:80/x?", "user@host:80", "[::1]", "a b:80"])(
    "what is no address: no evidence (%j)",
    async (address) => {
      expect(await dial(address)).toEqual({ kind: "silent", code: 0, detail: "not an address" });
    },
  );
});

/** The TCP socket below, which the library's types do not show. */
function rawSocketOf(socket: WebSocket): { write(bytes: Uint8Array): void } {
  return (socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket;
}
