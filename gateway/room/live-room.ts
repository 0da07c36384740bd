import { closeCodes, isSendableCloseCode } from "../wire/close-codes.ts";
import type { JoinInfo } from "../wire/control.ts";
import {
  appOf,
  type Channel,
  type Cseq,
  type Epoch,
  type GatewayId,
  type RoomKey,
  type Rseq,
  roomIdOf,
  type SessionNumber,
} from "../wire/ids.ts";
import type { TrunkLink } from "../wire/link.ts";
import type { Logger, Runtime } from "../wire/runtime.ts";
import type { ChannelPort, GatewayChannel } from "./gateway-channel.ts";
import { Member, type MemberHost } from "./member.ts";
import { decodeMovingState, encodeMovingState, type MovingState } from "./moving-state.ts";
import { keepData, RoomMessage, viewData } from "./room-message.ts";
import { RoomOutbox } from "./room-outbox.ts";
import { RoomTimers } from "./room-timers.ts";
import { RoomWork } from "./room-work.ts";
import type {
  AppDefinition,
  BroadcastOptions,
  Data,
  LeaveReason,
  Room,
  RoomContext,
  SendOptions,
  Session,
} from "./sdk.ts";
import { SentTail, type Target } from "./sent-tail.ts";
import type { ServerCounters } from "./server-counters.ts";
import type { StateParts } from "./state-body.ts";
import { Ticker } from "./ticker.ts";

export interface LiveRoomHost {
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly counters: ServerCounters;
  /** The room's code has thrown. Called within the turn that threw; no turn follows. */
  roomThrew(error: unknown): void;
}

/** What a gateway tells when it binds. */
export interface Binding {
  readonly link: TrunkLink;
  readonly channel: Channel;
  readonly gateway: GatewayId;
  readonly line: Epoch;
  readonly seen: Rseq;
  /** Session number and highest acknowledged cseq of each of the gateway's sessions. */
  readonly sessions: ReadonlyMap<SessionNumber, Cseq>;
  readonly port: ChannelPort;
}

export const windowBytes = 1024 * 1024;
const everyone: Target = Object.freeze({ kind: "all", except: undefined });

/**
 * A room that runs here: its code, its members, its turns. It knows nothing of who owns what; its cell halts it and lets it
 * run. Turns never overlap: a turn runs to its end before anything else of the room happens.
 */
export class LiveRoom implements RoomContext, MemberHost {
  readonly key: RoomKey;
  readonly app: string;
  readonly id: string;
  readonly log: Logger;
  readonly #definition: AppDefinition;
  readonly #host: LiveRoomHost;
  readonly #sessions = new Map<string, Member>();
  readonly #outbox: RoomOutbox;
  readonly #timers: RoomTimers;
  readonly #work: RoomWork;
  readonly #ticker: Ticker | undefined;
  /** Turns that wait for the present one to end, or for the room to go on. Bounded by sessions, timers and works. */
  readonly #waiting: (() => void)[] = [];
  readonly #room: Room;
  #epoch: Epoch;
  #inTurn = false;
  #halted = true;
  #broken = false;
  #turns = 0;

