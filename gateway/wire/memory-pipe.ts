import { RoomgateError } from "./errors.ts";
import {
  closeMsMax,
  type DialPipe,
  type ListenPipe,
  messageBytesMax,
  type Pipe,
  type PipeEnd,
  type PipeHandler,
  untrustedBytesMax,
} from "./pipe.ts";
import type { Runtime } from "./runtime.ts";

/** Time and order come from here; nothing else of a `Runtime` is used. */
type NetworkClock = Pick<Runtime, "nowMs" | "after" | "soon">;

export interface MemoryNetworkOptions {
  /** How long a message is under way between two hosts; asked for each. Default 0. Order is kept in any case. */
  readonly delayMs?: (from: string, to: string) => number;
}

/** Hosts and pipes within one process, with the faults of a real network, all of it in one fixed order. */
export interface MemoryNetwork {
  /** The network as one host sees it. The name is for the faults below; addresses come from `listen`. */
  host(name: string): { readonly dialPipe: DialPipe; readonly listenPipe: ListenPipe };
  /** As `kill -9`: peers meet a reset behind what was sent, dialing is refused. The host itself hears nothing any more. It may listen anew. */
  crash(name: string): void;
  /** Nothing gets through between two hosts, in both directions, until {@link release}; nothing is lost. */
  hold(one: string, other: string): void;
  /** The same in one direction only. */
  holdOneWay(from: string, to: string): void;
  release(one: string, other: string): void;
  /** Breaks all pipes between two hosts: both sides meet a reset, what is under way is lost. */
  reset(one: string, other: string): void;
}

export function createMemoryNetwork(clock: NetworkClock, options: MemoryNetworkOptions = {}): MemoryNetwork {
  return new HostsInMemory(clock, options.delayMs ?? (() => 0));
}

interface Listening {
  readonly host: string;
  readonly attach: (pipe: Pipe) => PipeHandler;
}

class HostsInMemory implements MemoryNetwork {
  readonly clock: NetworkClock;
  readonly delayMs: (from: string, to: string) => number;
  readonly ends = new Set<MemoryPipe>();
  readonly #listeners = new Map<string, Listening>();
  readonly #held = new Set<string>();
  /** Dials under way while their hosts cannot reach each other. */
  readonly #waiting = new Set<() => void>();
  #portsGiven = 0;

  constructor(clock: NetworkClock, delayMs: (from: string, to: string) => number) {
    this.clock = clock;
    this.delayMs = delayMs;
  }

  host(name: string): { dialPipe: DialPipe; listenPipe: ListenPipe } {
    return {
      dialPipe: (...dial) => this.#dial(name, ...dial),
      listenPipe: (...listen) => this.#listen(name, ...listen),
    };
  }

  crash(name: string): void {
    this.#stopListening((listening) => listening.host === name);
    for (const end of this.ends) if (end.host === name) end.die();
  }

  hold(one: string, other: string): void {
    this.holdOneWay(one, other);
    this.holdOneWay(other, one);
  }

  holdOneWay(from: string, to: string): void {
    this.#held.add(wayOf(from, to));
  }

