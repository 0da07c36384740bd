import { once } from "node:events";
import { WebSocket } from "ws";
import {
  faultlessLedger,
  LedgerChecker,
  type LedgerFaults,
  type LedgerMember,
  numberedBody,
} from "../../load/ledger-checker.ts";
import { sleep, until } from "./until.ts";

export interface LedgerCrowdOptions {
  /** `ws://host:port` */
  readonly clientUrl: string;
  readonly rooms: number;
  readonly membersPerRoom: number;
  /** Bodies a second of each client. */
  readonly perSecond: number;
  /** Added to every body. */
  readonly paddingBytes?: number;
}

export interface LedgerVerdict extends LedgerFaults {
  readonly sent: number;
  /** Sockets that were closed by somebody else than the crowd. */
  readonly closed: number;
}

export const flawlessLedgers = { ...faultlessLedger, closed: 0 } as const;

interface Client {
  readonly sender: string;
  readonly socket: WebSocket;
  readonly member: LedgerMember;
  sent: number;
  nextSendMs: number;
  heard: number;
}

interface Room {
  readonly key: string;
  readonly checker: LedgerChecker;
  readonly clients: Client[];
  /** Bodies that somebody waits for. */
  readonly awaited: Map<string, () => void>;
}

const tickMs = 5;
const catchUpMax = 5;
const connectingMax = 50;
const visitMsMax = 20_000;

/** Clients of ledger rooms that send numbered bodies at a fixed pace, and a checker of each room. */
export class LedgerCrowd {
  readonly #options: LedgerCrowdOptions;
  readonly #rooms = new Map<string, Room>();
  /** Bodies sent by senders that are gone or that were there for one body only. */
  readonly #sentBefore = new Map<string, Map<string, number>>();
  #clientUrl: string;
  #pace: NodeJS.Timeout | undefined;
  #closed = 0;
  #generation = 0;

  private constructor(options: LedgerCrowdOptions) {
    this.#options = options;
    this.#clientUrl = options.clientUrl;
    for (let index = 0; index < options.rooms; index += 1) {
      const key = `ledger/r${index}`;
      this.#rooms.set(key, { key, checker: new LedgerChecker(key), clients: [], awaited: new Map() });
    }
  }

  /** Resolves when every client has been welcomed. The rooms must be new. */
  static async join(options: LedgerCrowdOptions): Promise<LedgerCrowd> {
    const crowd = new LedgerCrowd(options);
    await crowd.enter(options.clientUrl);
    return crowd;
  }

