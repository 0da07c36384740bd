import type { Instant } from "../cluster/watched-time.ts";
import type { DeliveryClass } from "../wire/frames.ts";
import type { Channel, Cseq, Epoch, GatewayId, Rseq, SessionNumber } from "../wire/ids.ts";
import type { TrunkLink } from "../wire/link.ts";
import type { Member } from "./member.ts";
import type { SentMessage, Target } from "./sent-tail.ts";

/** Above this much unsent on the trunk, volatile messages are dropped and of latest ones only the newest is kept. */
export const pressureBytes = 1024 * 1024;
/** Keys and receivers of latest messages that wait for one trunk. */
const latestSlotsMax = 4_096;

/** A gateway's trunk, as its channels see it. */
export interface ChannelPort {
  /** The channel has acks to send with the next batch. */
  markDirty(channel: GatewayChannel): void;
  /** The channel keeps messages until the trunk has drained: `flushLatest` is to be called then. */
  awaitDrain(channel: GatewayChannel): void;
  /** The channel number is over: later frames of it are dropped. */
  forget(channel: Channel): void;
}

/** What a gateway may keep of a session whose room has no owner: its configuration need not be that of this server. */
export interface GatewayHold {
  readonly framesMax: number;
  readonly ms: number;
}

/** One room at one gateway: what goes down, and which acks go with it. Outlives the trunk; while that is away, nothing is written. */
export class GatewayChannel {
  readonly gateway: GatewayId;
  /** All members of this gateway, also ended ones, by their number. */
  readonly members = new Map<SessionNumber, Member>();
  epoch: Epoch = 0;
  /** The gateway has all reliable messages up to here. */
  seen: Rseq;
  /** Last reliable message that was meant for this gateway. */
  sent: Rseq;
  /** As it said with its last `bind` here. */
  hold: GatewayHold = { framesMax: 0, ms: 0 };
  /** When the trunk went away, or the room came here without it. */
  detachedAt: Instant;
  #link: TrunkLink | undefined;
  #channel: Channel = 0;
  #port: ChannelPort | undefined;
  #isDirty = false;
  /** The acks hold one of a join. */
  #announces = false;
  #acks: number[] = [];
  #acked: Member[] = [];
  /** By key and receivers, oldest first. */
  readonly #latest = new Map<string, () => void>();

  constructor(gateway: GatewayId, seen: Rseq, sent: Rseq, now: Instant) {
    this.gateway = gateway;
    this.seen = seen;
    this.sent = sent;
    this.detachedAt = now;
  }

  get link(): TrunkLink | undefined {
    return this.#link;
  }

  get channel(): Channel {
    return this.#channel;
  }

  attach(link: TrunkLink, channel: Channel, epoch: Epoch, port: ChannelPort): void {
    this.#forgetPending();
    this.#link = link;
    this.#channel = channel;
    this.#port = port;
    this.epoch = epoch;
  }

  detach(now: Instant): void {
    this.#forgetPending();
    this.#link = undefined;
    this.#port = undefined;
    this.detachedAt = now;
  }