  release(one: string, other: string): void {
    const there = this.#held.delete(wayOf(one, other));
    const back = this.#held.delete(wayOf(other, one));
    if (!there && !back) return;
    for (const end of this.ends) this.clock.soon(() => end.deliverDue());
    for (const retry of this.#waiting) this.clock.soon(retry);
  }

  reset(one: string, other: string): void {
    for (const end of this.ends) {
      const isMeant = (end.host === one && end.peerHost === other) || (end.host === other && end.peerHost === one);
      if (isMeant) end.break();
    }
  }

  isHeld(from: string, to: string): boolean {
    return this.#held.has(wayOf(from, to));
  }

  #dial(
    from: string,
    address: string,
    attach: (pipe: Pipe) => PipeHandler,
    failed: (end: PipeEnd) => void,
  ): { cancel(): void } {
    let isOver = false;
    const arrive = (): void => {
      if (isOver) return;
      const listening = this.#listeners.get(address);
      // A connection takes a word in both directions.
      if (listening !== undefined && (this.isHeld(from, listening.host) || this.isHeld(listening.host, from))) {
        this.#waiting.add(arrive);
        return;
      }
      isOver = true;
      this.#waiting.delete(arrive);
      if (listening === undefined) failed({ kind: "refused", code: 0, detail: "ECONNREFUSED" });
      else connect(this, from, address, listening, attach);
    };
    const delayMs = this.delayMs(from, this.#listeners.get(address)?.host ?? address);
    if (delayMs > 0) this.clock.after(delayMs, arrive);
    else this.clock.soon(arrive);
    return {
      cancel: () => {
        isOver = true;
        this.#waiting.delete(arrive);
      },
    };
  }

  async #listen(name: string, where: { host: string; port: number }, attach: (pipe: Pipe) => PipeHandler) {
    let port = where.port;
    if (port === 0) {
      this.#portsGiven += 1;
      port = 10_000 + this.#portsGiven;
    }
    const address = `${where.host}:${port}`;
    if (this.#listeners.has(address)) throw new RoomgateError("port-taken", `cannot listen on ${address}: EADDRINUSE`);
    const listening: Listening = { host: name, attach };
    this.#listeners.set(address, listening);
    const stopListening = (): void => this.#stopListening((each) => each === listening);
    return {
      address,
      stopListening,
      close: async () => {
        stopListening();
        for (const end of this.ends) if (end.acceptedBy === listening) end.terminate();
      },
    };
  }

  #stopListening(isMeant: (listening: Listening) => boolean): void {
    for (const [address, listening] of this.#listeners) if (isMeant(listening)) this.#listeners.delete(address);
  }
}

function wayOf(from: string, to: string): string {
  return `${from} ${to}`;
}

function connect(
  network: HostsInMemory,
  from: string,
  address: string,
  listening: Listening,
  attach: (pipe: Pipe) => PipeHandler,
): void {
  const near = new MemoryPipe(network, from, listening.host, address, undefined);
  const far = new MemoryPipe(network, listening.host, from, from, listening);
  near.join(far);
  far.join(near);
  far.open(listening.attach);
  near.open(attach);
}

type Sent =
  | { readonly kind: "message"; readonly bytes: Uint8Array; readonly taken: (() => void) | undefined }
  | { readonly kind: "end"; readonly end: PipeEnd };

type Arrival = Sent & { readonly dueMs: number };

const resetEnd: PipeEnd = { kind: "reset", code: 0, detail: "the connection ended without a close" };

/** One end. What was sent to it waits in its `#arrivals`. */
class MemoryPipe implements Pipe {
  readonly host: string;
  readonly peerHost: string;
  readonly remoteAddress: string;
  readonly acceptedBy: Listening | undefined;
  readonly #network: HostsInMemory;
  readonly #arrivals: Arrival[] = [];
  #peer: MemoryPipe | undefined;
  #handler: PipeHandler | undefined;
  #isClosing = false;
  #hasEnded = false;
  #isTrusted = false;
  #lastDueMs = 0;
  #waitingBytes = 0;
  receivedBytes = 0;

  constructor(
    network: HostsInMemory,
    host: string,
    peerHost: string,
    remoteAddress: string,
    acceptedBy: Listening | undefined,
  ) {
    this.#network = network;
    this.host = host;
    this.peerHost = peerHost;
    this.remoteAddress = remoteAddress;
    this.acceptedBy = acceptedBy;
    network.ends.add(this);
  }

  join(peer: MemoryPipe): void {
    this.#peer = peer;
  }

