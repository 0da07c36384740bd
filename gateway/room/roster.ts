import type { JoinInfo } from "../wire/control.ts";
import { RoomgateError } from "../wire/errors.ts";
import type { Cseq, SessionNumber } from "../wire/ids.ts";
import { type Attachment, attachmentsBytesMax } from "./attachment.ts";
import type { GatewayChannel } from "./gateway-channel.ts";
import type { JournaledTurns } from "./journaled-turns.ts";
import { Member, type MemberHost } from "./member.ts";
import type { RoomOutbox } from "./room-outbox.ts";
import type { ServerCounters } from "./server-counters.ts";

export interface RosterSetting {
  readonly face: MemberHost;
  readonly outbox: RoomOutbox;
  readonly journaled: JournaledTurns | undefined;
  readonly counters: ServerCounters;
  /** Runs later, as a turn: nobody continues the member's stream. */
  lost(member: Member): void;
}

/** Who is in a room, how far each one's stream was applied, and what of it may be acknowledged. */
export class Roster {
  readonly sessions = new Map<string, Member>();
  /** The next session's name in the journal. */
  nextRef = 1;
  readonly #setting: RosterSetting;
  /** Of all sessions' attachments; `undefined`: to be counted, since sessions came from elsewhere. */
  #attachmentsBytes: number | undefined = undefined;

  constructor(setting: RosterSetting) {
    this.#setting = setting;
  }

  /** ROOM-40: of what the client has asked with only the protocol stays. */
  admit(channel: GatewayChannel, number: SessionNumber, cseq: Cseq, { protocol }: JoinInfo): Member {
    const { face, outbox, journaled, counters } = this.#setting;
    const ref = journaled ? this.nextRef++ : 0;
    const member = new Member(face, channel, { number, ref, protocol, position: cseq, joinedAt: outbox.rseq });
    // Not before its join is durable: its gateway forgets what it is told.
    if (journaled?.isGated) member.acked = 0;
    channel.members.set(number, member);
    this.sessions.set(member.id, member);
    counters.sessions += 1;
    journaled?.joined(member);
    this.ack(member, cseq);
    return member;
  }

  /** Sessions were put in from a state or a journal. */
  restored(): void {
    this.#attachmentsBytes = undefined;
  }

  /** ROOM-41: so much at most that a state of the room can hold it. Throws a `RoomgateError` (`attachments-too-big`) otherwise. */
  attach(member: Member, attachment: Attachment): void {
    if (member.state === "ended") {
      member.kept = attachment;
      return;
    }
    this.#attachmentsBytes ??= [...this.sessions.values()].reduce((sum, { kept }) => sum + kept.bytes.length, 0);
    const bytes = this.#attachmentsBytes - member.kept.bytes.length + attachment.bytes.length;
    if (bytes > attachmentsBytesMax && attachment.bytes.length > member.kept.bytes.length) {
      throw new RoomgateError(
        "attachments-too-big",
        `with ${attachment.bytes.length} bytes for session ${member.id} the room's attachments take ${bytes} bytes, at most ${attachmentsBytesMax} are allowed`,
      );
    }
    this.#attachmentsBytes = bytes;
    member.kept = attachment;
    this.#setting.journaled?.attachmentSet(member);
  }

  /** What the member has said goes on; acknowledged with its turn. */
  advance(member: Member, cseq: Cseq): void {
    member.position = cseq;
    this.ack(member, cseq);
    this.#setting.journaled?.advanced(member);
  }

  /** ROOM-3: what the gateway calls acknowledged is applied, even where this server has not heard so. */
  believe(member: Member, acked: Cseq): void {
    if (acked <= member.position) return;
    member.position = acked;
    member.acked = acked;
  }

  ack(member: Member, cseq: Cseq): void {
    const hold = this.#setting.journaled?.hold;
    if (hold) hold({ kind: "ack", member, cseq });
    else member.channel.ack(member, cseq);
  }

  /** A repetition: acknowledged as far as it may be. */
  ackAgain(member: Member, cseq: Cseq): void {
    if (cseq <= member.acked) member.channel.ack(member, member.acked);
  }

  /** The member is out at once; it is kept in mind until its gateway knows. */
  end(member: Member): void {
    this.#takeOut(member);
    const { journaled } = this.#setting;
    journaled?.ended(member);
    if (journaled?.hold) journaled.hold({ kind: "forget", member });
    else this.forgetLater(member);
  }

  forgetLater(member: Member): void {
    member.channel.forgetWhenHeard(member, () => this.#setting.journaled?.forgotten(member));
  }

  /** Nobody will continue this session's stream. */
  lose(member: Member): void {
    const { journaled } = this.#setting;
    member.channel.members.delete(member.number);
    if (member.state === "ended") journaled?.forgotten(member);
    else {
      this.#takeOut(member);
      this.#setting.lost(member);
    }
  }

  #takeOut(member: Member): void {
    member.state = "ended";
    if (this.#attachmentsBytes !== undefined) this.#attachmentsBytes -= member.kept.bytes.length;
    this.sessions.delete(member.id);
    this.#setting.counters.sessions -= 1;
  }
}
