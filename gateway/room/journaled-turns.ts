import type { Head, HeadVersion, Position } from "../store/port.ts";
import type { RoomKey } from "../wire/ids.ts";
import type { Runtime } from "../wire/runtime.ts";
import type { Committer } from "./committer.ts";
import type { Member } from "./member.ts";
import { type Held, OutputGate } from "./output-gate.ts";
import type { RecordWriter } from "./record-writer.ts";
import { pendingBytesMax, RoomJournal } from "./room-journal.ts";
import type { RoomOutbox } from "./room-outbox.ts";
import type { SentMessage } from "./sent-tail.ts";

/** How a room is journaled, and who hears of it. */
export interface JournalSetting {
  readonly committer: Committer;
  readonly runtime: Runtime;
  /** `undefined`: nothing leaves before it is durable. Otherwise it leaves at once, and is gathered for this long. */
  readonly intervalMs: number | undefined;
  fenced(head: Head | undefined): void;
  /** Something became durable. */
  durable(): void;
}

/** What its room gives it besides. */
export interface JournaledRoom {
  /** The room's clock. */
  clockMs(): number;
  hasTimers(): boolean;
  /** A record with that clock in it is about to be written. */
  clockNoted(): void;
  /** Something must be done though nobody is there. */
  mustRun(): boolean;
  /** A member has ended, and everybody may know. */
  forget(member: Member): void;
  /** What is durable could not be said. */
  failed(error: unknown): void;
}

const timerRider = (name: string): string => `timer ${name}`;

const ridersMax = 256;

/**
 * What turns of a journaled room write down, and the gate in front of what they say. COMMIT-8: a turn that appends, sends reliably, tells,
 * hears, lets somebody in or out, sets an attachment, or changes timers or work has a record; others do not. What promises nothing to
 * anybody (a session that is forgotten, a line that is settled) rides along, in front of what comes behind it.
 */
export class JournaledTurns {
  /** Keeps something until its turn is durable; missing where things leave at once. */
  readonly hold: ((held: Held) => void) | undefined;
  /** Work that was under way at an owner that is gone. */
  readonly works = new Set<string>();
  readonly #key: RoomKey;
  readonly #setting: JournalSetting;
  readonly #room: JournaledRoom;
  readonly #riders = new Map<string, () => void>();
  #outbox: RoomOutbox | undefined;
  #gate: OutputGate | undefined;
  #journal: RoomJournal | undefined;
  #advanced: Member | undefined;
  #since = { bytes: 0, records: 0 };

  constructor(key: RoomKey, setting: JournalSetting, room: JournaledRoom) {
    this.#key = key;
    this.#setting = setting;
    this.#room = room;
    if (setting.intervalMs === undefined) this.hold = (held) => this.#gate?.hold(held);
  }

  /** Nothing of a turn leaves before it is durable. */
  get isGated(): boolean {
    return this.hold !== undefined;
  }

  /** The store has so much left to take that the room stands still. */
  get isClogged(): boolean {
    return this.#journal !== undefined && this.#journal.pendingBytes > pendingBytesMax;
  }

  get head(): HeadVersion | undefined {
    return this.#journal?.head;
  }

  get journal(): RoomJournal | undefined {
    return this.#journal;
  }

  emitTo(outbox: RoomOutbox): void {
    this.#outbox = outbox;
  }

  /** Records that a recovery has read behind the last snapshot. */
  countSince(bytes: number, records: number): void {
    this.#since = { bytes: this.#since.bytes + bytes, records: this.#since.records + records };
  }

  /** Writes behind `head` from here on. */
  begin(head: HeadVersion & { readonly mustRun?: boolean }): void {
    if (this.#journal) {
      if (head.epoch > this.#journal.head.epoch) this.#journal.rebase(head);
      return;
    }
    const { committer, runtime, intervalMs } = this.#setting;
    this.#gate = new OutputGate(head.tail, (held) => this.#emit(held));
    this.#journal = new RoomJournal(
      this.#key,
      head,
      committer,
      runtime,
      { intervalMs: intervalMs ?? 0 },
      {
        opened: () => this.#writeRiders(),
        sealing: (writer) => this.#sealing(writer),
        mustRun: () => this.#room.mustRun(),
        failed: (error) => this.#room.failed(error),
        durable: (record) => this.#durable(record),
        fenced: (found) => this.#setting.fenced(found),
      },
    );
    this.#journal.countSince(this.#since.bytes, this.#since.records);
  }

  takeInterrupted(): string[] {
    const names = [...this.works];
    this.works.clear();
    return names;
  }

  // ---- what turns do ----

  joined(member: Member): void {
    const { ref, number, position, gateway, protocol } = member;
    this.#writer?.join(ref, number, position, gateway, protocol);
  }

  /** The member's stream goes on with this turn. Written only if the turn has a record: an ack of any other carries no promise. */
  advanced(member: Member): void {
    this.#advanced = member;
  }

  ended(member: Member): void {
    this.#writer?.end(member.ref, member.position);
  }

  forgotten(member: Member): void {
    this.#ride(`session ${member.ref}`, () => this.#writer?.forget(member.ref));
  }

  appended(entry: Uint8Array): void {
    this.#writer?.entry(entry);
  }

