import { connect, type Socket } from "node:net";
import { opcodes, upgradeRequest, walkFrames } from "./client-frames.ts";
import type { Dialect } from "./dialect.ts";

export interface ClientEvents {
  /** `count` data frames came in one read. */
  received(client: Client, count: number): void;
  pinged(): void;
  /** Only after it was open; `why` is the server's close code and reason, or that it gave none. */
  closed(why: string): void;
}

export interface ClientTarget {
  readonly port: number;
  readonly room: string;
  readonly roomIndex: number;
  readonly localAddress: string | undefined;
}

const readBytes = 256 * 1024;
/** All sockets read into the same memory: a read is handled before the next one begins. */
const shared = Buffer.allocUnsafe(readBytes);

/** One client on a bare TCP socket: as little work per message as Node allows. */
export class Client {
  readonly roomIndex: number;
  readonly #room: string;
  readonly #socket: Socket;
  readonly #dialect: Dialect;
  readonly #events: ClientEvents;
  #head: string | undefined = "";
  #rest: Buffer | undefined;
  #answers = 0;
  #isOpen = false;
  #why = "no close frame";
  #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;

  private constructor(target: ClientTarget, path: string, dialect: Dialect, events: ClientEvents) {
    this.roomIndex = target.roomIndex;
    this.#room = target.room;
    this.#dialect = dialect;
    this.#events = events;
    this.#socket = connect({
      port: target.port,
      host: "127.0.0.1",
      noDelay: true,
      ...(target.localAddress === undefined ? {} : { localAddress: target.localAddress }),
      onread: {
        buffer: () => shared,
        callback: (count) => {
          this.#read(count);
          return true;
        },
      },
    });
    this.#socket.on("error", (error) => this.#settle?.reject(error));
    this.#socket.on("close", () => this.#ended());
    this.#socket.write(upgradeRequest(path, target.port));
  }

  /** Resolves when the client is in its room. */
  static async open(target: ClientTarget, dialect: Dialect, events: ClientEvents): Promise<Client> {
    const client = new Client(target, await dialect.request(target.room, target.port), dialect, events);
    await new Promise<void>((resolve, reject) => {
      client.#settle = { resolve, reject };
    });
    return client;
  }

  send(frames: Uint8Array): void {
    this.#socket.write(frames);
  }

  #read(count: number): void {
    if (this.#head !== undefined) {
      this.#readHead(count);
      return;
    }
    this.#readFrames(this.#rest === undefined ? shared.subarray(0, count) : this.#joined(count));
  }

  #readHead(count: number): void {
    this.#head += shared.toString("latin1", 0, count);
    const end = this.#head?.indexOf("\r\n\r\n") ?? -1;
    if (this.#head === undefined || end < 0) return;
    const status = this.#head.slice(0, this.#head.indexOf("\r\n"));
    if (!status.startsWith("HTTP/1.1 101")) {
      this.#settle?.reject(new Error(`not upgraded: ${status}`));
      return;
    }
    const rest = Buffer.from(this.#head.slice(end + 4), "latin1");
    this.#head = undefined;
    const opening = this.#dialect.opening?.(this.#room);
    if (opening !== undefined) this.#socket.write(opening);
    if (this.#dialect.isReadyWhenOpen) this.#opened();
    if (rest.length > 0) this.#readFrames(rest);
  }

  #joined(count: number): Buffer {
    const joined = Buffer.concat([this.#rest ?? Buffer.alloc(0), shared.subarray(0, count)]);
    this.#rest = undefined;
    return joined;
  }

  #readFrames(bytes: Buffer): void {
    this.#answers = 0;
    const done = walkFrames(bytes, bytes.length, this.#onFrame);
    // Copied, since the memory is shared.
    if (done < bytes.length) this.#rest = Buffer.from(bytes.subarray(done));
    if (this.#answers > 0) this.#events.received(this, this.#answers);
  }

  readonly #onFrame = (opcode: number, bytes: Buffer, start: number, length: number): void => {
    const heard = this.#dialect.hear(opcode, bytes, start, length);
    if (heard.kind === "data") this.#answers += 1;
    else if (heard.kind === "closed") this.#leave(bytes.subarray(start, start + length));
    if (heard.reply !== undefined) this.#socket.write(heard.reply);
    if (heard.kind === "ready") this.#opened();
    if (opcode === opcodes.ping) this.#events.pinged();
  };

  #leave(close: Buffer): void {
    this.#why = close.length < 2 ? "no code" : `${close.readUInt16BE()} ${close.toString("utf8", 2)}`;
    this.#socket.destroy();
  }

  #opened(): void {
    this.#isOpen = true;
    this.#settle?.resolve();
    this.#settle = undefined;
  }

  #ended(): void {
    this.#settle?.reject(new Error("closed before it was open"));
    if (this.#isOpen) this.#events.closed(this.#why);
    this.#isOpen = false;
  }
}
