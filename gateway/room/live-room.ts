import type { HeadVersion } from "../store/port.ts";
import { closeCodes } from "../wire/close-codes.ts";
import type { JoinInfo } from "../wire/control.ts";
import type { Channel, Cseq, Epoch, GatewayId, RoomKey, Rseq, SessionNumber } from "../wire/ids.ts";
import type { TrunkLink } from "../wire/link.ts";
import type { Logger, Runtime } from "../wire/runtime.ts";
import type { ChannelPort, GatewayChannel } from "./gateway-channel.ts";
import { JournaledTurns, type JournalSetting } from "./journaled-turns.ts";
import { Member } from "./member.ts";
import { decodeMovingState, encodeMovingState } from "./moving-state.ts";
import { readRecord } from "./record-reader.ts";
import { type FaceHost, RoomFace } from "./room-face.ts";
import { RoomMessage } from "./room-message.ts";
import { RoomOutbox } from "./room-outbox.ts";
import { RoomReplay } from "./room-replay.ts";
import { RoomTimers } from "./room-timers.ts";
import { RoomWork } from "./room-work.ts";
import type { AppDefinition, Data, LeaveReason, Room, SendOptions, WorkOutcome } from "./sdk.ts";
import { SentTail, type Target } from "./sent-tail.ts";
import type { ServerCounters } from "./server-counters.ts";
import type { StateParts } from "./state-body.ts";
import { Ticker } from "./ticker.ts";
import { Turns, type TurnsHost } from "./turns.ts";

export interface LiveRoomHost {
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly counters: ServerCounters;
  /** Missing for an app of durability `memory`: nothing is journaled. */
  readonly journal: JournalSetting | undefined;
  /** The room's code has thrown. No turn follows. */
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

/**
 * Where a room comes from: a snapshot of the app's state alone (`memory`), everything that another owner has shipped, or
 * everything that the store has (records follow by `replay`).
 */
export type Origin =
  | { readonly kind: "snapshot"; readonly app: Uint8Array | undefined }
  | { readonly kind: "moved"; readonly parts: StateParts }
  | { readonly kind: "stored"; readonly parts: StateParts | undefined };

export const windowBytes = 1024 * 1024;
const entryBytesMax = 16 * 1024 * 1024;

/**
 * A room that runs here: its code, its members, its turns. It knows nothing of who owns what; its cell halts it and lets it
 * run. Turns never overlap: a turn runs to its end before anything else of the room happens.
 */
export class LiveRoom implements FaceHost, TurnsHost {
  readonly key: RoomKey;
  readonly log: Logger;
  readonly turns = new Turns(this);
  readonly #definition: AppDefinition;
  readonly #host: LiveRoomHost;
  readonly #sessions = new Map<string, Member>();
  readonly #outbox: RoomOutbox;
  readonly #journaled: JournaledTurns | undefined;
  readonly #timers: RoomTimers;
  readonly #work: RoomWork;
  readonly #ticker: Ticker | undefined;
  readonly #face: RoomFace;
  readonly #room: Room;
  #epoch: Epoch;
  #nextRef = 1;
  #missedInput = false;

  /** Creates the room's object and restores it. Throws what the room's code throws, or a `RoomgateError` (`bad-state`). */
  constructor(key: RoomKey, definition: AppDefinition, epoch: Epoch, host: LiveRoomHost, from: Origin) {
    this.key = key;
    this.#definition = definition;
    this.#epoch = epoch;
    this.#host = host;
    this.log = host.log.child({ room: key });
    this.#journaled = host.journal && new JournaledTurns(key, host.journal, (member) => this.#forgetLater(member));
    // A journaled line goes on across crashes; what is not journaled begins a new one with each.
    this.#outbox = new RoomOutbox(this.#journaled?.isGated ? 1 : epoch, this.#journaled?.hold);
    this.#journaled?.emitTo(this.#outbox);
    this.#timers = new RoomTimers(host.runtime, (name) => this.turns.soon(() => this.#timerFired(name)));
    this.#work = new RoomWork((name, outcome) => this.turns.soon(() => this.#workOver(name, outcome)));
    this.#face = new RoomFace(this);
    this.#room = this.turns.open(() => {
      const room = definition.create(this.#face);
      this.#restore(room, from);
      return room;
    });
    const { tickHz } = definition;
    this.#ticker = tickHz && this.#room.onTick ? new Ticker(host.runtime, tickHz, (ms) => this.#tick(ms)) : undefined;
    host.counters.sessions += this.#sessions.size;
  }

