import type { Epoch } from "../wire/ids.ts";
import type { Logger } from "../wire/runtime.ts";

/**
 * A room: your code, one object per room. Handlers are synchronous and never overlap within a room: each call is one turn.
 * What a turn sends leaves the server when the turn has ended (and, in a `commit` room, is durable).
 *
 * A handler that throws closes the room for its members with 1012 and a log line; other rooms go on.
 */
export interface Room {
  /**
   * A client has joined. After a crash of a `memory` room its clients are joined again, each with a new `Session` and the request that
   * it came with.
   */
  onJoin?(session: Session, request: JoinRequest): void;
  onMessage(session: Session, message: Message): void;
  /** The session is out already: it is not among `sessions`, and sending to it does nothing. */
  onLeave?(session: Session, reason: LeaveReason): void;
  /** Runs `tickHz` times a second while the room has sessions. `stepMs` is always 1000 / `tickHz`: late ticks are made up, at most five at once. */
  onTick?(stepMs: number): void;
  /** A timer that {@link RoomContext.setTimer} has set. */
  onTimer?(name: string): void;
  /** What came of a {@link RoomContext.work}. */
  onWork?(name: string, outcome: WorkOutcome): void;
  /** Another room has said something with {@link RoomContext.tell}; `from` is its key. In the order in which it did, each exactly once. */
  onTell?(from: string, message: Message): void;
  /** After {@link RoomContext.tell} has answered `false` for `room`: at least half of the places are free again. */
  onTellReady?(room: string): void;
  /**
   * The only place where durable state changes: runs for each `append`, live and in recovery. Required for durability other than `memory`.
   * What it says or sets is recorded with its turn, and a recovery takes it from there; `append` and `work` throw in it.
   */
  apply?(entry: Uint8Array): void;
  /**
   * Everything that a new owner needs, as bytes. Without it a room starts empty at its new owner. What it gives is kept and compared with
   * the next one: give bytes that no later turn changes.
   */
  snapshot?(): Uint8Array;
  /**
   * Called once, before anything else, with what `snapshot` gave. The bytes are the room's to keep and to change. Throwing refuses the
   * room and leaves the stored bytes as they are.
   */
  restore?(snapshot: Uint8Array): void;
}

/**
 * What a room can do. Calls are allowed within turns; from anywhere else they throw, but for `work`'s own promise. In `create` and `restore`
 * only timers may be set: what is said there would have no turn to be recorded with.
 */
export interface RoomContext {
  /** `app/id`. */
  readonly key: string;
  readonly app: string;
  readonly id: string;
  /** Id of the room server that it runs on, as operators see it. */
  readonly server: string;
  /** Rises when the room changes its owner. */
  readonly epoch: Epoch;
  /** By session id. Travels with the room when it moves. */
  readonly sessions: ReadonlyMap<string, Session>;
  /** The field `room` is set. */
  readonly log: Logger;

  /** To all sessions, or to those of `to`. Text for a string, binary for bytes, which are copied. At most 16 MiB, as for `append`. */
  broadcast(data: Data, options?: BroadcastOptions): void;
  /** Commit rooms: hands `entry` to `apply` at once, and makes it durable before anything this turn sends is seen. */
  append(entry: Data): void;
  /**
   * Calls `onTimer(name)` after `delayMs` of the time that the room runs. One timer per name: setting it again moves it. Timers travel with
   * the room, with the time that was left. A `commit` room keeps them across a crash too, and is woken for them where nobody is in it; a
   * crash makes one late by half of the time since it was set or the room came there, at most 30 s. A crash of a `memory` room loses
   * them. What `create` and `restore` set counts only for a room that is new. At most 1 024 a room.
   */
  setTimer(name: string, delayMs: number): void;
  clearTimer(name: string): void;
  /**
   * Commit rooms: says something to another commit room of the cluster, which hears it as `onTell`. It is durable with this turn, and
   * reaches the other room exactly once, in order, whatever moves or dies meanwhile; a room that nobody runs is woken for it. At
   * most 1 MiB each.
   *
   * `false`, and nothing was said, where too much is not heard yet: 10 000 things for that room, 12 MiB or 10 000 rooms in all. Then
   * `onTellReady(room)` follows once there is place again.
   */
  tell(room: string, data: Data): boolean;
  /** How many things told to that room it has not heard yet. */
  unheardBy(room: string): number;
  /**
   * Work that waits. `task` runs outside the turn, in a `commit` room once the turn is durable; its result comes back as a turn, `onWork(name, outcome)`. While the room is frozen in a
   * move it waits. If the room moves before the result is here, the signal is aborted, and the new owner gets `interrupted`
   * for the name and may begin again; so does the next owner of a `commit` room after a crash. After a crash of a `memory` room nothing is left of it. One task per name at a time; at
   * most 256 a room.
   */
  work(name: string, task: (signal: AbortSignal) => Promise<unknown>): void;
}