  open(attach: (pipe: Pipe) => PipeHandler): void {
    if (!this.#hasEnded) this.#handler = attach(this);
  }

  get bufferedBytes(): number {
    return this.#hasEnded ? 0 : (this.#peer?.waitingBytes ?? 0);
  }

  /** Sent to this end and not yet taken. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  send(message: Uint8Array, taken?: () => void): void {
    if (this.#hasEnded || this.#isClosing) return;
    this.#peer?.accept({ kind: "message", bytes: message, taken });
  }

  trust(): void {
    this.#isTrusted = true;
  }

  close(code: number, reason: string): void {
    if (this.#hasEnded || this.#isClosing) return;
    this.#isClosing = true;
    this.#peer?.accept({ kind: "end", end: { kind: "closed", code, detail: reason } });
    this.#network.clock.after(closeMsMax, () => this.#endClosing());
  }

  terminate(): void {
    if (this.#hasEnded) return;
    this.#isClosing = true;
    this.#peer?.accept({ kind: "end", end: resetEnd });
    this.#network.clock.soon(() => this.#endClosing());
  }

  /** The process of this end is gone: its handler is not told. */
  die(): void {
    this.#peer?.accept({ kind: "end", end: resetEnd });
    this.#forget();
  }

  /** The connection is gone, for this end at once. */
  break(): void {
    this.#arrivals.length = 0;
    this.#network.clock.soon(() => this.#end(resetEnd));
  }

  accept(what: Sent): void {
    if (this.#hasEnded) return;
    const { clock } = this.#network;
    const nowMs = clock.nowMs();
    this.#lastDueMs = Math.max(this.#lastDueMs, nowMs + this.#network.delayMs(this.peerHost, this.host));
    this.#arrivals.push({ ...what, dueMs: this.#lastDueMs });
    if (what.kind === "message") this.#waitingBytes += what.bytes.length;
    if (this.#lastDueMs > nowMs) clock.after(this.#lastDueMs - nowMs, () => this.deliverDue());
    else clock.soon(() => this.deliverDue());
  }

  deliverDue(): void {
    if (this.#network.isHeld(this.peerHost, this.host)) return;
    for (let next = this.#arrivals[0]; next !== undefined && !this.#hasEnded; next = this.#arrivals[0]) {
      if (next.dueMs > this.#network.clock.nowMs()) return;
      this.#arrivals.shift();
      if (next.kind === "end") {
        this.#meetEnd(next.end);
        continue;
      }
      this.#deliver(next.bytes);
      next.taken?.();
    }
  }

  #deliver(bytes: Uint8Array): void {
    this.#waitingBytes -= bytes.length;
    this.receivedBytes += bytes.length;
    if (bytes.length > messageBytesMax || (!this.#isTrusted && this.receivedBytes > untrustedBytesMax)) {
      this.#peer?.accept({ kind: "end", end: { kind: "closed", code: 1009, detail: "" } });
      this.#end({ kind: "protocol", code: 0, detail: "too many bytes" });
      return;
    }
    // A copy that is wiped: whoever keeps a view without copying finds out in the tests.
    const message = bytes.slice();
    this.#handler?.onMessage(message);
    message.fill(0xdd);
    if (this.#waitingBytes === 0) this.#peer?.reportDrained();
  }

  reportDrained(): void {
    if (!this.#hasEnded) this.#handler?.onDrained();
  }

  /** The peer has ended it; where it closed in good order it waits for our side to have heard. */
  #meetEnd(end: PipeEnd): void {
    this.#peer?.answerClose();
    this.#end(this.#isClosing ? { kind: "closed", code: end.code, detail: "closed here" } : end);
  }

  answerClose(): void {
    if (this.#isClosing) this.#network.clock.soon(() => this.#endClosing());
  }

  #endClosing(): void {
    this.#end({ kind: "closed", code: 0, detail: "closed here" });
  }

  #end(end: PipeEnd): void {
    if (this.#hasEnded) return;
    this.#forget();
    this.#handler?.onEnd(end);
  }

  #forget(): void {
    this.#hasEnded = true;
    this.#arrivals.length = 0;
    this.#network.ends.delete(this);
  }
}
