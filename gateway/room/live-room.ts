import type { HeadVersion, JournalRecord, Position } from "../store/port.ts";
import { closeCodes } from "../wire/close-codes.ts";
import type { JoinInfo } from "../wire/control.ts";
import type { Cseq, Epoch, GatewayId, RoomKey, Rseq, SessionNumber } from "../wire/ids.ts";
import type { Logger } from "../wire/runtime.ts";
import { sessionsMaxOf } from "./apps.ts";
import { sendBound } from "./bound-message.ts";
import type { GatewayChannel } from "./gateway-channel.ts";
import { JournaledTurns } from "./journaled-turns.ts";
import type { Binding, LiveRoomHost, Origin } from "./live-room-ports.ts";
import type { Member } from "./member.ts";
import { applyLive, createRoom, takeSnapshot } from "./room-code.ts";
import { type FaceHost, RoomFace } from "./room-face.ts";
import { RoomMessage } from "./room-message.ts";
import { RoomOrigin } from "./room-origin.ts";
import { RoomOutbox } from "./room-outbox.ts";
import { RoomSchedule } from "./room-schedule.ts";
import { RoomTells } from "./room-tells.ts";
import { Roster } from "./roster.ts";
import type { AppDefinition, Data, Room, SendOptions } from "./sdk.ts";
import type { Target } from "./sent-tail.ts";
import type { StateParts } from "./state-body.ts";
import { TalkLimits } from "./talk-limits.ts";
import { TurnBudget } from "./turn-budget.ts";
import { Turns, type TurnsHost } from "./turns.ts";
import { takeHead } from "./whole-state.ts";

/**
 * A room that runs here: its code, its members, its turns. It knows nothing of who owns what; its cell halts it and lets it
 * run. Turns never overlap: a turn runs to its end before anything else of the room happens.
 */
export class LiveRoom implements FaceHost, TurnsHost {
  readonly key: RoomKey;
  readonly log: Logger;
  readonly turns: Turns;
  readonly #definition: AppDefinition;
  readonly #talk: TalkLimits;
  readonly #host: LiveRoomHost;
  readonly roster: Roster;
  readonly budget = new TurnBudget();
  readonly #outbox: RoomOutbox;
  readonly #journaled: JournaledTurns | undefined;
  readonly tells: RoomTells;
  readonly schedule: RoomSchedule;
  readonly #face: RoomFace;
  readonly #origin: RoomOrigin;
  readonly #room: Room;
  #epoch: Epoch;
  #missedInput = false;

