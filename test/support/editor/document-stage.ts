import type { BroadcastOptions, Data, Message, RoomContext, SendOptions, Session } from "roomgate/room";
import { compact } from "../../../demo-editor/server/compaction.ts";
import { type DocumentLimits, DocumentRoom } from "../../../demo-editor/server/document-room.ts";
import { silentLog } from "./silent-log.ts";

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** Somebody in the document, as its room sees it; `heard` and `closed` are what a gateway would pass on. */
export class StageSession implements Session {
  readonly id: string;
  readonly protocol = "";
  attachment: unknown;
  readonly received: { readonly bytes: Uint8Array; readonly isReliable: boolean }[] = [];
  closed: Closed | undefined;
  readonly #stage: DocumentStage;
  readonly #heard: (bytes: Uint8Array) => void;
  readonly #ended: (closed: Closed) => void;

  constructor(stage: DocumentStage, id: string, heard: (bytes: Uint8Array) => void, ended: (closed: Closed) => void) {
    this.#stage = stage;
    this.id = id;
    this.#heard = heard;
    this.#ended = ended;
  }

  send(data: Data, options: SendOptions = {}): void {
    if (!this.#stage.sessions.has(this.id)) return;
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data.slice();
    this.received.push({ bytes, isReliable: (options.delivery ?? "reliable") === "reliable" });
    this.#heard(bytes);
  }

  close(code = 1000, reason = ""): void {
    this.closed = { code, reason };
    this.#stage.end(this);
    this.#ended(this.closed);
  }
}

/** A room of the editor without a server around it: a test makes its turns, moves it, and lets it crash. Its clock stands still. */
export class DocumentStage {
  readonly sessions = new Map<string, StageSession>();
  readonly timers = new Set<string>();
  readonly entries: Uint8Array[] = [];
  readonly compactions: { readonly updates: readonly Uint8Array[]; readonly finish: () => void }[] = [];
  nowMs = 0;
  room: DocumentRoom;
  readonly #id: string;
  readonly #limits: DocumentLimits;
  #stored: { readonly snapshot: Uint8Array; readonly entries: number } | undefined;
  #numbered = 0;

  constructor(limits: Partial<DocumentLimits> = {}, id = "notes") {
    this.#id = id;
    this.#limits = { documentBytesMax: 16 * 1024 * 1024, presencesPerSecondMax: 250, ...limits };
    this.room = this.#create();
  }

  join(
    query = "",
    heard: (bytes: Uint8Array) => void = () => {},
    ended: (closed: Closed) => void = () => {},
  ): StageSession {
    this.#numbered += 1;
    const session = new StageSession(this, `g1.${this.#numbered}`, heard, ended);
    this.sessions.set(session.id, session);
    this.room.onJoin(session, { query, protocol: session.protocol });
    return session;
  }

  say(session: StageSession, data: Data): void {
    if (this.sessions.has(session.id)) this.room.onMessage(session, messageOf(data));
  }

  leave(session: StageSession): void {
    this.end(session);
  }

  end(session: StageSession): void {
    if (this.sessions.delete(session.id)) this.room.onLeave(session, { kind: "left", code: 1000 });
  }

  /** The timer's time has come. */
  ring(name = "presence"): void {
    if (this.timers.delete(name)) this.room.onTimer(name);
  }

  store(): void {
    this.#stored = { snapshot: this.room.snapshot(), entries: this.entries.length };
  }

  /** As in a planned move: all of the state goes along. */
  move(): void {
    const snapshot = this.room.snapshot();
    this.room = this.#create();
    this.room.restore(snapshot);
  }

  /** As after a crash: what is stored, then the journal behind it. The sessions stay; who has left meanwhile is not told of. */
  crash(...leftMeanwhile: readonly StageSession[]): void {
    for (const session of leftMeanwhile) this.sessions.delete(session.id);
    this.timers.clear();
    this.room = this.#create();
    if (this.#stored !== undefined) this.room.restore(this.#stored.snapshot);
    for (const entry of this.entries.slice(this.#stored?.entries ?? 0)) this.room.apply(entry);
  }

  #create(): DocumentRoom {
    const stage = this;
    let room: DocumentRoom | undefined;
    const context: RoomContext = {
      key: `editor/${this.#id}`,
      app: "editor",
      id: this.#id,
      server: "s1",
      epoch: 1,
      sessions: this.sessions,
      log: silentLog,
      broadcast: (data: Data, options: BroadcastOptions = {}) => {
        for (const session of options.to ?? stage.sessions.values()) {
          if (session !== options.except) session.send(data, options);
        }
      },
      append(entry: Data) {
        const bytes = typeof entry === "string" ? new TextEncoder().encode(entry) : entry.slice();
        stage.entries.push(bytes);
        room?.apply(bytes);
      },
      unheardBy: () => 0,
      tell: () => {
        throw new Error("a document tells no other room anything");
      },
      setTimer: (name) => void stage.timers.add(name),
      clearTimer: (name) => void stage.timers.delete(name),
      work: (name, task) => {
        void task(new AbortController().signal).then((value) => {
          if (stage.room === room) room?.onWork(name, { kind: "done", value });
        });
      },
    };
    room = new DocumentRoom(context, {
      ...this.#limits,
      nowMs: () => this.nowMs,
      compactBeside: (updates) =>
        new Promise((resolve) => {
          this.compactions.push({ updates, finish: () => resolve(compact(updates)) });
        }),
    });
    return room;
  }
}

function messageOf(data: Data): Message {
  const isText = typeof data === "string";
  const bytes = isText ? new TextEncoder().encode(data) : data;
  return { bytes, isText, text: () => new TextDecoder().decode(bytes) };
}
