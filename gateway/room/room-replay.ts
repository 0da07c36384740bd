import type { Instant } from "../cluster/watched-time.ts";
import { RoomgateError } from "../wire/errors.ts";
import { payloadBytesMax } from "../wire/frame-layout.ts";
import { parseGatewayId } from "../wire/ids.ts";
import { Attachment } from "./attachment.ts";
import { Member, type MemberHost } from "./member.ts";
import type { RecordHandler, SentOp } from "./record-ops.ts";
import { applyEntry } from "./room-code.ts";
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

/** A message that was durable before what a frame carries was checked, or while it was more. */
export function undeliverable(bytes: number): RoomgateError {
  return new RoomgateError(
    "undeliverable",
    `a message of ${bytes} bytes cannot be delivered, at most ${payloadBytesMax} can`,
  );
}

/** RECOVER-1: does to a room what its journal says was done, in the same order; nothing is sent. */
export class RoomReplay implements RecordHandler {
  highestRef = 0;
  /** RECOVER-4: by an operator's word what cannot be done of the present record is left out. */
  isSkipping = false;
  skipped = 0;
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
    try {
      applyEntry(this.#to.room, bytes);
    } catch (error) {
      this.#skipOrThrow(error);
    }
  }

  sent(op: SentOp): void {
    const { outbox, continuesLine } = this.#to;
    if (!continuesLine) return;
    if (op.payload.length > payloadBytesMax) {
      this.#skipOrThrow(undeliverable(op.payload.length));
      outbox.skipSent();
      return;
    }
    // A copy: the record that it is a part of is not kept.
    outbox.restoreSent(this.#target(op), op.closeCode, op.isText, op.payload.slice());
  }

  timerSet(name: string, dueMs: number): void {
    this.#to.timers.setDue(name, dueMs);
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

  heard(room: string, line: number, number: number): void {
    this.#to.tells.replayHeard(room, line, number);
  }

  settled(room: string): void {
    this.#to.tells.replaySettled(room);
  }

  tellRefused(room: string): void {
    this.#to.tells.replayRefused(room);
  }

  tellReady(room: string): void {
    this.#to.tells.replayReady(room);
  }

  clock(roomMs: number): void {
    this.#to.timers.advanceClock(roomMs);
  }

  #skipOrThrow(error: unknown): void {
    if (!this.isSkipping) throw error;
    this.skipped += 1;
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