  get epoch(): Epoch {
    return this.#epoch;
  }

  get sessions(): ReadonlyMap<string, Member> {
    return this.#sessions;
  }

  get journaled(): JournaledTurns | undefined {
    return this.#journaled;
  }

  /** Gateways without a trunk here, and since when. */
  *detachedGateways(): Iterable<{ gateway: GatewayId; sinceMs: number }> {
    for (const channel of this.#outbox.channels.values()) {
      if (!channel.link) yield { gateway: channel.gateway, sinceMs: channel.detachedAtMs };
    }
  }

  // ---- what the cell does ----

  /** Records of the journal, in order, before the room runs. Throws what the room's `apply` throws. */
  replay(records: Iterable<Uint8Array>): void {
    const before = this.#sessions.size;
    const members = new Map<number, Member>();
    for (const channel of this.#outbox.channels.values()) {
      for (const member of channel.members.values()) members.set(member.ref, member);
    }
    const replay = new RoomReplay({
      key: this.key,
      face: this.#face,
      room: this.#room,
      outbox: this.#outbox,
      continuesLine: this.#journaled?.isGated === true,
      sessions: this.#sessions,
      members,
      timers: this.#timers,
      works: this.#journaled?.works ?? new Set(),
      nowMs: this.#host.runtime.nowMs(),
    });
    this.turns.open(() => {
      for (const record of records) readRecord(record, replay);
    });
    this.#nextRef = Math.max(this.#nextRef, replay.highestRef + 1);
    this.#host.counters.sessions += this.#sessions.size - before;
  }

