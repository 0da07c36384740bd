import type { Instant } from "../cluster/watched-time.ts";
import { RoomgateError } from "../wire/errors.ts";
import { parseGatewayId } from "../wire/ids.ts";
import { Attachment } from "./attachment.ts";
import { Member, type MemberHost } from "./member.ts";
import type { RecordHandler, SentOp } from "./record-ops.ts";
import type { RoomOutbox } from "./room-outbox.ts";
import type { RoomTells } from "./room-tells.ts";
import type { RoomTimers } from "./room-timers.ts";
import type { Room } from "./sdk.ts";
import type { Target } from "./sent-tail.ts";

export interface ReplayTarget {
  readonly face: MemberHost;
  readonly room: Room;
  readonly outbox: RoomOutbox;
  /** Whether the line of messages goes on from the journal. */
  readonly continuesLine: boolean;
  readonly sessions: Map<string, Member>;
  readonly timers: RoomTimers;
  readonly works: Set<string>;
  readonly tells: RoomTells;
  readonly now: Instant;
}

/** RECOVER-1: does to a room what its journal says was done, in the same order; nothing is sent. */
export class RoomReplay implements RecordHandler {
  highestRef = 0;
  readonly #to: ReplayTarget;
  /** By their names in the journal; ended ones too, until they are forgotten. */
  readonly #members = new Map<number, Member>();

  constructor(to: ReplayTarget) {
    this.#to = to;
    for (const channel of to.outbox.channels.values()) {
      for (const member of channel.members.values()) this.#members.set(member.ref, member);
    }
  }

  join(ref: number, number: number, cseq: number, gateway: string, protocol: string): void {
    const id = parseGatewayId(gateway);
    if (id === undefined) throw new RoomgateError("bad-record", "a journal record names no gateway");
    const { face, outbox, sessions, now } = this.#to;
    const channel = outbox.channelTo(id, now);
    const joinedAt = outbox.rseq;
    const member = new Member(face, channel, { ref, number, protocol, position: cseq, joinedAt });
    channel.members.set(number, member);
    sessions.set(member.id, member);
    this.#members.set(ref, member);
    this.highestRef = Math.max(this.highestRef, ref);
  }

  position(ref: number, cseq: number): void {
    const member = this.#members.get(ref);
    if (!member) return;
    member.position = cseq;
    member.acked = cseq;
  }

  end(ref: number, cseq: number): void {
    const member = this.#members.get(ref);
    if (!member) return;
    this.position(ref, cseq);
    member.state = "ended";
    this.#to.sessions.delete(member.id);
  }

  forget(ref: number): void {
    const member = this.#members.get(ref);
    if (!member) return;
    this.#members.delete(ref);
    if (member.channel.members.get(member.number) === member) member.channel.members.delete(member.number);
  }

  attachment(ref: number, bytes: Uint8Array): void {
    // A copy: the record that it is a part of is not kept.
    const attachment = Attachment.read(bytes.slice());
    if (attachment === undefined)
      throw new RoomgateError("bad-record", "a journal record has an attachment that is none");
    const member = this.#members.get(ref);
    if (member) member.kept = attachment;
  }

  entry(bytes: Uint8Array): void {
    this.#to.room.apply?.(bytes);
  }

  sent(op: SentOp): void {
    const { outbox, continuesLine } = this.#to;
    // A copy: the record that it is a part of is not kept.
    if (continuesLine) outbox.restoreSent(this.#target(op), op.closeCode, op.isText, op.payload.slice());
  }

  timerSet(name: string, delayMs: number): void {
    this.#to.timers.set(name, delayMs);
  }

  timerOver(name: string): void {
    this.#to.timers.clear(name);
  }

  workBegun(name: string): void {
    this.#to.works.add(name);
  }

  workOver(name: string): void {
    this.#to.works.delete(name);
  }

  tell(room: string, number: number, isText: boolean, bytes: Uint8Array): void {
    this.#to.tells.replayTell(room, number, isText, bytes);
  }

  told(room: string, number: number): void {
    this.#to.tells.replayTold(room, number);
  }

  heard(room: string, number: number): void {
    this.#to.tells.replayHeard(room, number);
  }

  #target({ target, refs }: SentOp): Target | undefined {
    if (target === "all") return { kind: "all", except: undefined };
    if (target === "except") return { kind: "all", except: this.#members.get(refs[0] ?? 0) };
    const some = refs.map((ref) => this.#members.get(ref)).filter((member) => member !== undefined);
    const [only] = some;
    if (!only) return undefined;
    return some.length === 1 ? { kind: "one", member: only } : { kind: "some", members: some };
  }
}
