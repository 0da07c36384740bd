import { WebSocket } from "ws";
import { until } from "./until.ts";

export interface NeighboursOptions {
  /** `ws://host:port` */
  readonly clientUrl: string;
  /** Half of them are rooms of `echo`, half of `ledger`. */
  readonly rooms: number;
  readonly everyMs: number;
}

interface Neighbour {
  readonly room: string;
  readonly socket: WebSocket;
  /** When each of its words was said. */
  readonly saidMs: number[];
  heard: number;
}

/** What went wrong, each as one line; and how long an answer took at most. */
export interface NeighboursVerdict {
  readonly faults: readonly string[];
  readonly said: number;
  readonly heard: number;
  readonly slowestMs: number;
}

const faultsKept = 20;

/** Clients, each alone in a room, that say something again and again and notice whatever is not answered in order, exactly once. */
export class Neighbours {
  readonly #all: Neighbour[] = [];
  readonly #faults: string[] = [];
  #pace: NodeJS.Timeout | undefined;
  #slowestMs = 0;
  #isLeaving = false;

  /** Resolves when each was answered once. */
  static async join({ clientUrl, rooms, everyMs }: NeighboursOptions): Promise<Neighbours> {
    const crowd = new Neighbours();
    for (let index = 0; index < rooms; index += 1) {
      crowd.#enter(clientUrl, `${index % 2 === 0 ? "echo" : "ledger"}/neighbour-${index}`);
    }
    await until(
      () => crowd.#all.every(({ socket }) => socket.readyState === WebSocket.OPEN),
      (areOpen) => areOpen,
    );
    for (const one of crowd.#all) crowd.#say(one);
    await crowd.allAnswered();
    crowd.#slowestMs = 0;
    crowd.#pace = setInterval(() => {
      for (const one of crowd.#all) crowd.#say(one);
    }, everyMs);
    return crowd;
  }

  get rooms(): readonly string[] {
    return this.#all.map(({ room }) => room);
  }

  /** So far. What is not answered yet has taken as long as it waits. */
  get verdict(): NeighboursVerdict {
    const nowMs = performance.now();
    const waited = this.#all.map(({ saidMs, heard }) => nowMs - (saidMs[heard] ?? nowMs));
    return {
      faults: this.#faults,
      said: this.#all.reduce((sum, { saidMs }) => sum + saidMs.length, 0),
      heard: this.#all.reduce((sum, { heard }) => sum + heard, 0),
      slowestMs: Math.max(this.#slowestMs, ...waited),
    };
  }

  async allAnswered(): Promise<void> {
    await until(
      () => this.#all.filter(({ saidMs, heard }) => heard < saidMs.length).map(({ room }) => room),
      (silent) => silent.length === 0 || this.#faults.length > 0,
    );
  }

  /** Says nothing more, and waits for the last answers. */
  async stop(): Promise<NeighboursVerdict> {
    clearInterval(this.#pace);
    await this.allAnswered();
    return this.verdict;
  }

  leave(): void {
    this.#isLeaving = true;
    clearInterval(this.#pace);
    for (const { socket } of this.#all) socket.terminate();
  }

  #enter(clientUrl: string, room: string): void {
    const socket = new WebSocket(`${clientUrl}/rooms/${room}`, { perMessageDeflate: false });
    const one: Neighbour = { room, socket, saidMs: [], heard: 0 };
    socket.on("message", (data: Buffer) => this.#hear(one, data.toString("utf8")));
    socket.on("error", (error) => this.#fault(`${room}: ${error.message}`));
    socket.on("close", (code) => this.#fault(`${room}: closed with ${code}`));
    this.#all.push(one);
  }

  #say(one: Neighbour): void {
    if (one.socket.readyState !== WebSocket.OPEN) return;
    one.saidMs.push(performance.now());
    one.socket.send(`word ${one.saidMs.length}`);
  }

  #hear(one: Neighbour, text: string): void {
    // What a ledger says to who comes.
    if (text.startsWith('{"total"') && one.heard === 0) return;
    const place = one.heard + 1;
    const word = `word ${place}`;
    const isLedger = one.room.startsWith("ledger/");
    if (text !== (isLedger ? JSON.stringify({ n: place, body: word }) : word)) {
      this.#fault(`${one.room}: ${text} where ${word} was next`);
      return;
    }
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - (one.saidMs[one.heard] ?? 0));
    one.heard = place;
  }

  #fault(text: string): void {
    if (!this.#isLeaving && this.#faults.length < faultsKept) this.#faults.push(text);
  }
}
