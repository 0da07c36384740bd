import { once } from "node:events";
import { WebSocket } from "ws";
import { type CrowdMessage, decodeMessage, encodeMessage } from "./crowd-message.ts";
import { Receipts } from "./receipts.ts";
import { until } from "./until.ts";

export interface CrowdOptions {
  /** `ws://host:port` */
  readonly clientUrl: string;
  /**
   * `app/id`, each with as many clients. What a client must get depends on the app: of `echo` its own messages, of any other
   * those of all members. `witness` and `heavy` put in front who runs the room.
   */
  readonly rooms: readonly string[];
  readonly membersPerRoom: number;
  /** Messages a second of each client. */
  readonly perSecond: number;
}

/** Sums over all clients. All but `sent`, `received` and `lateMs` are 0 where the gateway keeps its promise. */
export interface Verdict {
  readonly sent: number;
  readonly received: number;
  readonly closed: number;
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  /** Came back as text instead of binary, or the other way round, or as nothing that was sent. */
  readonly garbled: number;
  /** Rooms whose members did not all see the same messages in the same order. */
  readonly disagreeing: number;
  /** Rooms that two processes ran at one epoch, or whose epoch went back. `witness` and `heavy` only. */
  readonly split: number;
}

/** What a crowd that lost nothing says of itself, besides the counts. */
export const flawless = {
  closed: 0,
  lost: 0,
  doubled: 0,
  outOfOrder: 0,
  garbled: 0,
  disagreeing: 0,
  split: 0,
} as const;

interface Member {
  readonly socket: WebSocket;
  readonly slot: number;
  readonly isText: boolean;
  readonly receipts: Receipts;
  nextSendMs: number;
  sent: number;
  isClosed: boolean;
  hasJoined: boolean;
  /** Of the message that came last. */
  epoch: number;
}

/** One room of a crowd, and what its members have seen of it. */
export interface CrowdRoom {
  readonly key: string;
  /** Longest time that a member waited for its own message since {@link Crowd.mark}. */
  readonly longestWaitMs: number;
  /** When a message that was sent after {@link Crowd.mark} came back first. */
  readonly answeredMs: number | undefined;
  /** Who ran the room when it answered last, of apps that say so. */
  readonly owner: { readonly pid: number; readonly epoch: number } | undefined;
}

interface RoomState extends CrowdRoom {
  longestWaitMs: number;
  answeredMs: number | undefined;
  owner: CrowdRoom["owner"];
  markedMs: number;
  readonly members: Member[];
  /** Process by epoch. */
  readonly owners: Map<number, number>;
  isSplit: boolean;
}

const tickMs = 5;
const catchUpMax = 5;
const connectingMax = 50;

/** Clients that send numbered messages at a fixed pace, and account for every message that should come back. */
export class Crowd {
  readonly #rooms = new Map<string, RoomState>();
  readonly #options: CrowdOptions;
  #pace: NodeJS.Timeout | undefined;
  #garbled = 0;
  #waitsMs: number[] = [];

  private constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** Resolves when every client is a member of its room: from then on each must get every message. */
  static async join(options: CrowdOptions): Promise<Crowd> {
    const crowd = new Crowd(options);
    try {
      await crowd.#joinAll();
    } catch (error) {
      crowd.leave();
      throw error;
    }
    return crowd;
  }

