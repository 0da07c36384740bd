import type { AppDefinition, Message, Room, RoomContext, Session } from "../../../gateway/room/sdk.ts";

/** What tallies tell about themselves from within. */
export interface TallyWatch {
  /** A number for a new room object, higher than all before. */
  nextLife(): number;
  joined(session: Session): void;
}

export interface TallyFrame {
  readonly life: number;
  readonly n: number;
  /** Missing in the greeting. */
  readonly body?: string;
}

/**
 * A memory room that shows what became of it: its life is one from its beginning, through moves, until its state is lost; every message has
 * its number in that life, and goes to all.
 */
class Tally implements Room {
  readonly #room: RoomContext;
  readonly #watch: TallyWatch;
  #life: number;
  #n = 0;

  constructor(room: RoomContext, watch: TallyWatch) {
    this.#room = room;
    this.#watch = watch;
    this.#life = watch.nextLife();
  }

  onJoin(session: Session): void {
    this.#watch.joined(session);
    session.send(JSON.stringify({ life: this.#life, n: this.#n }));
  }

  onMessage(_session: Session, message: Message): void {
    this.#n += 1;
    this.#room.broadcast(JSON.stringify({ life: this.#life, n: this.#n, body: message.text() }));
  }

  snapshot(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify({ life: this.#life, n: this.#n }));
  }

  /** A life goes on where somebody has seen it; a snapshot of a room without members may be older than what came after it. */
  restore(snapshot: Uint8Array): void {
    if (this.#room.sessions.size === 0) return;
    const { life, n } = JSON.parse(new TextDecoder().decode(snapshot)) as TallyFrame;
    this.#life = life;
    this.#n = n;
  }
}

export function tallyApp(watch: TallyWatch): AppDefinition {
  return { durability: "memory", snapshotEveryMs: 0, idleMs: 600, create: (room) => new Tally(room, watch) };
}
