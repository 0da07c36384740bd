import type { JoinRequest, LeaveReason, Message, Room, RoomContext, Session, WorkOutcome } from "roomgate/room";
import type { CompactBeside } from "./compaction.ts";
import { DocumentLog } from "./document-log.ts";
import { MessageAllowance } from "./message-allowance.ts";
import { Presence } from "./presence.ts";
import {
  decodeUp,
  encodeAnswer,
  encodeAsk,
  encodeAskPresence,
  encodePresence,
  encodeUpdate,
  type PresenceNews,
  presenceBytesMax,
} from "./rules/messages.ts";
import { mayWrite } from "./rules/sealed-name.ts";
import { decodeDocument, encodeDocument } from "./saved-document.ts";

export interface DocumentLimits {
  /** Of what is stored of one document, deleted text that is not yet compacted away included. */
  readonly documentBytesMax: number;
  /** Changes of its own state that one session may announce a second, with a burst of two seconds. */
  readonly presencesPerSecondMax: number;
}

export interface DocumentSetting extends DocumentLimits {
  readonly compactBeside: CompactBeside;
  /** Monotonic. */
  readonly nowMs: () => number;
}

/** Why a session is closed, with which code of the contract. */
interface Refusal {
  readonly code: number;
  readonly reason: string;
}

/** A session's attachment: what a later owner must know of it, and nothing more. The key that it came with stays in its join's turn. */
interface Standing {
  readonly isWriter: boolean;
  /** Of its own presence; `null` until it has announced itself. */
  readonly client: number | null;
}

const refusals = {
  notUnderstood: { code: 4400, reason: "not a message of the y-websocket protocol" },
  notStateVector: { code: 4400, reason: "not a state vector" },
  notUpdate: { code: 4400, reason: "not an update" },
  readsOnly: { code: 4403, reason: "this link may only read" },
  full: { code: 1009, reason: "the document is full" },
  presenceTooBig: { code: 1009, reason: "more presence than one client may have" },
  presenceFlood: { code: 4429, reason: "too much presence" },
  tooManyClients: { code: 1008, reason: "one session speaks for too many clients" },
} as const satisfies Record<string, Refusal>;

const compaction = "compaction";
const presenceRound = "presence";
const roundMs = 10_000;
/** After a change of owner: whoever it does not know of is asked. */
const firstRoundMs = 100;
const presenceRenewal = "renewal";
/** Whoever comes back shortly after another one is served with it. */
const renewalMs = 200;
/** Above the document's limit there is still room for deletions, or a full document could not be made smaller. */
const deletionBytesMax = 256 * 1024;

/**
 * One document. What clients change is an entry of the journal, then told to the others; who they are and where their cursors stand is
 * in memory alone, and moves with the room.
 */
export class DocumentRoom implements Room {
  readonly #room: RoomContext;
  readonly #setting: DocumentSetting;
  readonly #log = new DocumentLog();
  readonly #presence = new Presence();
  readonly #allowances = new WeakMap<Session, MessageAllowance>();
  #isSettled = false;
  #isCompacting = false;

  constructor(room: RoomContext, setting: DocumentSetting) {
    this.#room = room;
    this.#setting = setting;
    // Not every member speaks, and what a new owner has to put right does not wait until one does.
    room.setTimer(presenceRound, firstRoundMs);
  }

