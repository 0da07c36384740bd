import type {
  BroadcastOptions,
  Data,
  LeaveReason,
  Message,
  Room,
  RoomContext,
  SendOptions,
  Session,
} from "roomgate/room";

export interface FakeSession extends Session {
  /** All that it was sent, oldest first, broadcasts too. */
  readonly received: readonly Data[];
  /** Those of them that a real room may lose on the way. */
  readonly unkept: readonly Data[];
  /** How the room has closed it. */
  readonly closed: { readonly code: number; readonly reason: string } | undefined;
}

/** What a commit room has on disk at some moment. */
export interface FakeDisk {
  readonly snapshot: Uint8Array | undefined;
  /** Entries of the journal that the snapshot contains. */
  readonly entries: number;
}

/** A room of an app without a server around it: a test calls its turns, and sees what sessions get. */
export interface FakeRoom<R extends Room> {
  readonly room: R;
  readonly context: RoomContext;
  /** What the room has appended, oldest first. */
  readonly entries: readonly Uint8Array[];
  /** What it has told other rooms, oldest first. */
  readonly tells: readonly { readonly room: string; readonly data: Data }[];
  /** Rooms that it cannot tell anything now: too much waits for them. */
  readonly deaf: Set<string>;
  /** Its timers, with the delay that they were set with. */
  readonly timers: ReadonlyMap<string, number>;
  join(query?: string, id?: string): FakeSession;
  say(session: FakeSession, data: Data): void;
  leave(session: FakeSession, reason?: LeaveReason): void;
  tick(count?: number): void;
  fire(timer: string): void;
  /** Another room tells it something. */
  hear(from: string, data: Data): void;
  /** A room that was deaf has place again. */
  ready(to: string): void;
  save(): FakeDisk;
  /** A new owner takes it over as in a planned move: a new room object, the same sessions but for those that were `lost` meanwhile. */
  moved(lost?: FakeSession): void;
  /**
   * A new owner takes a commit room over after a crash: the same sessions, the snapshot of `disk` and the entries behind it. By default
   * there is no snapshot, and all is in the journal.
   */
  crashed(disk?: FakeDisk): void;
}

export function createFakeRoom<R extends Room>(create: (context: RoomContext) => R): FakeRoom<R> {
  const sessions = new Map<string, FakeSession>();
  const entries: Uint8Array[] = [];
  const tells: { room: string; data: Data }[] = [];
  const deaf = new Set<string>();
  const timers = new Map<string, number>();
  const leaving: (() => void)[] = [];
  let numbered = 0;
  let epoch = 1;

  const unused = (): never => {
    throw new Error("a fake room has no work");
  };
  const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
  const context: RoomContext = {
    key: "test/room",
    app: "test",
    id: "room",
    get server() {
      return `s${epoch}`;
    },
    get epoch() {
      return epoch;
    },
    get sessions() {
      return sessions;
    },
    log: silent,
    broadcast(data: Data, options: BroadcastOptions = {}) {
      for (const session of options.to ?? sessions.values())
        if (session !== options.except) session.send(data, options);
    },
    append(entry: Data) {
      const bytes = typeof entry === "string" ? new TextEncoder().encode(entry) : entry.slice();
      entries.push(bytes);
      room.apply?.(bytes);
    },
    tell(to: string, data: Data) {
      if (deaf.has(to)) return false;
      tells.push({ room: to, data: typeof data === "string" ? data : data.slice() });
      return true;
    },
    unheardBy: () => 0,
    setTimer: (name: string, delayMs: number) => void timers.set(name, delayMs),
    clearTimer: (name: string) => void timers.delete(name),
    work: unused,
  };
  let room = create(context);

  function createSession(id: string): FakeSession {
    const received: Data[] = [];
    const unkept: Data[] = [];
    let closed: FakeSession["closed"];
    const session: FakeSession = {
      id,
      protocol: "",
      attachment: undefined,
      received,
      unkept,
      get closed() {
        return closed;
      },
      send(data: Data, { delivery = "reliable" }: SendOptions = {}) {
        if (!sessions.has(id)) return;
        const kept = typeof data === "string" ? data : data.slice();
        received.push(kept);
        if (delivery !== "reliable") unkept.push(kept);
      },
      close(code = 1000, reason = "") {
        closed = { code, reason };
        // Its leave is a turn of its own, behind the present one.
        if (sessions.delete(id)) leaving.push(() => room.onLeave?.(session, { kind: "closed", code }));
      },
    };
    return session;
  }

  function turn(work: () => void): void {
    work();
    for (let next = leaving.shift(); next !== undefined; next = leaving.shift()) next();
  }

  return {
    get room() {
      return room;
    },
    context,
    entries,
    tells,
    deaf,
    timers,
    join(query = "", id = `gateway.${++numbered}`) {
      const session = createSession(id);
      sessions.set(id, session);
      turn(() => room.onJoin?.(session, { query, protocol: session.protocol }));
      return session;
    },
    say(session, data) {
      if (sessions.has(session.id)) turn(() => room.onMessage(session, messageOf(data)));
    },
    leave(session, reason = { kind: "left", code: 1000 }) {
      if (sessions.delete(session.id)) turn(() => room.onLeave?.(session, reason));
    },
    tick(count = 1) {
      for (let ticks = 0; ticks < count; ticks += 1) turn(() => room.onTick?.(50));
    },
    fire(timer) {
      if (timers.delete(timer)) turn(() => room.onTimer?.(timer));
    },
    hear: (from, data) => turn(() => room.onTell?.(from, messageOf(data))),
    ready(to) {
      deaf.delete(to);
      turn(() => room.onTellReady?.(to));
    },
    save: () => ({ snapshot: room.snapshot?.(), entries: entries.length }),
    moved(lost) {
      const snapshot = room.snapshot?.();
      if (lost !== undefined) sessions.delete(lost.id);
      epoch += 1;
      room = create(context);
      if (snapshot !== undefined) room.restore?.(snapshot);
    },
    crashed(disk = { snapshot: undefined, entries: 0 }) {
      epoch += 1;
      room = create(context);
      if (disk.snapshot !== undefined) room.restore?.(disk.snapshot);
      for (const entry of entries.slice(disk.entries)) room.apply?.(entry);
    },
  };
}

function messageOf(data: Data): Message {
  const isText = typeof data === "string";
  const bytes = isText ? new TextEncoder().encode(data) : data;
  return { bytes, isText, text: () => new TextDecoder().decode(bytes) };
}