  get keys(): readonly string[] {
    return [...this.#rooms.keys()];
  }

  /** The first faults of each room, in words. */
  get examples(): readonly string[] {
    return [...this.#rooms.values()].flatMap(({ checker }) => checker.examples.slice(0, 2));
  }

  /** Joins all members anew, as other senders, to rooms that may have been there before. */
  async enter(clientUrl: string): Promise<void> {
    this.#clientUrl = clientUrl;
    const { membersPerRoom } = this.#options;
    const places = this.keys.flatMap((key) => Array.from({ length: membersPerRoom }, (_none, slot) => ({ key, slot })));
    for (let start = 0; start < places.length; start += connectingMax) {
      const some = places.slice(start, start + connectingMax);
      await Promise.all(some.map(({ key, slot }) => this.#join(this.#roomOf(key), `g${this.#generation}m${slot}`)));
    }
    this.#generation += 1;
  }

  start(): void {
    const everyMs = 1000 / this.#options.perSecond;
    const startMs = performance.now();
    let place = 0;
    for (const client of this.#clients()) {
      client.nextSendMs = startMs + (everyMs * (place % 97)) / 97;
      place += 1;
    }
    this.#pace = setInterval(() => this.#sendDue(everyMs), tickMs);
  }

  /** No more bodies; what was sent may still come back. */
  pause(): void {
    clearInterval(this.#pace);
  }

  /**
   * One more body to each of these rooms, now; resolves with how long each took to come back, in ms. A body comes back when it is
   * durable at an owner, so this is how long the room did not acknowledge.
   */
  async probe(keys: readonly string[], msMax: number): Promise<number[]> {
    const waits = keys.map((key) => this.#probeOne(this.#roomOf(key)));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const silent = keys.filter((key) => this.#roomOf(key).awaited.size > 0);
        reject(new Error(`not acknowledged within ${msMax} ms: ${silent.join(" ")}`));
      }, msMax);
    });
    try {
      return await Promise.race([Promise.all(waits), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A fresh client looks into each of these rooms; what it is told is judged with all else. Resolves when all were welcomed. */
  async visit(keys: readonly string[]): Promise<void> {
    await Promise.all(
      keys.map(async (key) => {
        const room = this.#roomOf(key);
        const socket = new WebSocket(`${this.#clientUrl}/rooms/${key}`, { perMessageDeflate: false });
        const member = room.checker.member(`a visitor of ${key}`);
        socket.on("message", (data) => this.#heard(room, member, String(data)));
        socket.on("error", () => {});
        await until(
          () => ({ key, at: member.at, state: socket.readyState }),
          ({ at, state }) => at !== undefined || state === WebSocket.CLOSED,
          visitMsMax,
        );
        if (member.at === undefined) throw new Error(`a visitor of ${key} was not welcomed`);
        socket.terminate();
      }),
    );
  }

  /** Sends no more, waits until all that was sent is back with every member, at most `msMax`, and judges. */
  async stop(msMax = 20_000): Promise<LedgerVerdict> {
    this.pause();
    await until(
      () => this.behind,
      (count) => count === 0,
      msMax,
    ).catch(() => undefined);
    // What comes twice comes a little later.
    await sleep(200);
    return this.#judge();
  }

  /** How many members have not heard everything that was sent to their room. */
  get behind(): number {
    let count = 0;
    for (const room of this.#rooms.values()) {
      const sent = this.#sentOf(room);
      const total = [...sent.values()].reduce((sum, one) => sum + one, 0);
      count += room.clients.filter(({ member }) => (member.at ?? 0) < total).length;
    }
    return count;
  }

  /** The clients go away without a word. Their bodies must have come back before. */
  leave(): void {
    this.pause();
    for (const room of this.#rooms.values()) {
      this.#sentBefore.set(room.key, this.#sentOf(room));
      for (const { socket } of room.clients.splice(0)) {
        socket.removeAllListeners("close");
        socket.terminate();
      }
    }
  }

  #sentOf(room: Room): Map<string, number> {
    const sent = new Map(this.#sentBefore.get(room.key));
    for (const client of room.clients) sent.set(client.sender, client.sent);
    return sent;
  }

  async #join(room: Room, name: string): Promise<void> {
    const sender = name;
    const socket = new WebSocket(`${this.#clientUrl}/rooms/${room.key}`, { perMessageDeflate: false });
    const member = room.checker.member(`${name} of ${room.key}`);
    const client: Client = { sender, socket, member, sent: 0, nextSendMs: 0, heard: 0 };
    socket.on("message", (data) => this.#heard(room, member, String(data)));
    await once(socket, "open");
    socket.on("close", () => {
      this.#closed += 1;
    });
    socket.on("error", () => {});
    room.clients.push(client);
    await until(
      () => member.at,
      (at) => at !== undefined,
    );
  }

  #heard(room: Room, member: LedgerMember, frame: string): void {
    const told = member.heard(frame);
    if (told === undefined || room.awaited.size === 0) return;
    const done = room.awaited.get(told.body);
    room.awaited.delete(told.body);
    done?.();
  }

  #probeOne(room: Room): Promise<number> {
    const client = room.clients.find(({ socket }) => socket.readyState === WebSocket.OPEN);
    if (client === undefined) throw new Error(`nobody is left in ${room.key}`);
    const startMs = performance.now();
    return new Promise((resolve) => {
      room.awaited.set(this.#send(client), () => resolve(performance.now() - startMs));
    });
  }

  #send(client: Client): string {
    client.sent += 1;
    const body = numberedBody(
      { sender: client.sender, number: client.sent },
      "x".repeat(this.#options.paddingBytes ?? 0),
    );
    client.socket.send(body);
    return body;
  }

  #sendDue(everyMs: number): void {
    const nowMs = performance.now();
    for (const client of this.#clients()) {
      for (let count = 0; client.nextSendMs <= nowMs && count < catchUpMax; count += 1) {
        client.nextSendMs += everyMs;
        if (client.socket.readyState === WebSocket.OPEN) this.#send(client);
      }
    }
  }

  #judge(): LedgerVerdict {
    const sums = { ...flawlessLedgers, sent: 0, closed: this.#closed } as {
      -readonly [K in keyof LedgerVerdict]: number;
    };
    for (const room of this.#rooms.values()) {
      const sent = this.#sentOf(room);
      for (const count of sent.values()) sums.sent += count;
      const faults = room.checker.verdict(sent);
      for (const name of Object.keys(faultlessLedger) as (keyof LedgerFaults)[]) sums[name] += faults[name];
      // A member that has not heard the whole line has lost what it was not told.
      sums.lost += room.clients.filter(({ member }) => (member.at ?? 0) < room.checker.total).length;
    }
    return sums;
  }

  *#clients(): Iterable<Client> {
    for (const { clients } of this.#rooms.values()) yield* clients;
  }

  #roomOf(key: string): Room {
    const room = this.#rooms.get(key);
    if (room === undefined) throw new Error(`the crowd has no room ${key}`);
    return room;
  }
}
