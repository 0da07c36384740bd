import { WatchedClock } from "../cluster/watched-time.ts";
import type { RoomKey, ServerId, SessionNumber } from "../wire/ids.ts";
import type { Timer } from "../wire/runtime.ts";
import { EdgeRoom } from "./edge-room.ts";
import type { ClientSocket } from "./listener.ts";
import type { Candidate, Known } from "./owner-search.ts";
import { RoomMemory } from "./room-memory.ts";
import type { ChannelRequest, RoomSetting } from "./room-setting.ts";
import { Session, type SessionSetting } from "./session.ts";

const sessionNumberMax = 0xffff_ffff;
/** What a room server does not know to be received, it keeps: so it is told within this, or earlier where it is much. */
const seenDelayMs = 50;
/** One timer looks at all rooms for those whose owner acknowledges nothing. It is what keeps their clock true, too. */
const sweepEveryMs = 1_000;

export interface EdgeRoomsSetting extends SessionSetting {
  readonly holdMs: number;
  candidates(room: RoomKey): readonly Candidate[];
  isUnreachable(server: ServerId): boolean;
  requestChannel(room: EdgeRoom, server: ServerId, address: string): ChannelRequest;
  deadServers(owner: ServerId | undefined): readonly ServerId[];
  mayBeGivenUp(sinceMs: number): boolean;
}

/** The rooms that this gateway has sessions in: made with a room's first session, gone with its last. */
export class EdgeRooms {
  readonly #setting: RoomSetting;
  readonly #rooms = new Map<RoomKey, EdgeRoom>();
  readonly #memory = new RoomMemory();
  #sweepTimer: Timer | undefined = undefined;
  readonly #untold: EdgeRoom[] = [];
  #seenTimer: Timer | undefined = undefined;
  #nextNumber: SessionNumber;

  constructor(setting: EdgeRoomsSetting) {
    this.#setting = {
      ...setting,
      clock: new WatchedClock(() => setting.runtime.nowMs()),
      tellSeenSoon: (room) => this.#tellSeenSoon(room),
      roomOver: (room, known) => this.#forget(room, known),
    };
    // A gateway that was started anew under the same id must not use the numbers of the one before it again.
    this.#nextNumber = 1 + Math.floor(setting.runtime.random() * 0x8000_0000);
  }

  get count(): number {
    return this.#rooms.size;
  }

  get(key: RoomKey): EdgeRoom | undefined {
    return this.#rooms.get(key);
  }

  /** A client enters a room. `onSocketClosed` is called once, when its socket is gone. */
  enter(
    key: RoomKey,
    client: { readonly query: string; readonly protocol: string; readonly socket: ClientSocket },
    onSocketClosed: () => void,
  ): Session {
    let room = this.#rooms.get(key);
    if (room === undefined) {
      room = new EdgeRoom(key, this.#memory.recall(key), this.#setting);
      this.#rooms.set(key, room);
      this.#sweepLater();
    }
    const session = new Session(this.#takeNumber(), client, room, this.#setting, onSocketClosed);
    room.join(session);
    return session;
  }

  /** Rooms without an owner look again. */
  membersChanged(): void {
    for (const room of [...this.#rooms.values()]) room.membersChanged();
  }

  /** All sessions, those that are leaving too. */
  sessions(): Session[] {
    return [...this.#rooms.values()].flatMap((room) => [...room.sessions.values()]);
  }

  /** Ends all rooms now; nothing is waited for. */
  abandon(): void {
    for (const room of [...this.#rooms.values()]) room.abandon();
    this.#seenTimer?.cancel();
    this.#sweepTimer?.cancel();
  }

  /** Numbers are not used again before all others were; what is still in use by then is far behind. */
  #takeNumber(): SessionNumber {
    const number = this.#nextNumber;
    this.#nextNumber = number === sessionNumberMax ? 1 : number + 1;
    return number;
  }

  #sweepLater(): void {
    this.#sweepTimer ??= this.#setting.runtime.after(sweepEveryMs, () => {
      this.#sweepTimer = undefined;
      for (const room of [...this.#rooms.values()]) room.checkProgress();
      if (this.#rooms.size > 0) this.#sweepLater();
    });
  }

  #forget(room: EdgeRoom, known: Known): void {
    this.#rooms.delete(room.key);
    this.#memory.keep(room.key, known);
  }

  /** One timer for all rooms: at most one entry a room, since a room asks again only after it was called. */
  #tellSeenSoon(room: EdgeRoom): void {
    this.#untold.push(room);
    this.#seenTimer ??= this.#setting.runtime.after(seenDelayMs, () => {
      this.#seenTimer = undefined;
      for (const untold of this.#untold.splice(0)) untold.tellSeen();
    });
  }
}
