import execution from "k6/execution";
import { WebSocket } from "k6/websockets";
import type { LoadSettings } from "./load-settings.ts";
import { type Fault, measured } from "./promises.ts";

/** One client's connection, as its side of an app's protocol sees it. */
export interface ClientLink {
  /** From 0, different for each client of its crowd. */
  readonly index: number;
  /** Of no other client of this run; letters, digits and `-`. */
  readonly name: string;
  readonly room: string;
  /** Milliseconds since the run began: one clock for all clients. */
  nowMs(): number;
  /** Says nothing where the socket is not open. */
  send(data: string | ArrayBuffer | Uint8Array): void;
  /** What was sent then is back: the frame that is being heard. */
  answered(sentMs: number): void;
  /** Something was waited for as long as this, and is not part of the latency. */
  waited(ms: number): void;
  /**
   * `noticedMs`: when it was noticed; now if left out. Kills of a server excuse it only in `memory` rooms. `what`: which it were, for
   * whoever reads it.
   */
  found(fault: Fault, count: number, noticedMs?: number, what?: string): void;
  /** Until when what is missing in this room is nobody's fault but the cluster's. */
  readonly strictUntilMs: number;
  /** The first of each client are shown. */
  broken(what: string): void;
  /** What the clients of this room share that have their JavaScript engine in common; the first of them makes it. One thing for each crowd. */
  shared<T extends object>(make: () => T): T;
  /** One more socket to the same room, as somebody else: for a check at the end. Ends with the client. */
  second(heard: (data: string | ArrayBuffer) => void, opened: (send: (data: Uint8Array) => void) => void): void;
}

/** A client's side of an app's protocol. */
export interface LoadClient {
  opened?(): void;
  /** `nowMs`: when the frame came, even where k6 is late in handing it over. */
  heard(data: string | ArrayBuffer, nowMs: number): void;
  /** As often as its crowd says, while the run lasts. */
  speak?(nowMs: number): void;
  /** Asked again and again after the last {@link speak}: whether all that must come has come. */
  isSettled?(nowMs: number): boolean;
  /** Once, in the end, where the socket has stayed open: tells what has never come. */
  finish?(nowMs: number): void;
}

/** Clients of one kind. */
export interface Crowd {
  readonly app: string;
  /** In `memory` rooms, what is lost, doubled or reordered because of a kill is counted, and breaks no promise. */
  readonly durability: "commit" | "memory";
  readonly membersPerRoom: number;
  /** Of {@link LoadClient.speak}. */
  readonly perSecond: number;
  /** Behind the `?` of the address. */
  readonly query?: (name: string) => string;
  readonly create: (link: ClientLink) => LoadClient;
}

export interface CrowdTerms {
  /** Clients of this crowd; as many as the settings say if left out. */
  readonly vus?: number;
  /** As in {@link CrowdSize}. */
  readonly perEngine?: number;
  /** From here on servers are killed, and memory rooms may lose what they had. */
  readonly killsFromMs?: number;
}

const settleLookMs = 100;
const complaintsMax = 3;

/** The clients of one JavaScript engine: they join, speak until the run ends, wait for what is still to come, and leave. Once in an iteration. */
export function runClients(crowd: Crowd, settings: LoadSettings, terms: CrowdTerms = {}): void {
  const engine = new Engine(terms.killsFromMs ?? Number.POSITIVE_INFINITY);
  const perEngine = settings.clientsPerEngine ?? terms.perEngine ?? 1;
  const first = execution.scenario.iterationInTest * perEngine;
  const all = terms.vus ?? settings.vus ?? Number.POSITIVE_INFINITY;
  for (let index = first; index < Math.min(all, first + perEngine); index += 1) {
    const member = new Member(crowd, settings, index, engine);
    setTimeout(() => member.join(), Math.max(1, (settings.rampMs * index) / all));
  }
}

/** What is the same for all clients of one VU, as k6 calls a JavaScript engine. */
class Engine {
  readonly killsFromMs: number;
  /** Asked for once: k6 makes it anew each time. */
  readonly #instance = execution.instance;
  /** When the run began, on the clock that frames are stamped with. */
  readonly #beganMs: number;
  readonly #shared = new Map<string, object>();

  constructor(killsFromMs: number) {
    this.killsFromMs = killsFromMs;
    // That clock is read here in whole milliseconds: its next one begins just now.
    const beforeMs = Date.now();
    let wallMs = beforeMs;
    while (wallMs === beforeMs) wallMs = Date.now();
    this.#beganMs = wallMs - this.nowMs();
  }

  nowMs(): number {
    return this.#instance.currentTestRunDuration;
  }

  /** When that frame came. k6 stamps it in a thread of its own, so this does not contain how late its JavaScript is. */
  cameMs({ timestamp }: { readonly timestamp: number }): number {
    return timestamp - this.#beganMs;
  }

  shared<T extends object>(room: string, make: () => T): T {
    const made = this.#shared.get(room) ?? make();
    this.#shared.set(room, made);
    return made as T;
  }
}

class Member implements ClientLink {
  readonly index: number;
  readonly name: string;
  readonly room: string;
  readonly strictUntilMs: number;
  readonly #crowd: Crowd;
  readonly #settings: LoadSettings;
  readonly #tags: { readonly app: string };
  readonly #client: LoadClient;
  #socket: WebSocket | undefined;
  #secondSocket: WebSocket | undefined;
  #pace: ReturnType<typeof setInterval> | undefined;
  #end: ReturnType<typeof setTimeout> | undefined;
  #isOpen = false;
  #isLeaving = false;
  #longestMs = 0;
  #complaints = 0;
  #messages = 0;
  #heardMs = 0;
  readonly #engine: Engine;

