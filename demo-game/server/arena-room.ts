import type { JoinRequest, Message, Room, RoomContext, Session } from "roomgate/room";
import { encodeGain, type Gain } from "./board.ts";
import { boardRoom } from "./board-room.ts";
import { Broadcast } from "./broadcast.ts";
import { identityOf } from "./identity.ts";
import { lobbyRoom } from "./lobby-room.ts";
import { decodeOwing, encodeOwing, OwedGains, type Owing } from "./owed-gains.ts";
import { type ArenaEvent, decodeEvent, encodeEvent } from "./rules/events.ts";
import { Ledger, type LedgerPlayer, playersKnownMax } from "./rules/ledger.ts";
import { decodeUp, encodeDown, gameVersion, playersMax, type UpMessage } from "./rules/messages.ts";
import { parseHue, sanitizeChat, sanitizeName } from "./rules/names.ts";
import { ticksIn } from "./rules/timing.ts";
import { decodeArena, encodeArena } from "./saved-arena.ts";
import { World } from "./world.ts";

const notUnderstood = 4400;
const replaced = 4409;
const overloaded = 1013;
/** Whoever is back within this has everything that they had. */
export const awayMsMax = 60_000;
/** Who comes and goes within this is told to the lobby at once. */
const occupancyMs = 400;
const occupancyTimer = "occupancy";
const ticksBetweenRenames = ticksIn(1);
const ticksBetweenWords = ticksIn(0.7);
const homeDelivery = { delivery: { latest: "home" } } as const;
/** Neighbouring numbers get colours far apart on the wheel: the golden angle. */
const hueStep = 137.508;

/**
 * One arena: turns what sessions say into calls of the {@link World}, and tells them what came of it. What counts is an event: in the
 * journal, in the ledger, and sent reliably, in one turn. Where everybody is goes out as `latest`, since only the newest is of use.
 */
export class ArenaRoom implements Room {
  readonly #room: RoomContext;
  #ledger = new Ledger();
  #owed = new OwedGains();
  #world: World;
  readonly #broadcast: Broadcast;
  /** Whose session is whose, by number; from the sessions' attachments, which survive moves and crashes. */
  readonly #sessions = new Map<number, Session>();
  /** Events of this turn. */
  #fresh: ArenaEvent[] = [];
  #isSettled = false;
  #isOccupancyDue = false;

  constructor(room: RoomContext) {
    this.#room = room;
    this.#broadcast = new Broadcast(room);
    this.#world = this.#createWorld();
  }

  /** As everybody in it knows it. */
  get ledger(): Ledger {
    return this.#ledger;
  }

  get world(): World {
    return this.#world;
  }