  /**
   * ROOM-5: a session that has ended is forgotten only when its gateway knows so: until then it may ask for it again, and must not
   * be taken for a new one. Where the trunk goes away before, the gateway's next `bind` tells which it still has.
   */
  forgetWhenHeard(member: Member, forgotten: (member: Member) => void): void {
    this.#link?.whenHeard(() => {
      if (this.members.get(member.number) !== member) return;
      this.members.delete(member.number);
      forgotten(member);
    });
  }

  /** How far this gateway lets the tail be forgotten, where the line stands at `rseq`. */
  needsAfter(rseq: Rseq): Rseq {
    return this.seen >= this.sent ? rseq : this.seen;
  }

  /** Everything of the member up to `cseq` is acknowledged with the next batch; several in one batch are one pair. */
  ack(member: Member, cseq: Cseq): void {
    member.acked = cseq;
    if (!this.#link) return;
    if (!member.isAnnounced) this.#announces = true;
    if (member.ackSlot >= 0) {
      this.#acks[member.ackSlot] = cseq;
      return;
    }
    this.#acks.push(member.number, cseq);
    member.ackSlot = this.#acks.length - 1;
    this.#acked.push(member);
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.#port?.markDirty(this);
  }

  /** Without delay: the gateway shows a session nothing that comes before the ack of its join. */
  #announceJoins(): void {
    if (this.#announces) this.flushAcks();
  }

  flushAcks(): void {
    if (this.#link && this.#acks.length > 0) this.#link.ack(this.#channel, this.epoch, this.#acks);
    this.#forgetAcks();
  }

  /** Sends a reliable message, if it concerns this gateway. */
  deliver(message: SentMessage): void {
    this.#announceJoins();
    const { rseq, target, isText, payload, closeCode } = message;
    if (closeCode !== 0) {
      if (target.kind !== "one" || target.member.gateway !== this.gateway) return;
      this.sent = rseq;
      const reason = new TextDecoder().decode(payload);
      this.#link?.closeSession(this.#channel, this.epoch, target.member.number, closeCode, rseq, reason);
      return;
    }
    if (this.#write(target, "reliable", 0, rseq, isText, payload)) this.sent = rseq;
  }

  /** Sends a message that is not kept. `latestKey` 0: volatile. */
  deliverUnkept(target: Target, latestKey: number, isText: boolean, payload: Uint8Array): void {
    if (!this.#link) return;
    this.#announceJoins();
    const delivery = latestKey === 0 ? "volatile" : "latest";
    const isPressed = this.#link.bufferedBytes > pressureBytes;
    if (latestKey !== 0 && (isPressed || this.#latest.size > 0)) {
      const slot = `${latestKey}:${this.#receiversOf(target)}`;
      const isNewSlot = !this.#latest.delete(slot);
      if (isPressed) {
        if (isNewSlot && this.#latest.size >= latestSlotsMax) return;
        if (this.#latest.size === 0) this.#port?.awaitDrain(this);
        const kept = payload.slice();
        this.#latest.set(slot, () => this.#write(target, "latest", latestKey, 0, isText, kept));
        return;
      }
      // What waits is older: for receivers that both are for it must not come behind.
      this.flushLatest();
    }
    if (!isPressed) this.#write(target, delivery, latestKey, 0, isText, payload);
  }

  /** The trunk has drained: what waited as newest goes out. */
  flushLatest(): void {
    if (this.#latest.size === 0) return;
    const waiting = [...this.#latest.values()];
    this.#latest.clear();
    for (const write of waiting) write();
  }

  /** Notes that a message was meant for this gateway, if it was. */
  countSent(target: Target, rseq: Rseq): void {
    const members = target.kind === "one" ? [target.member] : target.kind === "some" ? target.members : undefined;
    if (!members || members.some((member) => member.channel === this)) this.sent = rseq;
  }

  /** Ends all sessions of the room at this gateway. */
  closeAll(code: number, reason: string): void {
    this.#link?.closeSession(this.#channel, this.epoch, 0, code, 0, reason);
  }

  /** Names those of this gateway that `target` is for. */
  #receiversOf(target: Target): string {
    if (target.kind === "one") return String(target.member.number);
    if (target.kind === "all") return `all but ${target.except?.channel === this ? target.except.number : 0}`;
    const numbers = target.members.flatMap(({ channel, number }) => (channel === this ? [number] : []));
    return `some ${numbers.sort((one, other) => one - other)}`;
  }

  #forgetPending(): void {
    this.#port?.forget(this.#channel);
    this.#forgetAcks();
    this.#latest.clear();
  }

  #forgetAcks(): void {
    this.#isDirty = false;
    this.#announces = false;
    if (this.#acks.length === 0) return;
    for (const member of this.#acked) {
      member.ackSlot = -1;
      member.isAnnounced = true;
    }
    this.#acks = [];
    this.#acked = [];
  }

  /** Whether it concerns this gateway; written only while its trunk is here. */
  #write(
    target: Target,
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): boolean {
    const { epoch, gateway } = this;
    const link = this.#link;
    const channel = this.#channel;
    if (target.kind === "one") {
      if (target.member.gateway !== gateway) return false;
      link?.down(channel, epoch, target.member.number, delivery, latestKey, rseq, isText, payload);
      return true;
    }
    if (target.kind === "all") {
      const except = target.except?.gateway === gateway ? target.except.number : 0;
      link?.broadcast(channel, epoch, except, delivery, latestKey, rseq, isText, payload);
      return true;
    }
    const numbers: SessionNumber[] = [];
    for (const member of target.members) if (member.gateway === gateway) numbers.push(member.number);
    if (numbers.length === 0) return false;
    link?.multicast(channel, epoch, numbers, delivery, latestKey, rseq, isText, payload);
    return true;
  }
}
