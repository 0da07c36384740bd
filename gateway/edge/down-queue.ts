import type { DownItem } from "./down-item.ts";
import type { GatewayStats } from "./gateway-stats.ts";
import type { ClientSocket } from "./listener.ts";

export interface SlowReaderLimits {
  /** Unsent bytes of a socket above which `volatile` is dropped and `latest` waits, newest wins; default 64 KiB. */
  readonly thinAboveBytes: number;
  /**
   * Unsent bytes of a socket, waiting `latest` included, above which its client reads too slowly (4430); default 1 MiB. A message that
   * is larger by itself comes on top until the client has read everything: it could not be sent to anybody otherwise.
   */
  readonly slowClientBytesMax: number;
  /** Keys of `latest` that may wait for one client; a further one closes it with 4430, since nothing is lost silently. Default 1 024. */
  readonly latestKeysMax: number;
}

/**
 * What waits for one client: the messages of the present batch, written together when it ends, and the `latest` messages that a slow
 * reader has not been sent. Reliable messages never wait here: the socket buffers them or the client is closed. So a
 * `latest` may come behind a reliable message that was sent after it.
 *
 * Everything is made when it is needed: most clients never have more than one message in a batch and read fast enough.
 */
export class DownQueue {
  #first: DownItem | undefined = undefined;
  #rest: DownItem[] | undefined = undefined;
  #isCongested = false;
  #waiting: Map<number, DownItem> | undefined = undefined;
  #waitingBytes = 0;
  /** Length of a message that is larger than the limit, while it is being read. */
  #largeBytes = 0;

  /** `true` if nothing else was queued. */
  add(item: DownItem): boolean {
    if (this.#first === undefined) {
      this.#first = item;
      return true;
    }
    if (this.#rest === undefined) this.#rest = [item];
    else this.#rest.push(item);
    return false;
  }

  /** Writes what the batch had for this client, under one cork. `false`: it reads too slowly and is to be closed. */
  flush(socket: ClientSocket, limits: SlowReaderLimits, stats: GatewayStats): boolean {
    const first = this.#first;
    if (first === undefined) return true;
    const rest = this.#rest;
    this.#first = undefined;
    this.#rest = undefined;
    if (rest === undefined) return this.#write(first, socket, limits, stats);
    let keepsUp = true;
    socket.cork(() => {
      keepsUp = this.#write(first, socket, limits, stats);
      for (let index = 0; keepsUp && index < rest.length; index += 1) {
        const item = rest[index];
        if (item !== undefined) keepsUp = this.#write(item, socket, limits, stats);
      }
    });
    return keepsUp;
  }

  /** The socket has sent something: what waits follows, oldest key first. */
  drained(socket: ClientSocket, limits: SlowReaderLimits, stats: GatewayStats): void {
    this.#isCongested = socket.bufferedBytes > 0;
    if (!this.#isCongested) this.#largeBytes = 0;
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    for (const [key, item] of waiting) {
      if (socket.bufferedBytes > limits.thinAboveBytes) return;
      if (socket.send(item.payload, item.isText) === "dropped") return;
      countSent(stats, item);
      waiting.delete(key);
      this.#waitingBytes -= item.payload.length;
    }
    this.#waiting = undefined;
  }

  clear(): void {
    this.#first = undefined;
    this.#rest = undefined;
    this.#waiting = undefined;
    this.#waitingBytes = 0;
  }

  #write(item: DownItem, socket: ClientSocket, limits: SlowReaderLimits, stats: GatewayStats): boolean {
    const mayWait = item.delivery !== "reliable";
    if (mayWait && this.#isAbove(socket, limits.thinAboveBytes)) {
      if (item.delivery === "latest") return this.#wait(item, socket, limits, stats);
      stats.thinned += 1;
      return true;
    }
    // A newer message of a key must not be overtaken by the older one that waits.
    if (item.delivery === "latest" && this.#waiting !== undefined) this.#forget(item.latestKey, stats);
    const { slowClientBytesMax } = limits;
    const isLarge = item.payload.length > slowClientBytesMax && socket.bufferedBytes <= slowClientBytesMax;
    const outcome = socket.send(item.payload, item.isText);
    if (outcome === "dropped") {
      if (item.delivery === "latest") return this.#wait(item, socket, limits, stats);
      if (item.delivery === "volatile") stats.thinned += 1;
      return mayWait;
    }
    countSent(stats, item);
    if (outcome === "sent") return true;
    this.#isCongested = true;
    if (isLarge) this.#largeBytes = item.payload.length;
    return this.#keepsUp(socket, limits);
  }

  #keepsUp(socket: ClientSocket, limits: SlowReaderLimits): boolean {
    return socket.bufferedBytes + this.#waitingBytes <= limits.slowClientBytesMax + this.#largeBytes;
  }

  /** Asks the socket only while it is known to lag: the question costs a call into native code. */
  #isAbove(socket: ClientSocket, bytes: number): boolean {
    if (!this.#isCongested) return false;
    const { bufferedBytes } = socket;
    if (bufferedBytes === 0) this.#isCongested = false;
    return bufferedBytes > bytes;
  }

  /** GATE-9: newest wins. Behind the bounds the client is closed, since the newest of a key is never dropped silently. */
  #wait(item: DownItem, socket: ClientSocket, limits: SlowReaderLimits, stats: GatewayStats): boolean {
    this.#waiting ??= new Map();
    this.#forget(item.latestKey, stats);
    if (this.#waiting.size >= limits.latestKeysMax) return false;
    this.#waiting.set(item.latestKey, { ...item, payload: Uint8Array.from(item.payload) });
    this.#waitingBytes += item.payload.length;
    this.#isCongested = true;
    return this.#keepsUp(socket, limits);
  }

  #forget(latestKey: number, stats: GatewayStats): void {
    const older = this.#waiting?.get(latestKey);
    if (older === undefined) return;
    this.#waiting?.delete(latestKey);
    this.#waitingBytes -= older.payload.length;
    stats.thinned += 1;
  }
}

function countSent(stats: GatewayStats, item: DownItem): void {
  stats.messagesDown += 1;
  stats.bytesDown += item.payload.length;
}
