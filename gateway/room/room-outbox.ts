import type { Epoch, GatewayId, Rseq } from "../wire/ids.ts";
import { GatewayChannel } from "./gateway-channel.ts";
import { LatestKeys } from "./latest-keys.ts";
import { SentTail, type Target } from "./sent-tail.ts";

/** What a room sends: one line of reliable messages for all its gateways, and messages that are not kept. */
export class RoomOutbox {
  /** Names the line: the epoch in which it began. */
  line: Epoch;
  readonly #channels = new Map<GatewayId, GatewayChannel>();
  readonly #latestKeys = new LatestKeys();
  #tail = new SentTail(0);
  #rseq: Rseq = 0;

  constructor(line: Epoch) {
    this.line = line;
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
  channelTo(gateway: GatewayId, nowMs: number): GatewayChannel {
    const known = this.#channels.get(gateway);
    if (known) return known;
    const channel = new GatewayChannel(gateway, this.#rseq, this.#rseq, nowMs);
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

  /** In order, exactly once. `payload` is kept: nobody may change it. `closeCode` other than 0 closes the one it is for. */
  deliver(target: Target, closeCode: number, isText: boolean, payload: Uint8Array): void {
    this.#rseq += 1;
    const message = { rseq: this.#rseq, target, closeCode, isText, payload };
    this.#tail.push(message);
    if (target.kind === "one") target.member.channel.deliver(message);
    else for (const channel of this.#channels.values()) channel.deliver(message);
  }

  /** Written at once or not at all. Without a `latest` key it is volatile. */
  deliverUnkept(target: Target, latest: string | undefined, isText: boolean, payload: Uint8Array): void {
    const latestKey = latest === undefined ? 0 : this.#latestKeys.of(latest);
    if (target.kind === "one") target.member.channel.deliverUnkept(target, latestKey, isText, payload);
    else for (const channel of this.#channels.values()) channel.deliverUnkept(target, latestKey, isText, payload);
  }

  /** Where a gateway that has seen `line` up to `seen` goes on. `gap`: what it misses is not kept any more. */
  resumeAt(channel: GatewayChannel, line: Epoch, seen: Rseq): { readonly from: Rseq; readonly gap: boolean } {
    const continues = line === this.line && seen <= this.#rseq;
    const gap = continues && seen < this.#tail.forgottenUpTo && channel.sent > seen;
    const from = continues && !gap ? seen : this.#rseq;
    channel.seen = from;
    return { from, gap };
  }

  sendAfter(channel: GatewayChannel, rseq: Rseq): void {
    for (const message of this.#tail.after(rseq)) channel.deliver(message);
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
    this.#tail = tail;
  }

  #trim(): void {
    let upTo = this.#rseq;
    for (const channel of this.#channels.values()) upTo = Math.min(upTo, channel.needsAfter(this.#rseq));
    this.#tail.trim(upTo);
  }
}