  /** Turns run from here on, at the head that this server holds; gateways that are bound are told where their sessions stand. */
  run(head: HeadVersion): void {
    this.#epoch = head.epoch;
    this.#journaled?.begin(head);
    this.turns.go();
    this.#rebindAll();
    this.#timers.run();
    if (this.#sessions.size > 0) this.#ticker?.start();
    for (const name of this.#journaled?.takeInterrupted() ?? []) {
      this.turns.later(() => this.#workOver(name, { kind: "interrupted" }));
    }
    this.turns.runWaiting();
  }

  /** No turn runs from here on. */
  halt(): void {
    if (this.turns.isHalted) return;
    this.turns.halt();
    this.#timers.halt();
    this.#ticker?.stop();
    for (const { link, channel } of this.boundChannels()) link.flow(channel, this.#epoch, 0);
  }

  /** Calls `task` when everything that turns have done so far is as durable as it will be. Not, if the room is lost before. */
  whenQuiet(task: () => void): void {
    if (this.#journaled) this.#journaled.whenQuiet(task);
    else task();
  }

  /** The same, but called also when the room is lost. */
  whenSettled(task: () => void): void {
    const journal = this.#journaled?.journal;
    if (!journal) {
      task();
      return;
    }
    let isDone = false;
    const once = (): void => {
      if (isDone) return;
      isDone = true;
      task();
    };
    journal.onStop(once);
    this.whenQuiet(once);
  }

  /** Lets go of everything; the room is not used again. */
  dispose(): void {
    this.halt();
    this.#journaled?.stop();
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

  /** The app's state alone. `undefined` if the room has none to give. Throws what the room's code throws. */
  snapshot(): Uint8Array | undefined {
    return this.#room.snapshot?.();
  }

  /** Everything that the next owner needs. Throws what the room's code throws, and where an attachment is no plain data. */
  wholeState(): StateParts {
    const channels = [...this.#outbox.channels.values()];
    const head = encodeMovingState({
      line: this.#outbox.line,
      rseq: this.#outbox.rseq,
      nextRef: this.#nextRef,
      lostUpTo: this.#outbox.tail.lostUpTo,
      gateways: channels.map(({ gateway, seen, sent }) => ({ gateway, seen, sent })),
      members: channels.flatMap(({ members }) => [...members.values()]),
      tail: [...this.#outbox.tail.after(0)],
      timers: this.#timers.left(),
      works: this.#work.names(),
    });
    return { head, app: this.#room.snapshot?.() };
  }

  // ---- what gateways do ----

  /** ROOM-2: tells the gateway where each of its sessions stands, and sends what it has not seen of the line. */
  bind(binding: Binding): GatewayChannel {
    const channel = this.#outbox.channelTo(binding.gateway, this.#host.runtime.nowMs());
    channel.attach(binding.link, binding.channel, this.#epoch, binding.port);
    const { from, gap } = this.#outbox.resumeAt(channel, binding.line, binding.seen);
    for (const [number, member] of channel.members) {
      const acked = binding.sessions.get(number);
      if (acked === undefined) this.#lose(member);
      // ROOM-3: what the gateway calls acknowledged is applied, even where this server has not heard so.
      else if (acked > member.position) {
        member.position = acked;
        member.acked = acked;
      }
    }
    this.#sendBound(channel, from, gap, binding.sessions.keys());
    if (!gap) this.#outbox.sendAfter(channel, from);
    this.turns.runWaiting();
    return channel;
  }

  detach(channel: GatewayChannel): void {
    channel.detach(this.#host.runtime.nowMs());
  }

  /** The gateway has no session here any more, or is gone: its sessions leave, as `lost` where they had not left before. */
  gatewayGone(gateway: GatewayId): void {
    const channel = this.#outbox.channels.get(gateway);
    if (!channel) return;
    for (const member of [...channel.members.values()]) this.#lose(member);
    channel.detach(this.#host.runtime.nowMs());
    this.#outbox.drop(gateway);
    this.turns.runWaiting();
  }

  seen(channel: GatewayChannel, rseq: Rseq): void {
    this.#outbox.seen(channel, rseq);
  }

  join(channel: GatewayChannel, number: SessionNumber, cseq: Cseq, info: JoinInfo): void {
    if (this.#refusesInput()) return;
    const known = channel.members.get(number);
    if (known) {
      this.#ackAgain(known, cseq);
      return;
    }
    if (this.#sessions.size >= (this.#definition.sessionsMax ?? 20_000)) {
      channel.link?.closeSession(channel.channel, this.#epoch, number, closeCodes.overloaded, 0, "the room is full");
      return;
    }
    const ref = this.#journaled ? this.#nextRef++ : 0;
    const joinedAt = this.#outbox.rseq;
    const member = new Member(this.#face, channel, { number, ref, ...info, position: cseq, joinedAt });
    this.#journaled?.joined(member);
    channel.members.set(number, member);
    this.#sessions.set(member.id, member);
    this.#host.counters.sessions += 1;
    this.#ack(member, cseq);
    this.#ticker?.start();
    this.turns.run(() => this.#room.onJoin?.(member));
  }

  /** ROOM-1: a message is applied only if its cseq is the session's position plus one. */
  up(channel: GatewayChannel, number: SessionNumber, cseq: Cseq, isText: boolean, payload: Uint8Array): void {
    if (this.#refusesInput()) return;
    const member = channel.members.get(number);
    if (!member) return;
    if (cseq !== member.position + 1) {
      this.#ackAgain(member, cseq);
      return;
    }
    member.position = cseq;
    this.#ack(member, cseq);
    this.#journaled?.advanced(member);
    if (member.state === "ended") {
      this.turns.run(nothing);
      return;
    }
    this.#host.counters.messagesUp += 1;
    const { messageBytesMax } = this.#definition;
    const isTooBig = messageBytesMax !== undefined && payload.length > messageBytesMax;
    if (isTooBig) this.turns.run(() => this.#face.closeMember(member, closeCodes.tooBig, "message too big"));
    else this.turns.run(() => this.#room.onMessage(member, new RoomMessage(payload, isText)));
  }

  leave(channel: GatewayChannel, number: SessionNumber, cseq: Cseq, code: number): void {
    if (this.#refusesInput()) return;
    const member = channel.members.get(number);
    if (!member) return;
    if (cseq !== member.position + 1) {
      this.#ackAgain(member, cseq);
      return;
    }
    member.position = cseq;
    this.#ack(member, cseq);
    if (member.state === "ended") {
      this.#journaled?.advanced(member);
      this.turns.run(nothing);
      return;
    }
    this.#end(member);
    this.turns.run(() => this.#room.onLeave?.(member, { kind: "left", code }));
  }

  // ---- what the room's code does; each within a turn ----

  send(target: Target, data: Data, delivery: SendOptions["delivery"]): void {
    const isText = typeof data === "string";
    this.#host.counters.messagesDown += 1;
    if (delivery === undefined || delivery === "reliable") {
      const message = this.#outbox.deliver(target, data);
      this.#journaled?.sent(message);
    } else {
      this.#outbox.deliverUnkept(target, delivery === "volatile" ? undefined : delivery.latest, isText, data);
    }
  }

  close(member: Member, code: number, reason: Uint8Array): void {
    const message = this.#outbox.close(member, code, reason);
    this.#journaled?.sent(message);
    this.#end(member);
    this.turns.later(() => this.#room.onLeave?.(member, { kind: "closed", code }));
  }

  append(entry: Uint8Array): void {
    if (!this.#journaled || !this.#room.apply) {
      throw new Error("append needs an app whose durability is not memory, and a room with apply");
    }
    if (entry.length > entryBytesMax) throw new RangeError(`an entry is at most ${entryBytesMax} bytes`);
    this.#room.apply(entry);
    this.#journaled.appended(entry);
  }

  attachmentSet(member: Member): void {
    if (member.state === "member" && this.#sessions.get(member.id) === member) this.#journaled?.attachmentSet(member);
  }

  setTimer(name: string, delayMs: number): void {
    this.#timers.set(name, delayMs);
    this.#journaled?.timerSet(name, delayMs);
  }

  clearTimer(name: string): void {
    this.#timers.clear(name);
    this.#journaled?.timerOver(name);
  }

  work(name: string, task: (signal: AbortSignal) => Promise<unknown>): void {
    this.#work.start(name, task);
    this.#journaled?.workBegun(name);
  }

  // ---- turns ----

  turnEnded(): void {
    this.#journaled?.endTurn();
    if (this.#missedInput && !this.#journaled?.isClogged && !this.turns.isHalted) {
      this.#missedInput = false;
      this.#rebindAll();
    }
  }

  turnFailed(error: unknown): void {
    this.#journaled?.failTurn();
    this.#host.roomThrew(error);
  }

  /** Turns have nothing to do with how much the store has taken, but for this bound. */
  releasedSome(): void {
    if (this.#missedInput && !this.turns.isHalted) this.turnEnded();
  }

  #tick(stepMs: number): void {
    if (this.#sessions.size === 0) this.#ticker?.stop();
    else if (!this.#journaled?.isClogged) this.turns.run(() => this.#room.onTick?.(stepMs));
  }

  #timerFired(name: string): void {
    this.#journaled?.timerOver(name);
    this.#room.onTimer?.(name);
  }

  #workOver(name: string, outcome: WorkOutcome): void {
    this.#journaled?.workOver(name);
    this.#room.onWork?.(name, outcome);
  }

  /** STORE-AWAY: a room that holds more than the store has taken takes nothing more in; gateways send it again. */
  #refusesInput(): boolean {
    if (this.turns.isHalted) return true;
    if (!this.#journaled?.isClogged) return false;
    this.#missedInput = true;
    return true;
  }

  #ack(member: Member, cseq: Cseq): void {
    const hold = this.#journaled?.hold;
    if (hold) hold({ kind: "ack", member, cseq });
    else member.channel.ack(member, cseq);
  }

  /** A repetition: acknowledged as far as it may be. */
  #ackAgain(member: Member, cseq: Cseq): void {
    if (cseq <= member.acked) member.channel.ack(member, member.acked);
  }

  #end(member: Member): void {
    member.state = "ended";
    this.#sessions.delete(member.id);
    this.#host.counters.sessions -= 1;
    this.#journaled?.ended(member);
    const hold = this.#journaled?.hold;
    if (hold) hold({ kind: "forget", member });
    else this.#forgetLater(member);
  }

  #forgetLater(member: Member): void {
    member.channel.forgetWhenHeard(member, () => this.#journaled?.forgotten(member));
  }

  /** Nobody will continue this session's stream. */
  #lose(member: Member): void {
    member.channel.members.delete(member.number);
    if (member.state === "ended") {
      this.#journaled?.forgotten(member);
      return;
    }
    member.state = "ended";
    this.#sessions.delete(member.id);
    this.#host.counters.sessions -= 1;
    const reason: LeaveReason = { kind: "lost", code: 1006 };
    this.turns.later(() => {
      this.#journaled?.ended(member);
      this.#journaled?.forgotten(member);
      this.#room.onLeave?.(member, reason);
    });
  }

  #rebindAll(): void {
    for (const channel of this.#outbox.channels.values()) {
      channel.epoch = this.#epoch;
      this.#sendBound(channel, channel.sent, false, [...channel.members.keys()]);
    }
  }

  #sendBound(channel: GatewayChannel, rseq: Rseq, gap: boolean, numbers: Iterable<SessionNumber>): void {
    const positions: number[] = [];
    for (const number of numbers) {
      const member = channel.members.get(number);
      // The gateway forgets what it is told here, so it is told only what is as durable as an ack.
      positions.push(number, (this.#journaled?.isGated ? member?.acked : member?.position) ?? 0);
    }
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

  #restore(room: Room, from: Origin): void {
    if (from.kind === "snapshot") {
      if (from.app) room.restore?.(from.app);
      return;
    }
    if (from.parts) this.#restoreWhole(room, from.parts, from.kind);
  }

  #restoreWhole(room: Room, parts: StateParts, kind: "moved" | "stored"): void {
    const state = decodeMovingState(parts.head);
    const tail = new SentTail(state.lostUpTo);
    const nowMs = this.#host.runtime.nowMs();
    // Not gated, a line does not survive a crash: messages may have gone out that no record knows.
    const continues = kind === "moved" || this.#journaled?.isGated === true;
    if (continues) this.#outbox.restore(state.line, state.rseq, tail);
    this.#nextRef = state.nextRef;
    for (const { gateway, seen, sent } of state.gateways) {
      const channel = this.#outbox.channelTo(gateway, nowMs);
      if (!continues) continue;
      channel.seen = seen;
      channel.sent = sent;
    }
    const members = state.members.map((moved) => {
      const channel = this.#outbox.channelTo(moved.gateway, nowMs);
      const joinedAt = continues ? moved.joinedAt : 0;
      const member = new Member(this.#face, channel, { ...moved, joinedAt });
      member.restoreAttachment(moved.attachment);
      member.state = moved.ended ? "ended" : "member";
      channel.members.set(member.number, member);
      if (member.state === "member") this.#sessions.set(member.id, member);
      return member;
    });
    if (continues) for (const message of state.tailOf(members)) tail.push(message);
    if (parts.app) room.restore?.(parts.app);
    for (const [name, leftMs] of state.timers) this.#timers.set(name, leftMs);
    if (this.#journaled) for (const name of state.works) this.#journaled.works.add(name);
    else for (const name of state.works) this.turns.later(() => this.#workOver(name, { kind: "interrupted" }));
  }
}

const nothing = (): void => {};