  onJoin(session: Session, request: JoinRequest): void {
    const isWriter = this.#mayWrite(request);
    session.attachment = { isWriter, client: null } satisfies Standing;
    this.#settle();
    if (this.#room.sessions.size === 1) this.#room.setTimer(presenceRound, roundMs);
    // What a reader has changed by itself is not wanted, so it is not asked for it.
    if (isWriter) session.send(encodeAsk(this.#log.stateVector()));
    this.#tellPresence(session);
  }

  /** EDIT-2: what is not understood or not wanted ends its sender, and nobody else notices. */
  onMessage(session: Session, message: Message): void {
    this.#settle();
    const refusal = this.#handle(session, message);
    if (refusal !== undefined) session.close(refusal.code, refusal.reason);
  }

  onLeave(session: Session, _reason: LeaveReason): void {
    this.#settle();
    this.#announce(this.#presence.leave(session.id));
  }

  onTimer(name: string): void {
    if (name === presenceRenewal) this.#renew();
    if (name !== presenceRound) return;
    const isFirst = !this.#isSettled;
    this.#settle();
    this.#announce(this.#presence.endRound());
    if (isFirst) this.#askMissing();
    if (this.#room.sessions.size > 0) this.#room.setTimer(presenceRound, roundMs);
    this.#compactIfDue();
  }

  onWork(name: string, outcome: WorkOutcome): void {
    if (name !== compaction) return;
    this.#isCompacting = false;
    if (outcome.kind === "done" && outcome.value instanceof Uint8Array) this.#log.endCompaction(outcome.value);
    if (outcome.kind === "failed") {
      this.#log.endCompaction(undefined);
      this.#room.log.warn({ err: outcome.error }, "document not compacted");
    }
    this.#compactIfDue();
  }

  apply(entry: Uint8Array): void {
    this.#log.add(entry);
  }

  snapshot(): Uint8Array {
    return encodeDocument(this.#log.save(), this.#presence.save());
  }

  restore(snapshot: Uint8Array): void {
    const { log, presence } = decodeDocument(snapshot);
    this.#log.restore(log);
    this.#presence.restore(presence);
  }

  #handle(session: Session, message: Message): Refusal | undefined {
    const up = message.isText ? undefined : decodeUp(message.bytes);
    switch (up?.kind) {
      case undefined:
        return refusals.notUnderstood;
      case "ask":
        return this.#answer(session, up.stateVector);
      case "update":
        return this.#take(session, up.update, up.isAnswer);
      case "presence":
        return this.#hear(session, up.news);
      case "askPresence":
        this.#tellPresence(session);
        return undefined;
      case "echo":
        session.send(message.bytes, { delivery: "volatile" });
        return undefined;
    }
  }

  #answer(session: Session, stateVector: Uint8Array): Refusal | undefined {
    const missing = this.#log.missingFor(stateVector);
    if (missing === undefined) return refusals.notStateVector;
    // A client is in sync when it has an answer, so what is no part of the answer goes in front of it.
    for (const update of missing.slice(0, -1)) session.send(encodeUpdate(update));
    for (const update of missing.slice(-1)) session.send(encodeAnswer(update));
    return undefined;
  }

  #take(session: Session, update: Uint8Array, isAnswer: boolean): Refusal | undefined {
    const verdict = this.#log.judge(update, isAnswer);
    if (verdict.kind === "malformed") return refusals.notUpdate;
    if (verdict.kind === "known") return undefined;
    if (!standingOf(session).isWriter) return refusals.readsOnly;
    // EDIT-3: a full document takes nothing more in, from anybody.
    const bytesMax = this.#setting.documentBytesMax + (verdict.inserts ? 0 : deletionBytesMax);
    if (this.#log.bytes + update.length > bytesMax) return refusals.full;
    this.#room.append(update);
    this.#room.broadcast(encodeUpdate(update), { except: session });
    this.#compactIfDue();
    return undefined;
  }

  #hear(session: Session, news: readonly PresenceNews[]): Refusal | undefined {
    if (news.some(({ state }) => (state?.length ?? 0) > presenceBytesMax)) return refusals.presenceTooBig;
    const [first] = news;
    // The first word of a session is about its own client alone; what follows may be what it has heard of others.
    const standing = standingOf(session);
    if (standing.client === null && news.length === 1 && first?.state !== undefined) {
      session.attachment = { ...standing, client: first.client } satisfies Standing;
      if (this.#presence.wasHere(first.client)) this.#room.setTimer(presenceRenewal, renewalMs);
      this.#presence.claim(first.client, session.id);
    }
    const { changed, contradicted, isTooMany } = this.#presence.hear(session.id, news);
    if (isTooMany) return refusals.tooManyClients;
    if (!this.#mayAnnounce(session, changed.length)) return refusals.presenceFlood;
    this.#announce(changed, session);
    if (contradicted.length > 0) session.send(encodePresence(contradicted), { delivery: "volatile" });
    return undefined;
  }

  /** Newest wins for each client, and nothing of it is stored. */
  #announce(news: readonly PresenceNews[], except?: Session): void {
    for (const one of news) {
      const delivery = { latest: `client ${one.client}` };
      this.#room.broadcast(encodePresence([one]), except === undefined ? { delivery } : { delivery, except });
    }
  }

  #tellPresence(session: Session): void {
    const all = this.#presence.all();
    if (all.length > 0) session.send(encodePresence(all), { delivery: { latest: "everybody" } });
  }

  /** After a crash, states that are newer than the last snapshot are known to the clients alone. */
  #askMissing(): void {
    for (const session of this.#room.sessions.values()) {
      if (!this.#presence.isPresent(session.id)) session.send(encodeAskPresence(), { delivery: "volatile" });
    }
  }

  /**
   * A client that comes back has forgotten the others, but not their clocks, and would not believe us until they renew their states by
   * themselves. So each is told that it is gone, which it contradicts at once, with a higher clock.
   */
  #renew(): void {
    for (const { client, clock, session } of this.#presence.save().present) {
      const gone = encodePresence([{ client, clock, state: undefined }]);
      this.#room.sessions.get(session)?.send(gone, { delivery: "volatile" });
    }
  }

  /** The first turn here: sessions are as the journal has left them, and presence is not. */
  #settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    for (const session of this.#room.sessions.values()) {
      const { client } = standingOf(session);
      if (client !== null) this.#presence.claim(client, session.id);
    }
    this.#announce(this.#presence.keepOnly(this.#room.sessions));
  }

  #compactIfDue(): void {
    if (this.#isCompacting || !this.#log.isDue) return;
    if (this.#log.isSmall) {
      this.#log.compactNow();
      return;
    }
    const updates = this.#log.beginCompaction();
    this.#isCompacting = true;
    this.#room.work(compaction, (signal) => this.#setting.compactBeside(updates, signal));
  }

  /** EDIT-5 */
  #mayWrite(request: JoinRequest): boolean {
    const query = new URLSearchParams(request.query);
    return query.get("mode") !== "read" && mayWrite(this.#room.id, query.get("key"));
  }

  #mayAnnounce(session: Session, changes: number): boolean {
    if (changes === 0) return true;
    const nowMs = this.#setting.nowMs();
    const allowance = this.#allowances.get(session) ?? new MessageAllowance(this.#setting.presencesPerSecondMax, nowMs);
    this.#allowances.set(session, allowance);
    return allowance.take(changes, nowMs);
  }
}

/** Whoever is in the document has joined, and has one. */
function standingOf(session: Session): Standing {
  return session.attachment as Standing;
}
