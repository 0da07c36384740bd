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
  /** How the room has closed it. */
  readonly closed: { readonly code: number; readonly reason: string } | undefined;
}

/** A room of an app without a server around it: a test calls its turns, and sees what sessions get. */
export interface FakeRoom<R extends Room> {
  readonly room: R;
  readonly context: RoomContext;
  join(query?: string, id?: string): FakeSession;
  say(session: FakeSession, data: Data): void;
  leave(session: FakeSession, reason?: LeaveReason): void;
  tick(count?: number): void;
  /** A new owner takes it over as in a planned move: the same sessions, a new room object. */
  moved(): void;
  /** A new owner begins from `snapshot` as after a crash: everybody is joined again, under the same ids. */
  restarted(snapshot?: Uint8Array): void;
}

export function createFakeRoom<R extends Room>(create: (context: RoomContext) => R): FakeRoom<R> {
  let sessions = new Map<string, FakeSession>();
  let numbered = 0;

  const unused = (): never => {
    throw new Error("a fake room has no timers, work or journal");
  };
  const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
  const context: RoomContext = {
    key: "test/room",
    app: "test",
    id: "room",
    epoch: 1,
    get sessions() {
      return sessions;
    },
    log: silent,
    broadcast(data: Data, options: BroadcastOptions = {}) {
      for (const session of options.to ?? sessions.values())
        if (session !== options.except) session.send(data, options);
    },
    append: unused,
    tell: unused,
    setTimer: unused,
    clearTimer: unused,
    work: unused,
  };
  let room = create(context);

  function createSession(id: string, query: string): FakeSession {
    const received: Data[] = [];
    let closed: FakeSession["closed"];
    const session: FakeSession = {
      id,
      query,
      protocol: "",
      attachment: undefined,
      received,
      get closed() {
        return closed;
      },
      send(data: Data, _options?: SendOptions) {
        if (sessions.has(id)) received.push(typeof data === "string" ? data : data.slice());
      },
      close(code = 1000, reason = "") {
        closed = { code, reason };
        if (sessions.delete(id)) room.onLeave?.(session, { kind: "closed", code });
      },
    };
    return session;
  }

  function enter(session: FakeSession): FakeSession {
    sessions.set(session.id, session);
    room.onJoin?.(session);
    return session;
  }

  return {
    get room() {
      return room;
    },
    context,
    join(query = "", id = `gateway.${++numbered}`) {
      return enter(createSession(id, query));
    },
    say(session, data) {
      if (sessions.has(session.id)) room.onMessage(session, messageOf(data));
    },
    leave(session, reason = { kind: "left", code: 1000 }) {
      if (sessions.delete(session.id)) room.onLeave?.(session, reason);
    },
    tick(count = 1) {
      for (let ticks = 0; ticks < count; ticks += 1) room.onTick?.(50);
    },
    moved() {
      const snapshot = room.snapshot?.();
      room = create(context);
      if (snapshot !== undefined) room.restore?.(snapshot);
    },
    restarted(snapshot) {
      const before = [...sessions.values()];
      sessions = new Map();
      room = create(context);
      if (snapshot !== undefined) room.restore?.(snapshot);
      for (const session of before) enter(session);
    },
  };
}

function messageOf(data: Data): Message {
  const isText = typeof data === "string";
  const bytes = isText ? new TextEncoder().encode(data) : data;
  return { bytes, isText, text: () => new TextDecoder().decode(bytes) };
}
