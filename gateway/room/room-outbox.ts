import type { Instant } from "../cluster/watched-time.ts";
import type { Epoch, GatewayId, Rseq } from "../wire/ids.ts";
import { GatewayChannel } from "./gateway-channel.ts";
import { LatestKeys } from "./latest-keys.ts";
import type { Member } from "./member.ts";
import type { Held } from "./output-gate.ts";
import { keepData, viewData } from "./room-message.ts";
import type { Data } from "./sdk.ts";
import { type SentMessage, SentTail, type Target } from "./sent-tail.ts";
import type { TurnBudget } from "./turn-budget.ts";

/** What a room sends: one line of reliable messages for all its gateways, and messages that are not kept. */
export class RoomOutbox {
  /** Names the line: the epoch in which it began. */
  line: Epoch;
  readonly #channels = new Map<GatewayId, GatewayChannel>();
  readonly #latestKeys = new LatestKeys();
  #tail = new SentTail(0);
  #rseq: Rseq = 0;
  /** Up to here messages have left; what is after it waits at the gate. */
  #released: Rseq = 0;
  /** Keeps what is sent until it may leave; without it everything leaves at once. */
  readonly #hold: ((held: Held) => void) | undefined;
  readonly #budget: TurnBudget;

  constructor(line: Epoch, budget: TurnBudget, hold: ((held: Held) => void) | undefined) {
    this.line = line;
    this.#budget = budget;
    this.#hold = hold;
  }

  get rseq(): Rseq {
    return this.#rseq;
  }

  get tail(): SentTail {
    return this.#tail;
  }

  get channels(): ReadonlyMap<GatewayId, GatewayChannel> {
    return this.#channels;
  }

  /** The room at this gateway; begins it where the line stands. */
  channelTo(gateway: GatewayId, now: Instant): GatewayChannel {
    const known = this.#channels.get(gateway);
    if (known) return known;
    const channel = new GatewayChannel(gateway, this.#released, this.#released, now);
    this.#channels.set(gateway, channel);
    return channel;
  }

  drop(gateway: GatewayId): void {
    this.#channels.delete(gateway);
    this.#trim();
  }

  clear(): void {
    this.#channels.clear();
  }

  /** In order, exactly once. */
  deliver(target: Target, data: Data): SentMessage {
    return this.#deliver(target, 0, typeof data === "string", keepData(data));
  }

  /** Closes a member, behind what was sent to it before. */
  close(member: Member, code: number, reason: Uint8Array): SentMessage {
    return this.#deliver({ kind: "one", member }, code, true, reason);
  }

  /** The message leaves. */
  emit(message: SentMessage): void {
    this.#released = message.rseq;
    const { target } = message;
    if (target.kind === "one") target.member.channel.deliver(message);
    else for (const channel of this.#channels.values()) channel.deliver(message);
  }

  /** Sent once or not at all. Without a `latest` key it is volatile. */
  deliverUnkept(target: Target, latest: string | undefined, data: Data): void {
    const isText = typeof data === "string";
    const payload = this.#hold ? keepData(data) : viewData(data);
    this.#budget.spend("a message", payload.length, receiversOf(target));
    if (this.#hold) this.#hold({ kind: "unkept", target, latest, isText, payload });
    else this.emitUnkept(target, latest, isText, payload);
  }

  emitUnkept(target: Target, latest: string | undefined, isText: boolean, payload: Uint8Array): void {
    const latestKey = latest === undefined ? 0 : this.#latestKeys.of(latest);
    if (target.kind === "one") target.member.channel.deliverUnkept(target, latestKey, isText, payload);
    else for (const channel of this.#channels.values()) channel.deliverUnkept(target, latestKey, isText, payload);
  }

  /** RECOVER-4: a message of the journal that cannot be delivered any more, and is left out. Who has not had it has a gap. */
  skipSent(): void {
    this.#rseq += 1;
    this.#released = this.#rseq;
    this.#tail.lose(this.#rseq);
    for (const channel of this.#channels.values()) channel.sent = this.#rseq;
  }

  /** A message of the journal: it has left, or may have. `target` is missing where nobody is left whom it concerned. */
  restoreSent(target: Target | undefined, closeCode: number, isText: boolean, payload: Uint8Array): void {
    this.#rseq += 1;
    this.#released = this.#rseq;
    if (!target) return;
    this.#tail.push({ rseq: this.#rseq, target, closeCode, isText, payload });
    for (const channel of this.#channels.values()) channel.countSent(target, this.#rseq);
  }

  /** Where a gateway that has seen `line` up to `seen` goes on. `gap`: what it misses is not kept any more. */
  resumeAt(channel: GatewayChannel, line: Epoch, seen: Rseq): { readonly from: Rseq; readonly gap: boolean } {
    const continues = line === this.line && seen <= this.#rseq;
    const gap = continues && seen < this.#tail.lostUpTo && channel.sent > seen;
    const from = continues && !gap ? seen : this.#released;
    channel.seen = from;
    return { from, gap };
  }

  /** ROOM-6: what is sent again to all goes to those who were members when it was said. */
  sendAfter(channel: GatewayChannel, rseq: Rseq): void {
    let newest = 0;
    for (const member of channel.members.values()) newest = Math.max(newest, member.joinedAt);
    for (const message of this.#tail.after(rseq)) {
      if (message.rseq > this.#released) return;
      if (message.target.kind === "all" && message.rseq <= newest) {
        const { except } = message.target;
        const isOld = (member: Member): boolean => member.joinedAt < message.rseq && member !== except;
        const members = [...channel.members.values()].filter(isOld);
        channel.deliver({ ...message, target: { kind: "some", members } });
      } else channel.deliver(message);
    }
  }

  seen(channel: GatewayChannel, rseq: Rseq): void {
    if (rseq <= channel.seen || rseq > this.#rseq) return;
    channel.seen = rseq;
    this.#trim();
  }

  /** Goes on where another owner has stopped. */
  restore(line: Epoch, rseq: Rseq, tail: SentTail): void {
    this.line = line;
    this.#rseq = rseq;
    this.#released = rseq;
    this.#tail = tail;
  }

  #deliver(target: Target, closeCode: number, isText: boolean, payload: Uint8Array): SentMessage {
    this.#budget.spend("a message", payload.length, receiversOf(target));
    this.#rseq += 1;
    const message = { rseq: this.#rseq, target, closeCode, isText, payload };
    this.#tail.push(message);
    if (this.#hold) this.#hold({ kind: "message", message });
    else this.emit(message);
    return message;
  }

  #trim(): void {
    let upTo = this.#released;
    for (const channel of this.#channels.values()) upTo = Math.min(upTo, channel.needsAfter(this.#released));
    this.#tail.trim(upTo);
  }
}

function receiversOf(target: Target): number {
  return target.kind === "some" ? target.members.length : 0;
}