  /** Creates the room's object and restores it. Throws what the room's code throws, or a `RoomgateError` (`bad-state`). */
  constructor(key: RoomKey, definition: AppDefinition, epoch: Epoch, host: LiveRoomHost, from: Origin) {
    this.key = key;
    this.#definition = definition;
    this.#talk = new TalkLimits(definition, host.runtime);
    this.#epoch = epoch;
    this.#host = host;
    this.log = host.log.child({ room: key });
    this.turns = new Turns(this, key, host.marker);
    this.#journaled =
      host.journal &&
      new JournaledTurns(key, host.journal, {
        clockMs: () => this.schedule.timers.clockMs,
        hasTimers: () => this.schedule.timers.size > 0,
        clockNoted: () => this.schedule.timers.clockNoted(),
        // What failed may have taken from its state what its journal still has.
        mustRun: () => this.turns.hasFailed || this.hasBusiness,
        forget: (member) => this.roster.forgetLater(member),
        failed: (error) => this.#host.roomThrew(error),
      });
    // A journaled line goes on across crashes; what is not journaled begins a new one with each.
    this.#outbox = new RoomOutbox(this.#journaled?.isGated ? 1 : epoch, this.budget, this.#journaled?.hold);
    this.#journaled?.emitTo(this.#outbox);
    this.schedule = new RoomSchedule({
      runtime: host.runtime,
      turns: this.turns,
      journaled: this.#journaled,
      counters: host.counters,
      room: () => this.#room,
      isClogged: () => this.isClogged,
      hasSessions: () => this.sessions.size > 0,
      threw: (error) => host.roomThrew(error),
    });
    this.#face = new RoomFace(this, host.server);
    this.tells = new RoomTells(key, {
      runtime: host.runtime,
      journaled: this.#journaled,
      turns: this.turns,
      refusal: (to) => host.tellRefusal(to),
      spend: (bytes) => this.budget.spend("what is told", bytes),
      offer: (to) => host.offerTell(to),
      remind: (from) => host.remindToSettle(from),
      onTell: (from, message) => this.#room.onTell?.(from, message),
      onTellReady: (to) => this.#room.onTellReady?.(to),
    });
    this.roster = new Roster({
      face: this.#face,
      outbox: this.#outbox,
      journaled: this.#journaled,
      counters: host.counters,
      lost: (member) => this.#lost(member),
    });
    this.#origin = new RoomOrigin({
      key,
      face: this.#face,
      outbox: this.#outbox,
      roster: this.roster,
      schedule: this.schedule,
      tells: this.tells,
      journaled: this.#journaled,
      now: () => host.clock.instant(),
    });
    this.#room = this.turns.open(() => {
      const room = createRoom(definition, this.#face);
      this.#origin.restore(room, from);
      return room;
    });
    this.budget.reset();
    this.schedule.begin(definition);
    host.counters.sessions += this.sessions.size;
  }

  get epoch(): Epoch {
    return this.#epoch;
  }

  get sessions(): ReadonlyMap<string, Member> {
    return this.roster.sessions;
  }

  /** Something must be done here though nobody is there: a timer, work, something told that is not heard. */
  get hasBusiness(): boolean {
    return this.schedule.hasBusiness || this.tells.hasWaiting;
  }

  /** Whether it may be let go. */
  get isIdle(): boolean {
    return this.sessions.size === 0 && !this.hasBusiness && !this.tells.isSettling;
  }

  get isClogged(): boolean {
    return this.#journaled?.isClogged === true;
  }

  get journaled(): JournaledTurns | undefined {
    return this.#journaled;
  }

  /** Its gateways, bound and not. */
  get gateways(): ReadonlyMap<GatewayId, GatewayChannel> {
    return this.#outbox.channels;
  }

  /**
   * Records of the journal, in order, before the room runs. Of record `skip` what cannot be done is left out. Throws a `RoomgateError`
   * (`bad-record`) that names the record and why.
   */
  replay(records: Iterable<JournalRecord>, skip: Position | undefined): void {
    const before = this.sessions.size;
    try {
      this.turns.replay(() => this.#origin.replay(this.#room, records, skip));
    } finally {
      this.#host.counters.sessions += this.sessions.size - before;
    }
  }

  /** Turns run from here on, at the head that this server holds; gateways that are bound are told where their sessions stand. */
  run(head: HeadVersion & { readonly mustRun?: boolean }): void {
    this.#epoch = head.epoch;
    this.#journaled?.begin(head);
    this.turns.go();
    this.#rebindAll();
    // Before any turn: what a turn tells is not durable yet.
    this.tells.offerAll();
    this.schedule.interrupt(this.#journaled?.takeInterrupted() ?? []);
    this.schedule.run();
    this.turns.runWaiting();
  }

  /** No turn runs from here on. */
  halt(): void {
    this.schedule.halt();
    if (this.turns.isHalted) return;
    this.turns.halt();
    for (const { link, channel } of this.gateways.values()) link?.flow(channel, this.#epoch, 0);
  }

  /** The room has failed: nothing of it runs again. */
  fail(): void {
    this.turns.fail();
    this.schedule.halt();
  }

  /** Lets go of everything; the room is not used again. */
  dispose(): void {
    this.tells.close();
    this.halt();
    this.#journaled?.stop();
    this.schedule.dispose();
    this.turns.close();
    for (const channel of this.gateways.values()) channel.detach(this.#host.clock.instant());
    this.#host.counters.sessions -= this.sessions.size;
    this.roster.sessions.clear();
    this.#outbox.clear();
  }

  /** The app's state alone. `undefined` if the room has none to give. Throws what the room's code throws. */
  snapshot(): Uint8Array | undefined {
    return takeSnapshot(this.#room);
  }

  /** Everything that the next owner needs. Throws what the room's code throws. */
  wholeState(): StateParts {
    const head = takeHead(this.#outbox, this.roster.nextRef, this.schedule, this.tells.state());
    return { head, app: takeSnapshot(this.#room) };
  }

  /** ROOM-2: tells the gateway where each of its sessions stands, and sends what it has not seen of the line. */
  bind(binding: Binding): GatewayChannel {
    const channel = this.#outbox.channelTo(binding.gateway, this.#host.clock.instant());
    channel.attach(binding.link, binding.channel, this.#epoch, binding.port);
    channel.hold = binding.hold;
    const { from, gap } = this.#outbox.resumeAt(channel, binding.line, binding.seen);
    for (const [number, member] of channel.members) {
      const acked = binding.sessions.get(number);
      if (acked === undefined) this.roster.lose(member);
      else this.roster.believe(member, acked);
      this.#talk.excuse(member);
    }
    this.#sendBound(channel, from, gap, binding.sessions);
    if (!gap) this.#outbox.sendAfter(channel, from);
    this.turns.runWaiting();
    return channel;
  }

  detach(channel: GatewayChannel): void {
    channel.detach(this.#host.clock.instant());
  }

  /** The gateway has no session here any more, or is gone: its sessions leave, as `lost` where they had not left before. */
  gatewayGone(gateway: GatewayId): void {
    const channel = this.gateways.get(gateway);
    if (!channel) return;
    if (this.turns.isHalted) {
      // Its state may be on its way: a member that leaves now would be gone there without a word to the room's code.
      channel.detach(this.#host.clock.instant());
      this.turns.later(() => {
        if (!channel.link) this.#lose(gateway, channel);
      });
      return;
    }
    this.#lose(gateway, channel);
    this.turns.runWaiting();
  }

  #lose(gateway: GatewayId, channel: GatewayChannel): void {
    for (const member of [...channel.members.values()]) this.roster.lose(member);
    channel.detach(this.#host.clock.instant());
    this.#outbox.drop(gateway);
  }

  seen(channel: GatewayChannel, rseq: Rseq): void {
    this.#outbox.seen(channel, rseq);
  }

  join(channel: GatewayChannel, number: SessionNumber, cseq: Cseq, info: JoinInfo): void {
    if (this.#refusesInput()) return;
    const known = channel.members.get(number);
    if (known) {
      this.roster.ackAgain(known, cseq);
      return;
    }
    if (this.sessions.size >= sessionsMaxOf(this.#definition)) {
      channel.link?.closeSession(channel.channel, this.#epoch, number, closeCodes.overloaded, 0, "the room is full");
      return;
    }
    const member = this.roster.admit(channel, number, cseq, info);
    this.schedule.startTicks();
    this.turns.run(() => this.#room.onJoin?.(member, info));
  }

  /** ROOM-1: a message is applied only if its cseq is the session's position plus one. */
  up(channel: GatewayChannel, number: SessionNumber, cseq: Cseq, isText: boolean, payload: Uint8Array): void {
    const member = this.#nextOf(channel, number, cseq);
    if (!member) return;
    this.roster.advance(member, cseq);
    if (member.state === "ended") {
      this.turns.run(nothing);
      return;
    }
    this.#host.counters.messagesUp += 1;
    const refusal = this.#talk.refusal(member, payload.length);
    if (refusal) this.turns.run(() => this.#face.closeMember(member, refusal.code, refusal.reason));
    else this.turns.run(() => this.#room.onMessage(member, new RoomMessage(payload, isText)));
  }

  leave(channel: GatewayChannel, number: SessionNumber, cseq: Cseq, code: number): void {
    const member = this.#nextOf(channel, number, cseq);
    if (!member) return;
    this.roster.advance(member, cseq);
    if (member.state === "ended") {
      this.turns.run(nothing);
      return;
    }
    this.roster.end(member);
    this.turns.run(() => this.#room.onLeave?.(member, { kind: "left", code }));
  }

  /** The member whose stream goes on with `cseq`; `undefined` where there is none, or it is a repetition or a gap. */
  #nextOf(channel: GatewayChannel, number: SessionNumber, cseq: Cseq): Member | undefined {
    if (this.#refusesInput()) return undefined;
    const member = channel.members.get(number);
    if (!member || cseq === member.position + 1) return member;
    this.roster.ackAgain(member, cseq);
    return undefined;
  }

  send(target: Target, data: Data, delivery: SendOptions["delivery"]): void {
    this.#host.counters.messagesDown += 1;
    if (delivery === undefined || delivery === "reliable") {
      const message = this.#outbox.deliver(target, data);
      this.#journaled?.sent(message);
    } else this.#outbox.deliverUnkept(target, delivery === "volatile" ? undefined : delivery.latest, data);
  }

  close(member: Member, code: number, reason: Uint8Array): void {
    const message = this.#outbox.close(member, code, reason);
    this.#journaled?.sent(message);
    this.roster.end(member);
    this.turns.later(() => this.#room.onLeave?.(member, { kind: "closed", code }));
  }

  append(entry: Uint8Array): void {
    if (!this.#journaled || !this.#room.apply) {
      throw new Error("append needs an app whose durability is not memory, and a room with apply");
    }
    this.budget.spend("an entry", entry.length);
    applyLive(this.turns, this.#room, entry);
    this.#journaled.appended(entry);
  }

  turnEnded(): void {
    this.budget.reset();
    this.#journaled?.endTurn();
    if (this.#missedInput && !this.isClogged && !this.turns.isHalted) {
      this.#missedInput = false;
      this.#rebindAll();
    }
  }

  turnFailed(error: unknown): void {
    this.#journaled?.failTurn();
    this.schedule.halt();
    this.#host.roomThrew(error);
  }

  /** Turns have nothing to do with how much the store has taken, but for this bound. */
  releasedSome(): void {
    if (this.turns.isHalted) return;
    if (this.#missedInput) this.turnEnded();
    this.schedule.runWaiting();
  }

  /** STORE-AWAY: a room that holds more than the store has taken takes nothing more in; gateways send it again. */
  #refusesInput(): boolean {
    if (this.turns.isHalted) return true;
    if (!this.isClogged) return false;
    this.#missedInput = true;
    return true;
  }

  #lost(member: Member): void {
    this.turns.later(() => {
      this.#journaled?.ended(member);
      this.#journaled?.forgotten(member);
      return this.#room.onLeave?.(member, { kind: "lost", code: 1006 });
    });
  }

  #rebindAll(): void {
    for (const channel of this.gateways.values()) {
      channel.epoch = this.#epoch;
      const sessions = [...channel.members.keys()].map((number) => [number, 0] as const);
      this.#sendBound(channel, channel.sent, false, sessions);
    }
  }

  #sendBound(
    channel: GatewayChannel,
    rseq: Rseq,
    gap: boolean,
    sessions: Iterable<readonly [SessionNumber, Cseq]>,
  ): void {
    const { line } = this.#outbox;
    sendBound(channel, { epoch: this.#epoch, line, rseq, gap }, sessions, this.#journaled?.isGated === true);
  }
}

const nothing = (): void => {};
