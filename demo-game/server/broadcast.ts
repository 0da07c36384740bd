import type { RoomContext, Session } from "roomgate/room";
import { Frame, Frames } from "./frame.ts";
import { PlayerView } from "./player-view.ts";
import { arena } from "./rules/arena.ts";
import { ByteWriter } from "./rules/bytes.ts";
import { encodeDown } from "./rules/messages.ts";
import { ticksIn } from "./rules/timing.ts";
import type { World } from "./world.ts";

const radarEveryTicks = ticksIn(1);

/** What goes out with each tick: to each player what it sees of the arena, and now and then to all who is where, roughly. */
export class Broadcast {
  readonly #room: RoomContext;
  readonly #frames = new Frames();
  /** By session. */
  readonly #views = new Map<string, PlayerView>();
  readonly #writer = new ByteWriter();
  #epoch = 0;

  constructor(room: RoomContext) {
    this.#room = room;
  }

  begin(session: Session): void {
    this.#views.set(session.id, new PlayerView(arena.bank));
  }

  end(session: Session): void {
    this.#views.delete(session.id);
  }

  seen(session: Session, tick: number): void {
    this.#views.get(session.id)?.seen(tick);
  }

  tick(world: World, sessions: ReadonlyMap<number, Session>): void {
    const frame = new Frame(world.tick, world.states(), world.bolts);
    this.#frames.add(frame);
    const { epoch } = this.#room;
    if (epoch !== this.#epoch) for (const view of this.#views.values()) view.forget();
    this.#epoch = epoch;
    for (const [number, session] of sessions) {
      const [view, figure] = [this.#views.get(session.id), world.figures.get(number)];
      if (view === undefined || figure === undefined) continue;
      const respawnTicks = figure.backAtTick === undefined ? 0 : Math.max(1, figure.backAtTick - world.tick);
      const head = { epoch, lastStep: figure.queue.lastDone, respawnTicks };
      view.write(this.#writer.clear(), frame, this.#frames, respawnTicks > 0 ? undefined : figure.body, head);
      session.send(this.#writer.finish(), { delivery: { latest: "state" } });
    }
    if (world.tick % radarEveryTicks === 0) this.#sweepRadar(frame);
  }

  #sweepRadar(frame: Frame): void {
    const blips = frame.figures.flatMap((figure) => {
      if (figure === undefined) return [];
      const { x, y } = figure.body;
      return [{ number: figure.number, x: inParts(x, arena.width), y: inParts(y, arena.height) }];
    });
    this.#room.broadcast(encodeDown({ kind: "radar", blips }), { delivery: { latest: "radar" } });
  }
}

function inParts(value: number, length: number): number {
  return Math.min(Math.floor((value * 256) / length), 0xff);
}