  constructor(crowd: Crowd, settings: LoadSettings, index: number, engine: Engine) {
    this.#engine = engine;
    this.#crowd = crowd;
    this.#settings = settings;
    this.#tags = { app: crowd.app };
    this.index = index;
    this.name = `${settings.runId}-${index}`;
    this.room = `load-${settings.runId}-${Math.floor(index / crowd.membersPerRoom)}`;
    this.strictUntilMs = crowd.durability === "memory" ? engine.killsFromMs : Number.POSITIVE_INFINITY;
    this.#client = crowd.create(this);
  }

  nowMs(): number {
    return this.#engine.nowMs();
  }

  shared<T extends object>(make: () => T): T {
    return this.#engine.shared(`${this.#crowd.app}/${this.room}`, make);
  }

  join(): void {
    const socket = this.#connect();
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    const [client, engine] = [this.#client, this.#engine];
    socket.onmessage = (event) => {
      this.#messages += 1;
      const heardMs = engine.cameMs(event);
      this.#heardMs = heardMs;
      client.heard(event.data, heardMs);
    };
    socket.onerror = ({ error }) => {
      if (!this.#isLeaving) this.#complain(error);
    };
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
  }

  send(data: string | ArrayBuffer | Uint8Array): void {
    if (this.#isOpen) this.#socket?.send(data);
  }

  answered(sentMs: number): void {
    const ms = Math.max(0, this.#heardMs - sentMs);
    measured.latency.add(ms, this.#tags);
    this.waited(ms);
  }

  waited(ms: number): void {
    this.#longestMs = Math.max(this.#longestMs, ms);
  }

  found(fault: Fault, count: number, noticedMs = this.nowMs(), what = ""): void {
    if (count <= 0) return;
    const strict = noticedMs < this.strictUntilMs ? "yes" : "no";
    measured[fault].add(count, { ...this.#tags, strict });
    if (strict === "yes") this.#complain(`${count} ${fault} ${what}`.trimEnd());
  }

  broken(what: string): void {
    measured.faults.add(1, this.#tags);
    this.#complain(what);
  }

  second(heard: (data: string | ArrayBuffer) => void, opened: (send: (data: Uint8Array) => void) => void): void {
    if (this.#secondSocket !== undefined) return;
    const socket = this.#connect();
    this.#secondSocket = socket;
    socket.onopen = () => opened((data) => socket.readyState === 1 && socket.send(data));
    socket.onmessage = ({ data }) => heard(data);
  }

  #connect(): WebSocket {
    const { app, query } = this.#crowd;
    const behind = query === undefined ? "" : `?${query(this.name)}`;
    const url = `${this.#settings.clientUrl}/rooms/${app}/${this.room}${behind}`;
    // The name keeps figures of a thousand addresses together.
    const socket = new WebSocket(url, null, { tags: { ...this.#tags, name: app } });
    socket.binaryType = "arraybuffer";
    return socket;
  }

  #opened(): void {
    this.#isOpen = true;
    measured.joined.add(1, this.#tags);
    this.#client.opened?.();
    const everyMs = 1_000 / (this.#settings.perSecond ?? this.#crowd.perSecond);
    if (this.#client.speak !== undefined) {
      setTimeout(() => this.#speakEvery(everyMs), Math.max(1, Math.random() * everyMs));
    }
    const leftMs = this.#settings.durationMs - this.nowMs();
    this.#end = setTimeout(() => this.#settle(), Math.max(1, leftMs));
  }

  #speakEvery(everyMs: number): void {
    if (!this.#isOpen || this.nowMs() >= this.#settings.durationMs) return;
    this.#client.speak?.(this.nowMs());
    this.#pace = setInterval(() => this.#client.speak?.(this.nowMs()), everyMs);
  }

  #settle(): void {
    clearInterval(this.#pace);
    if (!this.#isOpen) return;
    const nowMs = this.nowMs();
    const isOver = nowMs > this.#settings.durationMs + this.#settings.settleMs;
    if (!isOver && this.#client.isSettled?.(nowMs) === false) {
      this.#end = setTimeout(() => this.#settle(), settleLookMs);
      return;
    }
    this.#client.finish?.(nowMs);
    measured.longestWait.add(this.#longestMs, this.#tags);
    this.#isLeaving = true;
    this.#secondSocket?.close(1000);
    this.#socket?.close(1000);
  }

  #closed(code: number | undefined, reason: string): void {
    this.#isOpen = false;
    // All at once, since a sample costs k6 more than a message does.
    measured.messages.add(this.#messages, this.#tags);
    clearInterval(this.#pace);
    clearTimeout(this.#end);
    this.#secondSocket?.close(1000);
    if (this.#isLeaving) return;
    measured.closes.add(1, { ...this.#tags, code: String(code ?? "none") });
    this.#complain(`closed with ${code ?? "no code"} ${reason}`);
  }

  #complain(what: string): void {
    this.#complaints += 1;
    if (this.#complaints > complaintsMax) return;
    console.warn(
      `${this.#crowd.app}/${this.room}, client ${this.index}, at ${(this.nowMs() / 1_000).toFixed(1)} s: ${what}`,
    );
  }
}