/** One client in the room. Survives moves of the room. */
export interface Session {
  /** Unique in the cluster, never used again. */
  readonly id: string;
  /** Negotiated subprotocol, empty if none. */
  readonly protocol: string;
  /**
   * Yours, by value: plain data, up to 16 KiB in MessagePack, and 32 MiB for all sessions of a room together. Setting it keeps a copy, which
   * travels with the room and outlives a crash as the room's state does; what cannot be kept throws a `RoomgateError` (`not-plain-data`,
   * `attachment-too-big`, `attachments-too-big`) within the turn. What you read is frozen: to change it, set a new one. Only
   * the bytes of a `Uint8Array` in it cannot be frozen: a change of those is not kept. `null` reads as `undefined`.
   */
  attachment: unknown;
  /** To this client alone; at most 16 MiB. */
  send(data: Data, options?: SendOptions): void;
  /** Closes the client after what was sent before. It leaves at once: no further messages, `onLeave` follows as a turn of its own. Code 1000 to 4999 as RFC 6455 allows. */
  close(code?: number, reason?: string): void;
}

/**
 * What a client has asked with. It may hold secrets, so nothing of it is kept: it is there for the turn of the join alone, and is in no
 * journal, snapshot, move or log. What your room needs of it later is for `Session.attachment`: a verdict, or a hash, not the secret. Of an
 * error that you throw the log has the message.
 */
export interface JoinRequest {
  /** Query string, without `?`, not decoded. */
  readonly query: string;
  /** As {@link Session.protocol}. */
  readonly protocol: string;
}

export interface Message {
  /** Valid during the turn: copy to keep. */
  readonly bytes: Uint8Array;
  readonly isText: boolean;
  /** Decodes UTF-8. */
  text(): string;
}

/** A string goes out as a text frame, bytes as a binary one. */
export type Data = string | Uint8Array;

export interface SendOptions {
  /**
   * - `reliable` (default): in order, exactly once, also across a move.
   * - `{ latest: key }`: under pressure only the newest of a key is sent. Never held, not sent again after a move.
   * - `volatile`: dropped under pressure.
   */
  readonly delivery?: "reliable" | "volatile" | { readonly latest: string };
}

export interface BroadcastOptions extends SendOptions {
  readonly except?: Session;
  /** Only these. `except` is then ignored. */
  readonly to?: Iterable<Session>;
}

/** `left`: the client closed, with `code`. `closed`: the room closed it. `lost`: its gateway is gone. */
export interface LeaveReason {
  readonly kind: "left" | "closed" | "lost";
  readonly code: number;
}

export type WorkOutcome =
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "interrupted" };

/**
 * What a crash may cost: `memory` the state since the last snapshot, `commit` nothing that was acknowledged,
 * `{ intervalMs }` at most that much.
 */
export type Durability = "memory" | "commit" | { readonly intervalMs: number };

export interface AppDefinition {
  readonly durability: Durability;
  /** Called once per room and owner. */
  create(room: RoomContext): Room;
  /** Ticks a second, 1 to 240. None if left out. */
  readonly tickHz?: number;
  /** Form of the state, up to 128 characters. A room whose stored state is of another version is refused. Default `"1"`. */
  readonly version?: string;
  /** A room without sessions is snapshotted and let go after this; default 10 000. */
  readonly idleMs?: number;
  /** Memory apps with `snapshot`: how often a changed room is snapshotted to the store; default 5 000, 0 for never. */
  readonly snapshotEveryMs?: number;
  /** Largest message of a client; default and upper bound is the gateway's. Above it the client is closed with 1009. */
  readonly messageBytesMax?: number;
  /**
   * Messages a second that one client may send, with a burst of one second; above it, it is closed with 4429. What a gateway may
   * have held for it meanwhile (its option `holdFramesMax`) does not count. Default and upper bound is the gateway's, 20 000.
   */
  readonly messagesPerSecondMax?: number;
  /** Sessions of one room; above it a join is closed with 1013. Default 20 000, at most 40 000. */
  readonly sessionsMax?: number;
  /** Largest state that `snapshot` may give; default 256 MiB. A larger one is not stored, which the log says, and a move may refuse it. */
  readonly stateBytesMax?: number;
}

/** Apps by name: 1 to 64 of `a-z 0-9 -`, starting with a letter. */
export type Apps = Readonly<Record<string, AppDefinition>>;
