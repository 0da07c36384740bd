import type { Message, Room, RoomContext, Session } from "roomgate/room";
import { type DownMessage, decodeUp, encodeDown, gameVersion, type PlayerCard } from "./rules/messages.ts";
import { parseHue } from "./rules/names.ts";
import { decodeWorld, encodeWorld } from "./saved-world.ts";
import { World } from "./world.ts";

const notUnderstood = 4400;
const overloaded = 1013;

/**
 * One arena: turns what sessions say into calls of the {@link World}, and tells them what came of it. Who is in and what they are
 * called goes out reliably; where everybody is goes out as `latest`, since only the newest is of use.
 */
export class ArenaRoom implements Room {
  readonly #room: RoomContext;
  #world = new World();
  #isRestored = false;

  constructor(room: RoomContext) {
    this.#room = room;
  }

  /** Name and colour come with the address, so that whoever is joined again after a crash looks the same. */
  onJoin(session: Session): void {
    this.#forgetTheLost();
    this.#remove(session.id);
    const query = new URLSearchParams(session.query);
    const player = this.#world.enter(session.id, { name: query.get("name") ?? "", hue: parseHue(query.get("hue")) });
    if (player === undefined) {
      session.close(overloaded, "the arena is full");
      return;
    }
    const players = [...this.#world.players.values()].map((other): PlayerCard => other.card);
    const { tick } = this.#world;
    session.send(encodeDown({ kind: "welcome", version: gameVersion, you: player.card.number, tick, players }));
    this.#tellAll({ kind: "entered", player: player.card }, session);
  }

  onMessage(session: Session, message: Message): void {
    this.#forgetTheLost();
    const up = message.isText ? undefined : decodeUp(message.bytes);
    switch (up?.kind) {
      case undefined:
        // GAME-3: what is malformed ends its sender, and nobody else notices.
        session.close(notUnderstood, "not a message of the game");
        return;
      case "steps":
        this.#world.players.get(session.id)?.queue.receive(up.first, up.directions);
        return;
      case "ping":
        session.send(encodeDown({ kind: "pong", token: up.token }), { delivery: "volatile" });
        return;
      case "rename": {
        const renamed = this.#world.rename(session.id, up.name);
        if (renamed !== undefined) this.#tellAll({ kind: "entered", player: renamed.card });
        return;
      }
    }
  }

  onLeave(session: Session): void {
    this.#forgetTheLost();
    this.#remove(session.id);
  }

  onTick(): void {
    this.#forgetTheLost();
    this.#world.advance();
    const state = encodeDown({ kind: "state", tick: this.#world.tick, figures: this.#world.figures() });
    this.#room.broadcast(state, { delivery: { latest: "state" } });
  }

  snapshot(): Uint8Array {
    return encodeWorld(this.#world.save());
  }

  restore(snapshot: Uint8Array): void {
    const saved = decodeWorld(snapshot);
    if (saved === undefined) throw new Error("the saved arena is damaged");
    this.#world = new World(saved);
    this.#isRestored = true;
  }

  /**
   * Once, at the first turn after `restore`. After a move every player's session is here, and nothing happens. After a crash the
   * saved players' sessions are gone, or are about to be joined again: their figures must not stay behind as ghosts.
   */
  #forgetTheLost(): void {
    if (!this.#isRestored) return;
    this.#isRestored = false;
    for (const session of [...this.#world.players.keys()]) {
      if (!this.#room.sessions.has(session)) this.#remove(session);
    }
  }

  #remove(session: string): void {
    const player = this.#world.leave(session);
    if (player !== undefined) this.#tellAll({ kind: "left", number: player.card.number });
  }

  #tellAll(message: DownMessage, except?: Session): void {
    this.#room.broadcast(encodeDown(message), except === undefined ? {} : { except });
  }
}
