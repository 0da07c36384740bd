/** A socket as its keep-alive sees it. The three numbers are the keep-alive's notes, kept here to spare a map entry per socket. */
export interface KeptSocket {
  /** `KeepAlive.tick` when something last came from the client; the socket sets it. */
  heardTick: number;
  keepAliveBucket: number;
  keepAliveSlot: number;
  ping(): void;
  /** Nothing came for too long. The socket removes itself when it has ended. */
  endSilent(): void;
}

export interface KeepAliveOptions {
  readonly pingEveryMs: number;
  readonly silenceMsMax: number;
}

const tickMsMax = 1_000;
const tickMsMin = 5;
const bucketsMin = 8;

/**
 * Pings every socket once a round. Sockets are dealt out over buckets and a tick serves one of them, so that a storm of
 * connections does not come back as a storm of pings, and one timer does for all.
 *
 * Time is counted in ticks that really ran: a process that was stopped for a minute does not take its clients for silent.
 */
export class KeepAlive {
  readonly tickMs: number;
  readonly #silenceTicksMax: number;
  readonly #buckets: KeptSocket[][];
  #tick = 0;
  #nextBucket = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: KeepAliveOptions) {
    this.tickMs = Math.max(tickMsMin, Math.min(tickMsMax, options.pingEveryMs / bucketsMin));
    this.#silenceTicksMax = Math.ceil(options.silenceMsMax / this.tickMs);
    const buckets = Math.max(1, Math.round(options.pingEveryMs / this.tickMs));
    this.#buckets = Array.from({ length: buckets }, () => []);
  }

  get tick(): number {
    return this.#tick;
  }

  add(socket: KeptSocket): void {
    const bucket = this.#buckets[this.#nextBucket] ?? [];
    socket.heardTick = this.#tick;
    socket.keepAliveBucket = this.#nextBucket;
    socket.keepAliveSlot = bucket.length;
    bucket.push(socket);
    this.#nextBucket = (this.#nextBucket + 1) % this.#buckets.length;
  }

  /** Safe to repeat. */
  remove(socket: KeptSocket): void {
    const bucket = this.#buckets[socket.keepAliveBucket];
    if (bucket?.[socket.keepAliveSlot] !== socket) return;
    const last = bucket.pop();
    if (last === undefined || last === socket) return;
    bucket[socket.keepAliveSlot] = last;
    last.keepAliveSlot = socket.keepAliveSlot;
  }

  /** Serves the next bucket. From its end, so that sockets that leave meanwhile pull only served ones forward. */
  step(): void {
    this.#tick += 1;
    const bucket = this.#buckets[this.#tick % this.#buckets.length] ?? [];
    for (let slot = bucket.length - 1; slot >= 0; slot -= 1) {
      const socket = bucket[slot];
      if (socket === undefined) continue;
      // EDGE-3. Heard during a tick, so one more must have gone by before the limit is really over.
      if (this.#tick - socket.heardTick > this.#silenceTicksMax) socket.endSilent();
      else socket.ping();
    }
  }

  /** All sockets, as they are now. */
  sockets(): KeptSocket[] {
    return this.#buckets.flat();
  }

  start(): void {
    this.#timer ??= setInterval(() => this.step(), this.tickMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