  sent({ target, closeCode, isText, payload }: SentMessage): void {
    const message = { closeCode, isText, payload };
    if (target.kind === "all") {
      const except = target.except;
      if (except) this.#writer?.sent({ target: "except", refs: [except.ref], ...message });
      else this.#writer?.sent({ target: "all", refs: [], ...message });
    } else if (target.kind === "one") this.#writer?.sent({ target: "one", refs: [target.member.ref], ...message });
    else this.#writer?.sent({ target: "some", refs: target.members.map(({ ref }) => ref), ...message });
  }

  attachmentSet(member: Member): void {
    this.#writer?.attachment(member.ref, member.kept.bytes);
  }

  timerSet(name: string, dueMs: number): void {
    // While the room is being created there is nothing to write to: it goes with the first record.
    if (this.#writer) this.#writer.timerSet(name, dueMs);
    else this.#ride(timerRider(name), () => this.#writer?.timerSet(name, dueMs));
  }

  timerOver(name: string): void {
    if (this.#writer) this.#writer.timerOver(name);
    else this.#riders.delete(timerRider(name));
  }

  /** What was set while the room was created does not count: it was there before, with timers of its own. */
  forgetCreation(): void {
    this.#riders.clear();
  }

  workBegun(name: string): void {
    this.#writer?.workBegun(name);
  }

  workOver(name: string): void {
    this.#writer?.workOver(name);
  }

  tell(room: string, number: number, isText: boolean, bytes: Uint8Array): void {
    this.#writer?.tell(room, number, isText, bytes);
  }

  told(room: string, number: number): void {
    this.#ride(`told ${room}`, () => this.#writer?.told(room, number));
  }

  heard(room: string, line: number, number: number): void {
    this.#writer?.heard(room, line, number);
  }

  settled(room: string): void {
    this.#ride(`settled ${room}`, () => this.#writer?.settled(room));
  }

  tellRefused(room: string): void {
    this.#writer?.tellRefused(room);
  }

  tellReady(room: string): void {
    this.#writer?.tellReady(room);
  }

  // ---- their ends ----

  endTurn(): void {
    const advanced = this.#advanced;
    this.#advanced = undefined;
    if (!this.#journal) return;
    const { writer } = this.#journal;
    if (writer.hasTurn && advanced) writer.position(advanced.ref, advanced.position);
    this.#gate?.endTurn(this.#journal.endTurn());
  }

  failTurn(): void {
    this.#advanced = undefined;
    this.#writer?.failTurn();
    this.#gate?.failTurn();
  }

  /** Outside of a turn: records how far the room's clock has come, and whatever rides. Answers whether there is anything to record to. */
  noteClock(): boolean {
    if (!this.#journal) return false;
    this.#journal.writer.clock(this.#room.clockMs());
    this.#gate?.endTurn(this.#journal.endTurn());
    return true;
  }

  /** Outside of a turn: appends something and calls `task` when that is durable. Only the room's owner gets there. */
  prove(task: () => void): void {
    this.#gate?.hold({ kind: "call", task });
    this.noteClock();
  }

  /** Calls `task` once everything is durable and said. Not, if the room is lost before. */
  whenQuiet(task: () => void): void {
    if (this.#journal) this.#journal.whenDurable(this.#flush(this.#journal), task);
    else task();
  }

  /** Before the room is let go: the same, but called also when the room is lost. */
  whenSettled(task: () => void): void {
    if (!this.#journal) {
      task();
      return;
    }
    this.#journal.whenAllSettled(this.#flush(this.#journal), task);
  }

  #flush(journal: RoomJournal): Position {
    if (this.#riders.size > 0) journal.writer.open();
    this.#gate?.endTurn(journal.endTurn());
    return journal.flush();
  }

  stop(): void {
    this.#journal?.stop();
  }

  get #writer() {
    return this.#journal?.writer;
  }

  /** Into the record that is begun, or in front of the next; there a later change of the same thing replaces the one before. */
  #ride(what: string, write: () => void): void {
    const writer = this.#writer;
    if (writer && writer.length > 0) writer.between(write);
    else this.#riders.set(what, write);
    if (this.#riders.size <= ridersMax || !this.#journal) return;
    this.#journal.writer.open();
    this.#journal.flush();
  }

  #writeRiders(): void {
    if (this.#riders.size === 0) return;
    const riders = [...this.#riders.values()];
    this.#riders.clear();
    for (const write of riders) write();
  }

  #sealing(writer: RecordWriter): void {
    if (!this.#room.hasTimers()) return;
    writer.clock(this.#room.clockMs());
    this.#room.clockNoted();
  }

  #durable(record: Position): void {
    this.#gate?.release(record);
    this.#setting.durable();
  }

  #emit(held: Held): void {
    switch (held.kind) {
      case "message":
        this.#outbox?.emit(held.message);
        return;
      case "unkept":
        this.#outbox?.emitUnkept(held.target, held.latest, held.isText, held.payload);
        return;
      case "ack":
        held.member.channel.ack(held.member, held.cseq);
        return;
      case "forget":
        this.#room.forget(held.member);
        return;
      case "call":
        held.task();
        return;
    }
  }
}

/** As {@link JournaledTurns.whenQuiet}; at once for a room without a journal. */
export function whenQuiet(journaled: JournaledTurns | undefined, task: () => void): void {
  if (journaled) journaled.whenQuiet(task);
  else task();
}

/** As {@link JournaledTurns.whenSettled}; at once for a room without a journal. */
export function whenSettled(journaled: JournaledTurns | undefined, task: () => void): void {
  if (journaled) journaled.whenSettled(task);
  else task();
}
