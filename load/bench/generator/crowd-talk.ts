import type { Client } from "./client.ts";
import type { Talk } from "./orders.ts";

const framesAtOnceMax = 64;
const roomMsMax = 10_000;

/** Decides which client says something when an answer came. All say the same frame. */
export class CrowdTalk {
  sent = 0;
  received = 0;
  roomMs: number[] = [];
  readonly #clients: readonly Client[];
  readonly #many: Buffer;
  readonly #frameBytes: number;
  readonly #membersOf: readonly number[];
  /** Members of each room that have not got the present message. */
  readonly #missing: number[];
  readonly #saidAtMs: number[];
  readonly #speakers: readonly Client[];
  readonly #scripts: readonly (readonly Buffer[])[];
  /** Place of each room in its script. */
  readonly #places: number[];
  #talk: Talk = { who: "nobody" };
  #next = 0;

  /** `frame` is what all say, unless there is a script for each room. */
  constructor(clients: readonly Client[], frame: Buffer, scripts: readonly (readonly Buffer[])[] = []) {
    this.#clients = clients;
    this.#scripts = scripts;
    this.#frameBytes = frame.length;
    this.#many = Buffer.concat(Array.from({ length: framesAtOnceMax }, () => frame));
    const rooms: Client[][] = [];
    for (const client of clients) {
      const members = rooms[client.roomIndex] ?? [];
      rooms[client.roomIndex] = members;
      members.push(client);
    }
    this.#membersOf = rooms.map((members) => members.length);
    this.#speakers = rooms.flatMap((members) => members.slice(0, 1));
    this.#missing = rooms.map(() => 0);
    this.#places = rooms.map(() => 0);
    this.#saidAtMs = rooms.map(() => 0);
  }

  begin(talk: Talk): void {
    this.#talk = talk;
    if (talk.who === "each") for (const client of this.#clients) this.#say(client, talk.inFlight);
    if (talk.who === "turns") for (let count = 0; count < talk.inFlight; count += 1) this.#sayNext();
    if (talk.who === "rooms") for (const speaker of this.#speakers) this.#sayToRoom(speaker);
  }

  answered(client: Client, count: number): void {
    this.received += count;
    if (this.#talk.who === "each") this.#say(client, count);
    else if (this.#talk.who === "turns") for (let left = count; left > 0; left -= 1) this.#sayNext();
    else if (this.#talk.who === "rooms" && !this.#isDeaf(client)) this.#roomHeard(client.roomIndex, count);
  }

  #isDeaf(client: Client): boolean {
    return this.#talk.who === "rooms" && this.#talk.hear === "others" && this.#speakers[client.roomIndex] === client;
  }

  #roomHeard(room: number, count: number): void {
    const missing = (this.#missing[room] ?? 0) - count;
    this.#missing[room] = missing;
    if (missing > 0) return;
    if (this.roomMs.length < roomMsMax) this.roomMs.push(performance.now() - (this.#saidAtMs[room] ?? 0));
    const speaker = this.#speakers[room];
    if (speaker !== undefined) this.#sayToRoom(speaker);
  }

  #sayToRoom(speaker: Client): void {
    const { roomIndex } = speaker;
    this.#missing[roomIndex] = (this.#membersOf[roomIndex] ?? 0) - (this.#isDeaf(speaker) ? 1 : 0);
    this.#saidAtMs[roomIndex] = performance.now();
    const script = this.#scripts[roomIndex];
    if (script === undefined) this.#say(speaker, 1);
    else this.#sayNextOf(script, speaker);
  }

  #sayNextOf(script: readonly Buffer[], speaker: Client): void {
    const place = this.#places[speaker.roomIndex] ?? 0;
    const frame = script[place];
    if (frame === undefined) throw new Error(`the script has only ${script.length} messages`);
    this.#places[speaker.roomIndex] = place + 1;
    this.sent += 1;
    speaker.send(frame);
  }

  #sayNext(): void {
    const client = this.#clients[this.#next % this.#clients.length];
    this.#next += 1;
    if (client !== undefined) this.#say(client, 1);
  }

  #say(client: Client, count: number): void {
    this.sent += count;
    for (let left = count; left > 0; left -= framesAtOnceMax) {
      client.send(this.#many.subarray(0, Math.min(left, framesAtOnceMax) * this.#frameBytes));
    }
  }
}
