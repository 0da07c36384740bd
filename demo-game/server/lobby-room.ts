import type { Message, Room, RoomContext, Session } from "roomgate/room";
import { z } from "zod";
import { inventRoom } from "./arena-names.ts";
import { Matchmaker } from "./matchmaker.ts";

export const lobbyApp = "lobby";
/** The only room of that app: all arenas tell it how many players they have. */
export const lobbyRoom = `${lobbyApp}/main`;
const notUnderstood = 4400;

const arenaName = z.string().regex(/^[A-Za-z0-9._~:-]{1,128}$/);
const playRequest = z.strictObject({
  want: z.literal("play"),
  friends: arenaName.optional(),
  not: z.array(arenaName).max(8).optional(),
});
const occupancy = z.object({ players: z.int().min(0).max(1_000) });
const entry = z.object({ arena: arenaName, players: z.int().min(0) });
const saved = z.array(entry);

/**
 * Where players are sent to an arena. A client says `{"want":"play"}`, with `friends` (an arena) and `not` (arenas that have refused)
 * where it likes, and hears `{"arena","players"}` and perhaps a `note`. All in text frames of JSON.
 */
export class LobbyRoom implements Room {
  readonly #room: RoomContext;
  readonly #nowMs: () => number;
  #matchmaker = new Matchmaker();

  /** `nowMs` never goes back; its origin is of no account. */
  constructor(room: RoomContext, nowMs: () => number) {
    this.#room = room;
    this.#nowMs = nowMs;
  }

  get matchmaker(): Matchmaker {
    return this.#matchmaker;
  }

  onMessage(session: Session, message: Message): void {
    const request = parsed(playRequest, message);
    if (request === undefined) {
      session.close(notUnderstood, 'not a request: say {"want":"play"}');
      return;
    }
    const { friends, not } = request;
    const wish = { ...(friends === undefined ? {} : { friends }), ...(not === undefined ? {} : { not }) };
    const answer = this.#matchmaker.choose(wish, this.#nowMs(), () => inventRoom(Math.random));
    // Not kept: whoever does not hear it asks again.
    session.send(JSON.stringify(answer), { delivery: "volatile" });
  }

  onTell(from: string, message: Message): void {
    const [app, arena = ""] = from.split("/");
    const told = parsed(occupancy, message);
    if (app !== "game" || told === undefined) {
      this.#room.log.warn({ from }, "the lobby was told something that it does not understand");
      return;
    }
    this.#room.append(JSON.stringify({ arena, players: told.players }));
  }

  apply(bytes: Uint8Array): void {
    const { arena, players } = entry.parse(JSON.parse(new TextDecoder().decode(bytes)));
    this.#matchmaker.report(arena, players);
  }

  snapshot(): Uint8Array {
    const arenas = [...this.#matchmaker.arenas].map(([arena, { players }]) => ({ arena, players }));
    return new TextEncoder().encode(JSON.stringify(arenas));
  }

  restore(snapshot: Uint8Array): void {
    this.#matchmaker = new Matchmaker();
    for (const { arena, players } of saved.parse(JSON.parse(new TextDecoder().decode(snapshot)))) {
      this.#matchmaker.report(arena, players);
    }
  }
}

/** `undefined` for anything but a text of JSON of that shape. */
function parsed<T>(shape: z.ZodType<T>, message: Message): T | undefined {
  if (!message.isText) return undefined;
  try {
    return shape.safeParse(JSON.parse(message.text())).data;
  } catch {
    return undefined;
  }
}