  get rooms(): readonly CrowdRoom[] {
    return [...this.#rooms.values()];
  }

  room(key: string): CrowdRoom {
    return this.#stateOf(key);
  }

  /** Waiting times of all messages for their own return, in ms. */
  get waitsMs(): readonly number[] {
    return this.#waitsMs;
  }

  start(): void {
    const startMs = performance.now();
    const everyMs = 1000 / this.#options.perSecond;
    let place = 0;
    for (const member of this.#members()) {
      member.nextSendMs = startMs + (everyMs * (place % 97)) / 97;
      place += 1;
    }
    this.#pace = setInterval(() => this.#sendDue(everyMs), tickMs);
  }

  /** From here on {@link CrowdRoom.longestWaitMs} and {@link CrowdRoom.answeredMs} count for the rooms of these keys. */
  mark(keys: Iterable<string>): void {
    const nowMs = performance.now();
    for (const key of keys) {
      const room = this.#stateOf(key);
      room.markedMs = nowMs;
      room.longestWaitMs = 0;
      room.answeredMs = undefined;
    }
  }

  /** Resolves with the time of the last first answer, when all these rooms have answered since {@link mark}. */
  async answered(keys: readonly string[], msMax?: number): Promise<number> {
    const silent = () => keys.filter((key) => this.#stateOf(key).answeredMs === undefined);
    await until(silent, (left) => left.length === 0, msMax);
    return Math.max(...keys.map((key) => this.#stateOf(key).answeredMs ?? 0));
  }

  /** How long after `sinceMs` each of these rooms has answered. */
  answersMs(keys: readonly string[], sinceMs: number): number[] {
    return keys.flatMap((key) => this.#stateOf(key).answeredMs ?? []).map((answeredMs) => answeredMs - sinceMs);
  }

  /** Sends no more, and waits until all is back, at most `msMax`; what is not back by then is lost. */
  async stop(msMax = 10_000): Promise<Verdict> {
    clearInterval(this.#pace);
    const deadlineMs = performance.now() + msMax;
    const judge = () => this.#judge();
    await until(judge, ({ lost }) => lost === 0 || performance.now() > deadlineMs, msMax * 2);
    // What came twice comes a little later.
    await new Promise((resolve) => setTimeout(resolve, 100));
    return this.#judge();
  }

  /** Counts anew from here, for instance after a crash that may lose messages of `memory` rooms. Call it when stopped. */
  recount(): void {
    this.#garbled = 0;
    this.#waitsMs = [];
    for (const room of this.#rooms.values()) {
      const sent = room.members.map((member) => member.sent);
      for (const member of room.members) member.receipts.recount(sent);
    }
  }

  leave(): void {
    clearInterval(this.#pace);
    for (const { socket } of this.#members()) {
      socket.removeAllListeners("close");
      socket.terminate();
    }
  }

  async #joinAll(): Promise<void> {
    const { rooms, membersPerRoom } = this.#options;
    const places = rooms.flatMap((key) => Array.from({ length: membersPerRoom }, (_none, slot) => ({ key, slot })));
    for (const key of rooms) this.#rooms.set(key, emptyRoom(key));
    for (let start = 0; start < places.length; start += connectingMax) {
      await Promise.all(places.slice(start, start + connectingMax).map(({ key, slot }) => this.#connect(key, slot)));
    }
    for (const member of this.#members()) this.#send(member, 0);
    await until(
      () => [...this.#members()].filter(({ hasJoined }) => !hasJoined).length,
      (left) => left === 0,
    );
  }

  async #connect(key: string, slot: number): Promise<void> {
    const { clientUrl, membersPerRoom } = this.#options;
    const room = this.#stateOf(key);
    const socket = new WebSocket(`${clientUrl}/rooms/${key}`, { perMessageDeflate: false });
    const isText = slot % 2 === 1 && !isWitnessed(key);
    const receipts = new Receipts(membersPerRoom);
    const member: Member = {
      socket,
      slot,
      isText,
      receipts,
      nextSendMs: 0,
      sent: 0,
      isClosed: false,
      hasJoined: false,
      epoch: 0,
    };
    socket.on("message", (data: Buffer, isBinary) => this.#received(room, member, data, isBinary));
    await once(socket, "open");
    socket.on("close", () => {
      member.isClosed = true;
    });
    socket.on("error", () => {});
    room.members[slot] = member;
  }

  #sendDue(everyMs: number): void {
    const nowMs = performance.now();
    for (const member of this.#members()) {
      for (let count = 0; member.nextSendMs <= nowMs && count < catchUpMax; count += 1) {
        member.nextSendMs += everyMs;
        if (member.isClosed) continue;
        member.sent += 1;
        this.#send(member, member.sent);
      }
    }
  }

  /** Number 0 says that its sender is there, and counts for nothing. */
  #send({ socket, slot, isText }: Member, number: number): void {
    socket.send(encodeMessage({ slot, number, sentMs: performance.now() }, isText));
  }

  #received(room: RoomState, member: Member, data: Buffer, isBinary: boolean): void {
    const message = decodeMessage(data, isBinary, isWitnessed(room.key));
    const sender = message && room.members[message.slot];
    if (message === undefined || sender === undefined) {
      // Others may be there before the last of the room has been entered here.
      if (message?.number !== 0) this.#garbled += 1;
      return;
    }
    if (isBinary === sender.isText) this.#garbled += 1;
    if (message.owner !== undefined) noteOwner(room, member, message.owner);
    if (message.number === 0) {
      if (message.slot === member.slot) member.hasJoined = true;
      return;
    }
    member.receipts.note(message);
    if (message.slot === member.slot) this.#noteWait(room, message);
  }

  #noteWait(room: RoomState, { sentMs }: CrowdMessage): void {
    const nowMs = performance.now();
    const waitMs = nowMs - sentMs;
    this.#waitsMs.push(waitMs);
    room.longestWaitMs = Math.max(room.longestWaitMs, waitMs);
    if (room.answeredMs === undefined && sentMs > room.markedMs) room.answeredMs = nowMs;
  }

  #judge(): Verdict {
    const sums = { sent: 0, received: 0, closed: 0, lost: 0, doubled: 0, outOfOrder: 0, disagreeing: 0, split: 0 };
    for (const { key, members, isSplit } of this.#rooms.values()) {
      const isEcho = key.startsWith("echo/");
      const sentBySlot = members.map(({ sent }) => sent);
      for (const { sent, isClosed, receipts, slot } of members) {
        sums.sent += sent;
        sums.closed += Number(isClosed);
        sums.received += receipts.received;
        sums.doubled += receipts.doubled;
        sums.outOfOrder += receipts.outOfOrder;
        sums.lost += receipts.missingOf(isEcho ? sentBySlot.map((count, of) => (of === slot ? count : 0)) : sentBySlot);
      }
      if (!isEcho) sums.disagreeing += Number(new Set(members.map(({ receipts }) => receipts.digest)).size > 1);
      sums.split += Number(isSplit);
    }
    return { ...sums, garbled: this.#garbled };
  }

  *#members(): Iterable<Member> {
    for (const { members } of this.#rooms.values()) for (const member of members) if (member) yield member;
  }

  #stateOf(key: string): RoomState {
    const room = this.#rooms.get(key);
    if (room === undefined) throw new Error(`the crowd has no room ${key}`);
    return room;
  }
}

function isWitnessed(key: string): boolean {
  return key.startsWith("witness/") || key.startsWith("heavy/");
}

function emptyRoom(key: string): RoomState {
  const seen = { longestWaitMs: 0, answeredMs: undefined, markedMs: 0, owner: undefined, isSplit: false };
  return { key, members: [], owners: new Map(), ...seen };
}

/** One process an epoch, and for each member epochs only rise. What one has got may still be on its way to another. */
function noteOwner(
  room: RoomState,
  member: Member,
  { pid, epoch }: { readonly pid: number; readonly epoch: number },
): void {
  if (epoch < member.epoch || (room.owners.get(epoch) ?? pid) !== pid) room.isSplit = true;
  member.epoch = epoch;
  if (epoch > (room.owner?.epoch ?? 0)) room.owner = { pid, epoch };
  room.owners.set(epoch, pid);
}
