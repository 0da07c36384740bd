import type { Cseq, GatewayId, Rseq, SessionNumber } from "../wire/ids.ts";
import { makeSessionId } from "../wire/ids.ts";
import { Attachment } from "./attachment.ts";
import type { GatewayChannel } from "./gateway-channel.ts";
import type { Data, SendOptions, Session } from "./sdk.ts";

/** What a member's calls turn into. */
export interface MemberHost {
  sendTo(member: Member, data: Data, options: SendOptions | undefined): void;
  closeMember(member: Member, code: number, reason: string): void;
  /** Keeps the value, or throws. */
  attach(member: Member, value: unknown): void;
}

export interface MemberIdentity {
  readonly number: SessionNumber;
  readonly protocol: string;
  /** Highest cseq that was applied. */
  readonly position: Cseq;
  /** Names the session in the room's journal; 0 where there is none. */
  readonly ref: number;
  /** Where the room's line stood when it joined: what was sent to all before is not for it. */
  readonly joinedAt: Rseq;
}

/** A session as its room sees it: the public face and the bookkeeping behind it. */
export class Member implements Session {
  readonly id: string;
  readonly gateway: GatewayId;
  readonly number: SessionNumber;
  readonly protocol: string;
  readonly ref: number;
  readonly joinedAt: Rseq;
  /** Highest cseq that was applied. */
  position: Cseq;
  /** Highest cseq that was acknowledged, or may be: behind `position` while its record is not durable. */
  acked: Cseq;
  /** `ended`: no longer a session of the room; kept until the gateway has heard all of it. */
  state: "member" | "ended" = "member";
  /** The room at its gateway. */
  readonly channel: GatewayChannel;
  /** Its gateway has been told that it is in. */
  isAnnounced = false;
  /** Place among the acks that the channel is about to send; -1: none. */
  ackSlot = -1;
  /** What the room has of it by value. */
  kept: Attachment = Attachment.none;
  readonly #host: MemberHost;

  constructor(host: MemberHost, channel: GatewayChannel, identity: MemberIdentity) {
    this.#host = host;
    this.channel = channel;
    this.gateway = channel.gateway;
    this.id = makeSessionId(channel.gateway, identity.number);
    this.number = identity.number;
    this.protocol = identity.protocol;
    this.ref = identity.ref;
    this.joinedAt = identity.joinedAt;
    this.position = identity.position;
    this.acked = identity.position;
  }

  get attachment(): unknown {
    return this.kept.value;
  }

  set attachment(value: unknown) {
    this.#host.attach(this, value);
  }

  send(data: Data, options?: SendOptions): void {
    this.#host.sendTo(this, data, options);
  }

  close(code = 1000, reason = ""): void {
    this.#host.closeMember(this, code, reason);
  }
}
