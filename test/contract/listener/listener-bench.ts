import { afterEach } from "vitest";
import { WebSocket } from "ws";
import type {
  Admission,
  ClientSocket,
  Listener,
  ListenerOptions,
  OpenListener,
  PlainReply,
  PlainRequest,
  UpgradeRequest,
} from "../../../gateway/edge/listener.ts";
import { RawClient } from "./raw-client.ts";

/** Which adapter the contract runs against, and the few things in which adapters may differ. */
export interface ListenerEngineUnderTest {
  readonly engine: Listener["engine"];
  readonly open: OpenListener;
  /** What the handler hears after a text frame that is no UTF-8: 1006 where the engine hangs up without a close frame. */
  readonly badTextCode: number;
  /** Likewise after a message of many times the limit. */
  readonly hugeMessageCode: number;
  readonly canSharePort: boolean;
}

export const messageBytesMax = 1024 * 1024;
export const sendBufferBytesMax = 256 * 1024;

const options: ListenerOptions = {
  host: "127.0.0.1",
  port: 0,
  messageBytesMax,
  sendBufferBytesMax,
  pingEveryMs: 25_000,
  silenceMsMax: 60_000,
};

/** Everything the listener told about one client. */
export class Peer {
  readonly socket: ClientSocket;
  readonly messages: { readonly text: string; readonly isText: boolean }[] = [];
  readonly closedCodes: number[] = [];
  drainedCount = 0;
  onMessage: (bytes: Uint8Array, isText: boolean) => void = () => {};
  #changed: () => void = () => {};

  constructor(socket: ClientSocket) {
    this.socket = socket;
  }

  readonly handler = {
    message: (bytes: Uint8Array, isText: boolean) => {
      if (bytes.length <= 1_024) this.messages.push({ text: Buffer.from(bytes).toString(), isText });
      this.onMessage(bytes, isText);
      this.#changed();
    },
    drained: () => {
      this.drainedCount += 1;
      this.#changed();
    },
    closed: (code: number) => {
      this.closedCodes.push(code);
      this.#changed();
    },
  };

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  async closed(): Promise<number> {
    await this.until(() => this.closedCodes.length > 0);
    return this.closedCodes[0] ?? Number.NaN;
  }

  /** Makes every message go back as it came. */
  echo(): this {
    this.onMessage = (bytes, isText) => {
      this.socket.send(bytes, isText);
    };
    return this;
  }
}

/** A listener with a scripted site, and clients that are cleaned up. */
export class ListenerBench {
  readonly admitted: UpgradeRequest[] = [];
  readonly plain: PlainRequest[] = [];
  readonly peers: Peer[] = [];
  /** By default every client is accepted, with the first subprotocol that it offers, and echoed. */
  admit: (request: UpgradeRequest) => Admission | Promise<Admission> = (request) => this.accept(request.protocols[0]);
  respond: (request: PlainRequest) => PlainReply = (request) =>
    request.path.startsWith("/rooms/")
      ? { status: 426, headers: { upgrade: "websocket" }, body: "upgrade" }
      : { status: 404, headers: { "content-type": "text/plain" }, body: "not here" };
  #listener: Listener | undefined;
  #peerCame: () => void = () => {};
  readonly #cleanups: (() => void | Promise<void>)[] = [];

  static async open(under: ListenerEngineUnderTest, overrides: Partial<ListenerOptions> = {}): Promise<ListenerBench> {
    const bench = new ListenerBench();
    bench.#listener = await under.open(
      { ...options, ...overrides },
      {
        respond: (request) => {
          bench.plain.push(request);
          return bench.respond(request);
        },
        admit: (request) => {
          bench.admitted.push(request);
          return bench.admit(request);
        },
      },
    );
    return bench;
  }

  get listener(): Listener {
    if (this.#listener === undefined) throw new Error("the bench is not open");
    return this.#listener;
  }

  get port(): number {
    return this.listener.port;
  }

  accept(protocol: string | undefined): Admission {
    return {
      kind: "accept",
      protocol,
      attach: (socket) => {
        const peer = new Peer(socket).echo();
        this.peers.push(peer);
        this.#peerCame();
        return peer.handler;
      },
    };
  }

  /** The client's server side, once it is attached. */
  async peer(index = 0): Promise<Peer> {
    for (;;) {
      const peer = this.peers[index];
      if (peer !== undefined) return peer;
      await new Promise<void>((resolve) => {
        this.#peerCame = resolve;
      });
    }
  }

  async raw(allowHalfOpen = false): Promise<RawClient> {
    const client = await RawClient.open(this.port, allowHalfOpen);
    this.#cleanups.push(() => client.destroy());
    return client;
  }

  async client(path = "/rooms/echo/1", protocols: string[] = [], headers: Record<string, string> = {}) {
    const client = new Client(new WebSocket(`ws://127.0.0.1:${this.port}${path}`, protocols, { headers }));
    this.#cleanups.push(() => client.ws.terminate());
    await client.opened;
    return client;
  }

  async close(): Promise<void> {
    for (const cleanup of this.#cleanups) await cleanup();
    await this.listener.close();
  }
}

/** A well-behaved client. */
export class Client {
  readonly ws: WebSocket;
  readonly frames: { readonly bytes: Buffer; readonly isText: boolean }[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #changed: () => void = () => {};

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on("message", (data, isBinary) => {
      this.frames.push({ bytes: data as Buffer, isText: !isBinary });
      this.#changed();
    });
    this.opened = new Promise((resolve, reject) => {
      ws.once("open", resolve);
      ws.once("error", reject);
    });
    ws.on("error", () => {});
    this.closed = new Promise((resolve) => {
      ws.once("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  async received(count: number): Promise<this["frames"]> {
    while (this.frames.length < count) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    return this.frames;
  }

  async roundTrip(text: string): Promise<void> {
    const count = this.frames.length + 1;
    this.ws.send(text);
    const frames = await this.received(count);
    if (frames[count - 1]?.bytes.toString() !== text) throw new Error("another frame came back");
  }
}

/** Opens benches that close when their test is over. */
export function benchOpener(under: ListenerEngineUnderTest) {
  const open: ListenerBench[] = [];
  afterEach(async () => {
    for (const bench of open.splice(0)) await bench.close();
  });
  return async (overrides: Partial<ListenerOptions> = {}): Promise<ListenerBench> => {
    const bench = await ListenerBench.open(under, overrides);
    open.push(bench);
    return bench;
  };
}