  /** Creates the room's object and restores it. Throws what the room's code throws. */
  constructor(
    key: RoomKey,
    definition: AppDefinition,
    epoch: Epoch,
    host: LiveRoomHost,
    from: { readonly snapshot: Uint8Array | undefined } | { readonly moved: StateParts },
  ) {
    this.key = key;
    this.app = appOf(key);
    this.id = roomIdOf(key);
    this.#definition = definition;
    this.#epoch = epoch;
    this.#outbox = new RoomOutbox(epoch);
    this.#host = host;
    this.log = host.log.child({ room: key });
    this.#timers = new RoomTimers(host.runtime, (name) => this.#soonTurn(() => this.#room.onTimer?.(name)));
    this.#work = new RoomWork((name, outcome) => this.#soonTurn(() => this.#room.onWork?.(name, outcome)));
    this.#inTurn = true;
    try {
      this.#room = definition.create(this);
      if ("moved" in from) this.#restoreMoved(from.moved);
      else if (from.snapshot) this.#room.restore?.(from.snapshot);
    } finally {
      this.#inTurn = false;
    }
    this.#ticker =
      definition.tickHz && this.#room.onTick
        ? new Ticker(host.runtime, definition.tickHz, (stepMs) => this.#tick(stepMs))
        : undefined;
  }

  get epoch(): Epoch {
    return this.#epoch;
  }

  get sessions(): ReadonlyMap<string, Session> {
    return this.#sessions;
  }

  /** Rises with every turn: tells whether anything can have changed. */
  get turns(): number {
    return this.#turns;
  }

  /** Highest first: gateways without a trunk here, and since when. */
  *detachedGateways(): Iterable<{ gateway: GatewayId; sinceMs: number }> {
    for (const channel of this.#outbox.channels.values()) {
      if (!channel.link) yield { gateway: channel.gateway, sinceMs: channel.detachedAtMs };
    }
  }

  // ---- what the cell does ----

  /** Turns run from here on, at `epoch`; gateways that are bound are told where their sessions stand. */
  run(epoch: Epoch): void {
    this.#epoch = epoch;
    this.#halted = false;
    for (const channel of this.#outbox.channels.values()) {
      channel.epoch = epoch;
      this.#sendBound(channel, channel.sent, false, [...channel.members.keys()]);
    }
    this.#timers.run();
    if (this.#sessions.size > 0) this.#ticker?.start();
    this.#runWaiting();
  }

  /** No turn runs from here on. */
  halt(): void {
    if (this.#halted) return;
    this.#halted = true;
    this.#timers.halt();
    this.#ticker?.stop();
    for (const channel of this.#outbox.channels.values()) channel.link?.flow(channel.channel, this.#epoch, 0);
  }

  /** Lets go of everything; the room is not used again. */
  dispose(): void {
    this.halt();
    this.#work.abortAll();
    for (const channel of this.#outbox.channels.values()) channel.detach(this.#host.runtime.nowMs());
    this.#host.counters.sessions -= this.#sessions.size;
    this.#sessions.clear();
    this.#outbox.clear();
  }

  closeMembers(code: number, reason: string): void {
    for (const channel of this.#outbox.channels.values()) channel.closeAll(code, reason);
  }

  /** Each bound gateway's way to be told something about the room as a whole. */
  *boundChannels(): Iterable<{ link: TrunkLink; channel: Channel }> {
    for (const { link, channel } of this.#outbox.channels.values()) if (link) yield { link, channel };
  }

  /** The app's state alone, for the store. `undefined` if the room has none to give. Throws what the room's code throws. */
  snapshot(): Uint8Array | undefined {
    return this.#room.snapshot?.();
  }

  /** Everything that a target needs. Throws what the room's code throws, and where an attachment is no plain data. */
  movingState(): StateParts {
    const members: Member[] = [];
    for (const channel of this.#outbox.channels.values()) members.push(...channel.members.values());
    const state: MovingState = {
      line: this.#outbox.line,
      rseq: this.#outbox.rseq,
      forgottenUpTo: this.#outbox.tail.forgottenUpTo,
      gateways: [...this.#outbox.channels.values()].map(({ gateway, seen, sent }) => ({ gateway, seen, sent })),
      members,
      tail: [...this.#outbox.tail.after(0)],
      timers: this.#timers.left(),
      works: this.#work.names(),
    };
    return { head: encodeMovingState(state), app: this.#room.snapshot?.() };
  }

  // ---- what gateways do ----

  /** ROOM-2: tells the gateway where each of its sessions stands, and sends what it has not seen of the line. */
  bind(binding: Binding): GatewayChannel {
    const channel = this.#outbox.channelTo(binding.gateway, this.#host.runtime.nowMs());
    channel.attach(binding.link, binding.channel, this.#epoch, binding.port);
    const { from, gap } = this.#outbox.resumeAt(channel, binding.line, binding.seen);
    for (const [number, member] of channel.members) {
      const acked = binding.sessions.get(number);
      // ROOM-3: what the gateway calls acknowledged is applied, even where this server has not heard so.
      if (acked !== undefined) member.position = Math.max(member.position, acked);
      else this.#end(member, { kind: "lost", code: 1006 });
    }
    this.#sendBound(channel, from, gap, binding.sessions.keys());
    if (!gap) this.#outbox.sendAfter(channel, from);
    this.#runWaiting();
    return channel;
  }

  /** The gateway has no session here any more. */
  unbind(gateway: GatewayId): void {
    this.gatewayGone(gateway);
  }

  detach(channel: GatewayChannel): void {
    channel.detach(this.#host.runtime.nowMs());
  }

  /** Its sessions leave, as `lost` where they had not left before. */
  gatewayGone(gateway: GatewayId): void {
    const channel = this.#outbox.channels.get(gateway);
    if (!channel) return;
    for (const member of [...channel.members.values()]) this.#end(member, { kind: "lost", code: 1006 });
    channel.detach(this.#host.runtime.nowMs());
    this.#outbox.drop(gateway);
    this.#runWaiting();
  }

  seen(channel: GatewayChannel, rseq: Rseq): void {
    this.#outbox.seen(channel, rseq);
  }

  join(channel: GatewayChannel, number: SessionNumber, cseq: Cseq, info: JoinInfo): void {
    if (this.#halted) return;
    const known = channel.members.get(number);
    if (known) {
      if (cseq <= known.position) channel.ack(known);
      return;
    }
    if (this.#sessions.size >= (this.#definition.sessionsMax ?? 20_000)) {
      channel.link?.closeSession(channel.channel, this.#epoch, number, closeCodes.overloaded, 0, "the room is full");
      return;
    }
    const member = new Member(this, channel, { number, ...info, position: cseq });
    channel.members.set(number, member);
    this.#sessions.set(member.id, member);
    this.#host.counters.sessions += 1;
    channel.ack(member);
    this.#ticker?.start();
    this.#turn(() => this.#room.onJoin?.(member));
  }

  /** ROOM-1: a message is applied only if its cseq is the session's position plus one. */
  up(channel: GatewayChannel, number: SessionNumber, cseq: Cseq, isText: boolean, payload: Uint8Array): void {
    if (this.#halted) return;
    const member = channel.members.get(number);
    if (!member) return;
    if (cseq !== member.position + 1) {
      if (cseq <= member.position) channel.ack(member);
      return;
    }
    member.position = cseq;
    channel.ack(member);
    if (member.state === "ended") return;
    this.#host.counters.messagesUp += 1;
    const { messageBytesMax } = this.#definition;
    if (messageBytesMax !== undefined && payload.length > messageBytesMax) {
      this.#turn(() => this.closeMember(member, closeCodes.tooBig, "message too big"));
      return;
    }
    this.#inTurn = true;
    this.#turns += 1;
    try {
      this.#room.onMessage(member, new RoomMessage(payload, isText));
    } catch (error) {
      this.#threw(error);
    }
    this.#inTurn = false;
    if (this.#waiting.length > 0) this.#runWaiting();
  }

  leave(channel: GatewayChannel, number: SessionNumber, cseq: Cseq, code: number): void {
    if (this.#halted) return;
    const member = channel.members.get(number);
    if (!member || cseq > member.position + 1) return;
    member.position = Math.max(member.position, cseq);
    channel.ack(member);
    this.#end(member, { kind: "left", code });
    this.#runWaiting();
  }

  // ---- what the room's code does ----

  broadcast(data: Data, options?: BroadcastOptions): void {
    this.#assertTurn("broadcast");
    const target = this.#targetOf(options);
    this.#send(target, data, options?.delivery);
  }

  append(_entry: Data): void {
    throw new Error(`append needs an app of durability "commit"; "${this.app}" is of durability "memory"`);
  }

  setTimer(name: string, delayMs: number): void {
    this.#assertTurn("setTimer");
    this.#timers.set(name, delayMs);
  }

  clearTimer(name: string): void {
    this.#assertTurn("clearTimer");
    this.#timers.clear(name);
  }

  work(name: string, task: (signal: AbortSignal) => Promise<unknown>): void {
    this.#assertTurn("work");
    this.#work.start(name, task);
  }

  sendTo(member: Member, data: Data, options: SendOptions | undefined): void {
    this.#assertTurn("send");
    if (member.state === "ended") return;
    this.#send({ kind: "one", member }, data, options?.delivery);
  }

  closeMember(member: Member, code: number, reason: string): void {
    this.#assertTurn("close");
    if (!isSendableCloseCode(code)) throw new RangeError(`${code} is no close code that an application may send`);
    if (member.state === "ended") return;
    const payload = Buffer.from(reason, "utf8");
    if (payload.length > 123) throw new RangeError("a close reason is at most 123 bytes");
    this.#outbox.deliver({ kind: "one", member }, code, true, payload);
    member.channel.forgetWhenHeard(member);
    this.#leaveRoom(member, { kind: "closed", code });
  }

  // ---- turns ----

  #targetOf(options: BroadcastOptions | undefined): Target {
    if (options?.to) return { kind: "some", members: [...options.to].filter((one) => one instanceof Member) };
    if (options?.except instanceof Member) return { kind: "all", except: options.except };
    return everyone;
  }

  #send(target: Target, data: Data, delivery: SendOptions["delivery"]): void {
    const isText = typeof data === "string";
    this.#host.counters.messagesDown += 1;
    if (delivery === undefined || delivery === "reliable") {
      this.#outbox.deliver(target, 0, isText, keepData(data));
    } else {
      const latest = delivery === "volatile" ? undefined : delivery.latest;
      this.#outbox.deliverUnkept(target, latest, isText, viewData(data));
    }
  }

  #tick(stepMs: number): void {
    if (this.#sessions.size === 0) {
      this.#ticker?.stop();
      return;
    }
    this.#turn(() => this.#room.onTick?.(stepMs));
  }

  #turn(run: () => void): void {
    if (this.#broken) return;
    this.#inTurn = true;
    this.#turns += 1;
    try {
      run();
    } catch (error) {
      this.#threw(error);
    }
    this.#inTurn = false;
    if (this.#waiting.length > 0) this.#runWaiting();
  }

  #soonTurn(run: () => void): void {
    this.#waiting.push(run);
    this.#runWaiting();
  }

  #runWaiting(): void {
    while (!this.#inTurn && !this.#halted && !this.#broken) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#turn(next);
    }
  }

  #threw(error: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#host.roomThrew(error);
  }

  #assertTurn(what: string): void {
    if (!this.#inTurn) throw new Error(`${what} is allowed only within a turn of room ${this.key}`);
  }

  /** The gateway's stream of this session is over, or nobody will continue it. */
  #end(member: Member, reason: LeaveReason): void {
    member.channel.members.delete(member.number);
    if (member.state === "member") this.#leaveRoom(member, reason);
  }

  /** The session is out at once; `onLeave` is a turn of its own. */
  #leaveRoom(member: Member, reason: LeaveReason): void {
    member.state = "ended";
    this.#sessions.delete(member.id);
    this.#host.counters.sessions -= 1;
    this.#waiting.push(() => this.#room.onLeave?.(member, reason));
  }

  #sendBound(channel: GatewayChannel, rseq: Rseq, gap: boolean, numbers: Iterable<SessionNumber>): void {
    const positions: number[] = [];
    for (const number of numbers) positions.push(number, channel.members.get(number)?.position ?? 0);
    channel.link?.control({
      t: "bound",
      channel: channel.channel,
      epoch: this.#epoch,
      line: this.#outbox.line,
      rseq,
      positions: new Uint8Array(Uint32Array.from(positions).buffer),
      windowBytes,
      gap,
    });
  }

  #restoreMoved(moved: StateParts): void {
    const state = decodeMovingState(moved.head);
    const tail = new SentTail(state.forgottenUpTo);
    this.#outbox.restore(state.line, state.rseq, tail);
    for (const { gateway, seen, sent } of state.gateways) {
      const channel = this.#outbox.channelTo(gateway, this.#host.runtime.nowMs());
      channel.seen = seen;
      channel.sent = sent;
    }
    const members: (Member | undefined)[] = state.members.map((moved) => {
      const channel = this.#outbox.channels.get(moved.gateway);
      if (!channel) return undefined;
      const member = new Member(this, channel, moved);
      member.attachment = moved.attachment;
      member.state = moved.ended ? "ended" : "member";
      channel.members.set(member.number, member);
      if (member.state === "member") this.#sessions.set(member.id, member);
      return member;
    });
    for (const message of state.tailOf(members)) tail.push(message);
    if (moved.app) this.#room.restore?.(moved.app);
    for (const [name, leftMs] of state.timers) this.#timers.set(name, leftMs);
    this.#host.counters.sessions += this.#sessions.size;
    for (const name of state.works) this.#waiting.push(() => this.#room.onWork?.(name, { kind: "interrupted" }));
  }
}
