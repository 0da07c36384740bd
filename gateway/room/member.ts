import type { Cseq, GatewayId, SessionNumber } from "../wire/ids.ts";
import { makeSessionId } from "../wire/ids.ts";
import type { GatewayChannel } from "./gateway-channel.ts";
import type { Data, SendOptions, Session } from "./sdk.ts";

/** What a member's calls turn into; the live room carries them out. */
export interface MemberHost {
  sendTo(member: Member, data: Data, options: SendOptions | undefined): void;
  closeMember(member: Member, code: number, reason: string): void;
}

/** A session as its room sees it: the public face and the bookkeeping behind it. */
export class Member implements Session {
  readonly id: string;
  readonly gateway: GatewayId;
  readonly number: SessionNumber;
  readonly query: string;
  readonly protocol: string;
  attachment: unknown = undefined;
  /** Highest cseq that was applied. */
  position: Cseq;
  /** `ended`: no longer a session of the room; kept until the gateway has heard all of it. */
  state: "member" | "ended" = "member";
  /** The room at its gateway. */
  readonly channel: GatewayChannel;
  /** Place among the acks that the channel is about to send; -1: none. */
  ackSlot = -1;
  readonly #host: MemberHost;

  constructor(
    host: MemberHost,
    channel: GatewayChannel,
    identity: { number: SessionNumber; query: string; protocol: string; position: Cseq },
  ) {
    this.#host = host;
    this.channel = channel;
    this.gateway = channel.gateway;
    this.id = makeSessionId(channel.gateway, identity.number);
    this.number = identity.number;
    this.query = identity.query;
    this.protocol = identity.protocol;
    this.position = identity.position;
  }

  send(data: Data, options?: SendOptions): void {
    this.#host.sendTo(this, data, options);
  }

  close(code = 1000, reason = ""): void {
    this.#host.closeMember(this, code, reason);
  }
}