  onJoin(session: Session, request: JoinRequest): void {
    this.#settle();
    const query = new URLSearchParams(request.query);
    const id = identityOf(query.get("token"), session.id);
    const known = this.#ledger.playerOfId(id);
    if (known?.isHere !== true && this.#ledger.playersHere >= playersMax) {
      session.send(encodeDown({ kind: "full", placesMax: playersMax }));
      session.close(overloaded, `the arena is full: ${playersMax} players`);
      return;
    }
    const number = known?.number ?? this.#ledger.freeNumber();
    if (known === undefined) this.#enter(number, id, query);
    else this.#comeBack(session, known, query.get("name"));
    this.#room.clearTimer(`away ${number}`);
    session.attachment = number;
    this.#sessions.set(number, session);
    this.#world.enter(number);
    this.#world.figures.get(number)?.queue.beginAnew();
    this.#broadcast.begin(session);
    const ledger = this.#ledger.save();
    session.send(encodeDown({ kind: "welcome", version: gameVersion, you: number, ledger }));
    session.send(this.#home(), homeDelivery);
    this.#tellEvents(session);
  }

  onMessage(session: Session, message: Message): void {
    this.#settle();
    const up = message.isText ? undefined : decodeUp(message.bytes);
    const number = this.#numberOf(session);
    if (up === undefined) {
      // GAME-3: what is malformed ends its sender, and nobody else notices.
      session.close(notUnderstood, "not a message of the game");
      return;
    }
    if (number !== undefined) this.#handle(session, number, up);
    this.#tellEvents();
  }

  onLeave(session: Session): void {
    this.#settle();
    const number = this.#numberOf(session);
    if (number !== undefined) this.#part(number);
    this.#tellEvents();
  }

  /** `away <number>`: the player has not come back in time. */
  onTimer(name: string): void {
    this.#settle();
    if (name === occupancyTimer) {
      this.#isOccupancyDue = false;
      this.#tellLobby();
      return;
    }
    const number = Number(name.slice(name.indexOf(" ") + 1));
    if (this.#ledger.players.get(number)?.isHere === false) this.#world.dismiss(number);
    this.#tellEvents();
  }

  /** TELL-5: the lobby is told what is true now; the board all that it has not been told. */
  onTellReady(room: string): void {
    this.#settle();
    if (room === lobbyRoom) this.#tellLobby();
    if (room === boardRoom) this.#payBoard();
    this.#tellEvents();
  }

  onTick(): void {
    this.#settle();
    this.#world.advance();
    this.#tellEvents();
    this.#broadcast.tick(this.#world, this.#sessions);
  }

  apply(entry: Uint8Array): void {
    const owing = decodeOwing(entry);
    if (owing !== undefined) {
      this.#owed.apply(owing);
      return;
    }
    const event = decodeEvent(entry);
    if (event === undefined) throw new Error("the journal of the arena is damaged");
    this.#ledger.apply(event);
  }

  snapshot(): Uint8Array {
    return encodeArena({ ledger: this.#ledger.save(), world: this.#world.save(), owed: this.#owed.gains });
  }

  restore(snapshot: Uint8Array): void {
    const saved = decodeArena(snapshot);
    if (saved === undefined) throw new Error("the saved arena is damaged");
    this.#ledger = new Ledger(saved.ledger);
    this.#owed = new OwedGains(saved.owed);
    this.#world = this.#createWorld(saved.world);
  }

  #createWorld(saved?: ConstructorParameters<typeof World>[2]): World {
    return new World(this.#ledger, (event) => this.#record(event), saved);
  }

  /** GAME-7: the only way in which anything that counts changes. */
  #record(event: ArenaEvent): void {
    const earner = event.kind === "felled" ? event.by : event.kind === "banked" ? event.number : 0;
    const before = this.#ledger.players.get(earner)?.score ?? 0;
    this.#room.append(encodeEvent(event));
    this.#fresh.push(event);
    const isComing = event.kind === "entered" || event.kind === "back" || event.kind === "away";
    // Not put off by whoever comes next, or a lively arena would never tell.
    if (isComing && !this.#isOccupancyDue) {
      this.#isOccupancyDue = true;
      this.#room.setTimer(occupancyTimer, occupancyMs);
    }
    const player = this.#ledger.players.get(earner);
    if (player === undefined || player.score === before) return;
    const { id, name, hue, score } = player;
    this.#tellBoard({ id, name, hue, points: score - before });
  }

  /** Where it has no place nothing is lost: `onTellReady` says what is true then. */
  #tellLobby(): void {
    this.#room.tell(lobbyRoom, JSON.stringify({ players: this.#ledger.playersHere }));
  }

  /** GAME-11: durable with the event that made the points, and heard exactly once, or owed until the board has place again. */
  #tellBoard(gain: Gain): void {
    const isTold = this.#owed.isEmpty && this.#room.tell(boardRoom, encodeGain(gain));
    if (!isTold) this.#owe({ kind: "owed", gain });
  }

  #payBoard(): void {
    for (const gain of this.#owed.gains) {
      if (!this.#room.tell(boardRoom, encodeGain(gain))) return;
      this.#owe({ kind: "paid", id: gain.id });
    }
  }

  #owe(owing: Owing): void {
    this.#room.append(encodeOwing(owing));
  }

