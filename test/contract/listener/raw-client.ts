import { connect, type Socket } from "node:net";

/** What a fixed, valid handshake sends; tests change single headers. `undefined` leaves one out. */
const handshake: Readonly<Record<string, string>> = {
  Host: "localhost",
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

export function requestText(method: string, target: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

export function upgradeText(
  target: string,
  changes: Readonly<Record<string, string | undefined>> = {},
  method = "GET",
): string {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...handshake, ...changes })) {
    if (value !== undefined) headers[name] = value;
  }
  return requestText(method, target, headers);
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One frame as a client sends it, masked with the zero key. */
export function clientFrame(opcode: number, payload: Uint8Array, isLast = true): Buffer {
  const first = (isLast ? 0x80 : 0) | opcode;
  const mask = [0, 0, 0, 0];
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, 0x80 | payload.length, ...mask]), payload]);
  const head = Buffer.alloc(14);
  head[0] = first;
  if (payload.length < 65_536) {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(payload.length, 2);
    return Buffer.concat([head.subarray(0, 8), payload]);
  }
  head[1] = 0x80 | 127;
  head.writeUInt32BE(payload.length, 6);
  return Buffer.concat([head, payload]);
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The first reply in `bytes`; `undefined` while its head is not complete. The body is all that follows. */
export function parseReply(bytes: Buffer): HttpReply | undefined {
  const text = bytes.toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [statusLine = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status: Number(statusLine.split(" ")[1]), headers, body: text.slice(end + 4) };
}

/** A bare TCP client: sends what no library would, and sees what is really on the wire. */
export class RawClient {
  readonly socket: Socket;
  /** The server has hung up, or the connection broke. */
  readonly ended: Promise<void>;
  /** The connection is gone on our side too. */
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #changed: () => void = () => {};
  #isEnded = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const end = deferred();
    const close = deferred();
    this.ended = end.promise;
    this.closed = close.promise;
    const finish = () => {
      this.#isEnded = true;
      end.resolve();
      this.#changed();
    };
    socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#changed();
    });
    socket.on("end", finish);
    socket.on("error", finish);
    socket.on("close", () => {
      finish();
      close.resolve();
    });
  }

  static open(port: number, allowHalfOpen = false): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, allowHalfOpen });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RawClient(socket));
      });
    });
  }

  get received(): Buffer {
    return this.#received;
  }

  write(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** Resolves with the first answer of `find` that is not `undefined`; rejects if the connection ends before. */
  async until<T>(find: (received: Buffer) => T | undefined): Promise<T> {
    for (;;) {
      const found = find(this.#received);
      if (found !== undefined) return found;
      if (this.#isEnded) throw new Error(`connection ended after ${JSON.stringify(this.#received.toString("latin1"))}`);
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** The reply, whole: waits for `content-length` bytes of body unless there are to be none. */
  reply(hasBody = true): Promise<HttpReply> {
    return this.until((received) => {
      const reply = parseReply(received);
      const length = hasBody ? Number(reply?.headers["content-length"] ?? 0) : 0;
      return reply !== undefined && reply.body.length >= length ? reply : undefined;
    });
  }

  /** Waits for the 101 and forgets it. */
  async upgraded(): Promise<HttpReply> {
    const reply = await this.until(parseReply);
    if (reply.status !== 101) throw new Error(`not upgraded: ${reply.status} ${reply.body}`);
    this.forget(this.#received.indexOf("\r\n\r\n") + 4);
    return reply;
  }

  /** Drops the first bytes, or all, of what was received. */
  forget(bytes = this.#received.length): void {
    this.#received = this.#received.subarray(bytes);
  }

  destroy(): void {
    this.socket.destroy();
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
