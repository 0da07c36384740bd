import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import WebSocket from "ws";
import type { ListenPipe, Pipe, PipeEnd, PipeListener } from "../../../gateway/wire/pipe.ts";
import type { Logger } from "../../../gateway/wire/runtime.ts";
import type { TrunkListenLimits } from "../../../gateway/wire/trunk-upgrade.ts";
import { createWsDialPipe } from "../../../gateway/wire/ws-dial.ts";
import { createVirtualRuntime, type VirtualRuntime } from "../../support/virtual-runtime.ts";

/** A listener on real sockets. */
export interface ListenerUnderTest {
  readonly name: string;
  readonly create: (options: TrunkListenLimits & { readonly log: Logger }) => ListenPipe;
  /** Whether it answers what breaks the WebSocket protocol with a close frame. */
  readonly saysWhatIsWrong: boolean;
  /** Answer to what is not HTTP. */
  readonly garbageStatus: number;
}

/** What is special to real sockets: HTTP in front, WebSocket frames below. */
export function testSockets(under: ListenerUnderTest): void {
  describe(under.name, () => {
    const untrustedMax = 3;
    const socketsMax = 20;
    let captured: VirtualRuntime;
    let listener: PipeListener;
    let far: { messages: number; ends: PipeEnd[]; trust(): void; readonly pipe: Pipe }[];

    beforeEach(async () => {
      captured = createVirtualRuntime();
      far = [];
      listener = await open({ host: "127.0.0.1", port: 0 });
    });

    function open(where: { readonly host: string; readonly port: number }): Promise<PipeListener> {
      return under.create({ log: captured.log, untrustedMax, socketsMax })(where, (pipe) => {
        const seen = { messages: 0, ends: [] as PipeEnd[], trust: () => pipe.trust(), pipe };
        far.push(seen);
        return {
          onMessage: () => {
            seen.messages += 1;
          },
          onDrained: () => undefined,
          onEnd: (end) => seen.ends.push(end),
        };
      });
    }

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

    async function openRaw(): Promise<WebSocket> {
      const socket = new WebSocket(`ws://${listener.address}/trunk`, "roomgate-trunk");
      const before = far.length;
      await until("it is open", () => socket.readyState === WebSocket.OPEN && far.length === before + 1);
      far.at(-1)?.trust();
      return socket;
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
        garbage: [["\u0000\u0001"], under.garbageStatus],
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
      const wrongs: Record<string, [act: (socket: WebSocket) => void, code: number]> = {
        "a text message": [(socket) => socket.send("hello"), 1003],
        "a WebSocket message above 256 KiB": [
          (socket) => socket.send(new Uint8Array(256 * 1024 + 1)),
          under.saysWhatIsWrong ? 1009 : 1006,
        ],
        "bytes that are no frame": [
          (socket) => rawSocketOf(socket).write(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
          under.saysWhatIsWrong ? 1002 : 1006,
        ],
        "fragments without end": [
          (socket) => {
            for (let piece = 0; piece < 100; piece += 1) socket.send(new Uint8Array(16 * 1024), { fin: false });
          },
          under.saysWhatIsWrong ? 1009 : 1006,
        ],
        "an announcement of 19 MiB": [(socket) => socket.send(Uint8Array.of(0, 0, 0x30, 1)), 1008],
        "a piece that is too short": [
          (socket) => {
            socket.send(Uint8Array.of(0, 0, 0x10, 0));
            socket.send(new Uint8Array(100));
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

    describe("what is there of a message is seen and bounded before the rest has come", () => {
      const announcement = Uint8Array.of(0, 0, 0x10, 0);
      const piece = new Uint8Array(256 * 1024);

      test("WIRE-7: each piece shows that the peer is heard", async () => {
        const socket = await openRaw();
        socket.send(announcement);
        for (let count = 1; count <= 3; count += 1) {
          socket.send(piece);
          await until("it has come in", () => (far[0]?.pipe.receivedBytes ?? 0) >= count * piece.length);
        }
        expect(far[0]?.messages).toBe(0);
        socket.send(piece);
        await until("the message is whole", () => far[0]?.messages === 1);
        socket.terminate();
      });

      test("WIRE-6: a peer that has not proved itself ends within its first piece", async () => {
        const socket = new WebSocket(`ws://${listener.address}/trunk`, "roomgate-trunk");
        socket.on("error", () => undefined);
        await until("it is open", () => socket.readyState === WebSocket.OPEN && far.length === 1);
        socket.send(announcement);
        socket.send(piece);
        await until("it has ended", () => far[0]?.ends.length === 1);
        expect(far[0]?.ends).toMatchObject([{ kind: "protocol" }]);
        expect(far[0]?.messages).toBe(0);
      });
    });

    test("sockets beyond the bound are dropped as they come, and there is room again when others have gone", async () => {
      const [host = "", port = ""] = listener.address.split(":");
      const ended = new Set<Socket>();
      const opened = new Set<Socket>();
      const knock = (): Socket => {
        const socket = connect({ host, port: Number(port) });
        socket.on("error", () => undefined);
        socket.on("connect", () => opened.add(socket));
        socket.on("close", () => ended.add(socket));
        return socket;
      };
      const trunk = await openRaw();
      const idle = Array.from({ length: socketsMax - 1 }, knock);
      await until("they are in", () => opened.size === idle.length);
      const beyond = knock();
      await until("one more is dropped", () => ended.has(beyond));
      expect(ended.size).toBe(1);
      expect(far[0]?.ends).toEqual([]);
      idle[0]?.destroy();
      trunk.terminate();
      await until("two have gone", () => ended.size === 2 && far[0]?.ends.length === 1);
      const later = knock();
      await openRaw();
      await until("two more are in", () => opened.has(later));
      expect(ended.size).toBe(2);
      for (const socket of [...idle, later]) socket.destroy();
    });

    describe("WIRE-8: a pipe that closes", () => {
      const heard = (socket: WebSocket) => {
        const seen = { messages: 0, codes: [] as number[], reasons: [] as string[] };
        socket.on("message", () => {
          seen.messages += 1;
        });
        socket.on("close", (code, reason) => {
          seen.codes.push(code);
          seen.reasons.push(reason.toString());
        });
        return seen;
      };

      test("sends nothing more, and ends once, with its own code", async () => {
        const socket = await openRaw();
        const seen = heard(socket);
        const pipe = far[0]?.pipe;
        pipe?.send(new Uint8Array(10));
        pipe?.close(4400, "version");
        pipe?.close(1000, "");
        pipe?.send(new Uint8Array(10));
        await until("both have ended", () => far[0]?.ends.length === 1 && seen.codes.length === 1);
        expect(seen).toEqual({ messages: 1, codes: [4400], reasons: ["version"] });
        expect(far[0]?.ends).toEqual([{ kind: "closed", code: 4400, detail: "closed here" }]);
      });

      test("ends within seconds where the peer stands still, and the peer is told when it goes on", async () => {
        const socket = await openRaw();
        const seen = heard(socket);
        socket.pause();
        far[0]?.pipe.close(1001, "silent");
        await until("it has ended", () => far[0]?.ends.length === 1);
        expect(far[0]?.ends).toMatchObject([{ kind: "closed" }]);
        socket.resume();
        await until("the peer has ended", () => seen.codes.length === 1);
        expect(seen).toMatchObject({ codes: [1001], reasons: ["silent"] });
      });

      test("ends within seconds where the peer does not take what was sent", async () => {
        const socket = await openRaw();
        const seen = heard(socket);
        socket.pause();
        const pipe = far[0]?.pipe;
        for (let count = 0; count < 4; count += 1) pipe?.send(new Uint8Array(8 * 1024 * 1024));
        expect(pipe?.bufferedBytes).toBeGreaterThan(0);
        pipe?.close(1001, "silent");
        await until("it has ended", () => far[0]?.ends.length === 1);
        expect(far[0]?.ends).toMatchObject([{ kind: "closed" }]);
        expect(pipe?.bufferedBytes).toBe(0);
        socket.resume();
        await until("the peer has ended", () => seen.codes.length === 1);
        expect(seen.codes).toEqual([1006]);
      });
    });

    test("a port is bound again at once, also while connections of its last owner are not forgotten yet", async () => {
      const port = Number(listener.address.split(":").at(-1));
      const where = { host: "localhost", port };
      await listener.close();
      listener = await open(where);
      await openRaw();
      await listener.close();
      listener = await open(where);
      expect(listener.address).toMatch(new RegExp(`^(127\\.0\\.0\\.1|\\[::1\\]):${port}$`));
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
  });
}

/** The TCP socket below, which the library's types do not show. */
function rawSocketOf(socket: WebSocket): { write(bytes: Uint8Array): void } {
  return (socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket;
}