  #tellEvents(except?: Session): void {
    if (this.#fresh.length === 0) return;
    const events = this.#fresh;
    this.#fresh = [];
    const message = encodeDown({ kind: "events", serial: this.#ledger.serial - events.length + 1, events });
    this.#room.broadcast(message, except === undefined ? {} : { except });
  }

  /**
   * GAME-6: once, before the first turn of an owner. After a move everything is as it was. After a crash who is here and what they have is
   * what the journal says, but figures are where the last snapshot had them, or nowhere: then they come in anew.
   */
  #settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    for (const session of this.#room.sessions.values()) {
      const number = session.attachment;
      if (typeof number !== "number" || this.#ledger.players.get(number)?.isHere !== true) continue;
      this.#sessions.set(number, session);
      this.#broadcast.begin(session);
      session.send(this.#home(), homeDelivery);
      this.#world.enter(number);
    }
    for (const number of [...this.#world.figures.keys()]) {
      if (!this.#sessions.has(number)) this.#world.leave(number);
    }
    // Whose session was lost in between.
    for (const { number, isHere } of [...this.#ledger.players.values()]) {
      if (isHere && !this.#sessions.has(number)) this.#part(number);
    }
  }

  #home(): Uint8Array {
    return encodeDown({ kind: "home", server: this.#room.server });
  }

  #enter(number: number, id: string, query: URLSearchParams): void {
    if (this.#ledger.players.size >= playersKnownMax) {
      const away = [...this.#ledger.players.values()].find(({ isHere }) => !isHere);
      if (away !== undefined) this.#world.dismiss(away.number);
    }
    const hue = parseHue(query.get("hue")) ?? Math.trunc((number * hueStep) % 360);
    this.#record({ kind: "entered", number, id, hue, name: sanitizeName(query.get("name") ?? "") });
  }

  /** The same player: after a reload, on another device, or while the old connection is not known to be gone. */
  #comeBack(session: Session, { number, name, isHere }: LedgerPlayer, wanted: string | null): void {
    const before = this.#sessions.get(number);
    if (before !== undefined && before !== session) {
      this.#sessions.delete(number);
      this.#broadcast.end(before);
      before.close(replaced, "you have joined from somewhere else");
    }
    if (!isHere) this.#record({ kind: "back", number });
    const clean = wanted === null ? name : sanitizeName(wanted);
    if (clean !== name) this.#record({ kind: "renamed", number, name: clean });
  }

  #part(number: number): void {
    const session = this.#sessions.get(number);
    if (session !== undefined) this.#broadcast.end(session);
    this.#sessions.delete(number);
    this.#world.leave(number);
    this.#record({ kind: "away", number });
    this.#room.setTimer(`away ${number}`, awayMsMax);
  }

  /** `undefined` for a session that was refused, or replaced by a newer one. */
  #numberOf(session: Session): number | undefined {
    const number = session.attachment;
    if (typeof number !== "number") return undefined;
    return this.#sessions.get(number)?.id === session.id ? number : undefined;
  }

  #handle(session: Session, number: number, up: UpMessage): void {
    switch (up.kind) {
      case "steps":
        this.#broadcast.seen(session, up.seenTick);
        this.#world.figures.get(number)?.queue.receive(up.first, up.steps);
        return;
      case "seen":
        this.#broadcast.seen(session, up.tick);
        return;
      case "ping":
        session.send(encodeDown({ kind: "pong", token: up.token }), { delivery: "volatile" });
        return;
      case "rename":
        this.#rename(number, sanitizeName(up.name));
        return;
      case "say":
        this.#say(session, number, sanitizeChat(up.text));
        return;
      case "heal":
        this.#world.heal(number);
        return;
    }
  }

  /** Every change of a name goes to everybody, so it has its price. */
  #rename(number: number, name: string): void {
    const figure = this.#world.figures.get(number);
    if (figure === undefined || this.#world.tick < figure.renamableAtTick) return;
    if (this.#ledger.players.get(number)?.name === name) return;
    figure.renamableAtTick = this.#world.tick + ticksBetweenRenames;
    this.#record({ kind: "renamed", number, name });
  }

  #say(session: Session, number: number, text: string): void {
    const figure = this.#world.figures.get(number);
    if (figure === undefined || text === "") return;
    if (this.#world.tick < figure.sayableAtTick) {
      session.send(encodeDown({ kind: "quiet", seconds: 1 }));
      return;
    }
    figure.sayableAtTick = this.#world.tick + ticksBetweenWords;
    this.#record({ kind: "said", number, text });
  }
}
