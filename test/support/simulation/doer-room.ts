import type { AppDefinition, Data, Message, Room, RoomContext, Session } from "../../../gateway/room/sdk.ts";
import { Chance } from "./chance.ts";
import { isSlot, nameDoing, readDoing, slotNames } from "./doings-names.ts";

/** What doers are given, and tell about themselves from within. */
export interface DoerWatch {
  /** Of the run: what doers do is drawn from it and from what makes them do it. */
  readonly seed: number;
  nowMs(): number;
  /** A number that was never given before. */
  nextId(): number;
  /** A task has begun, out there. */
  taskBegan(room: string, name: string): void;
}

/** Of the process that a room runs in. */
export interface DoerHost {
  after(delayMs: number, task: () => void): unknown;
}

export const doerRooms = ["doer/a", "doer/b", "doer/c"] as const;
export const earRooms = ["ear/x", "ear/y"] as const;

/** Whether rooms of that name do things by themselves. */
export function isDoingRoom(room: string): boolean {
  return /^(doer|drip|ear)\//.test(room);
}

const depthMax = 3;
const entryMark = 0x21;

/** Whether an entry is of what a room did by itself, and not a body of its ledger. */
export function isDoing(entry: Uint8Array): boolean {
  return entry[0] === entryMark;
}

/** The app, whose rooms besides do things by themselves: with each message, and with each thing that comes of the things before, for a while. */
export function withDoings(app: AppDefinition, watch: DoerWatch, host: DoerHost): AppDefinition {
  return { ...app, create: (room) => new Doer(room, app, watch, host) };
}

/** Only listens. */
export function earApp(): AppDefinition {
  return {
    durability: "commit",
    idleMs: 600,
    create: (room) => ({
      onMessage: () => {},
      onTell: (from, message) => room.append(`!heard ${from} ${message.text()}`),
      apply: () => {},
      snapshot: () => new Uint8Array(8),
      restore: () => {},
    }),
  };
}

class Doer implements Room {
  readonly #room: RoomContext;
  readonly #inner: Room;
  readonly #watch: DoerWatch;
  readonly #host: DoerHost;
  readonly #tells: boolean;

  constructor(room: RoomContext, app: AppDefinition, watch: DoerWatch, host: DoerHost) {
    this.#room = room;
    this.#inner = app.create(room);
    this.#watch = watch;
    this.#host = host;
    this.#tells = app.durability === "commit";
  }

  onJoin(session: Session, request: Parameters<NonNullable<Room["onJoin"]>>[1]): void {
    this.#inner.onJoin?.(session, request);
  }

  onMessage(session: Session, message: Message): void {
    this.#inner.onMessage(session, message);
    this.#act(message.text(), depthMax);
  }

  onTimer(name: string): void {
    this.#append(`timer ${name} ${this.#watch.nowMs()}`);
    if (!isSlot(name)) this.#act(name, readDoing(name).depth);
  }

  onWork(name: string, { kind }: { readonly kind: string }): void {
    this.#append(`work ${name} ${kind}`);
    const { depth } = readDoing(name);
    // One that was interrupted begins again under its name, or is left.
    if (kind === "interrupted" && this.#chance(`again ${name}`).happens(0.5)) this.#work(name);
    else this.#act(`${kind} ${name}`, depth);
  }

  onTell(from: string, message: Message): void {
    this.#append(`heard ${from} ${message.text()}`);
    this.#act(`${from} ${message.text()}`, readDoing(message.text()).depth);
  }

  apply(entry: Uint8Array): void {
    if (!isDoing(entry)) this.#inner.apply?.(entry);
  }

  snapshot(): Uint8Array {
    return this.#inner.snapshot?.() ?? new Uint8Array(0);
  }

  restore(snapshot: Uint8Array): void {
    this.#inner.restore?.(snapshot);
  }

  /** `why` names what has happened: the same in a run of the same seed, and in no other place. */
  #act(why: string, depth: number): void {
    if (depth <= 0) return;
    const chance = this.#chance(why);
    const count = depth === depthMax ? chance.below(3) : chance.below(5) - 2;
    for (let doing = 0; doing < count; doing += 1) this.#do(chance, depth - 1);
  }

  #do(chance: Chance, depth: number): void {
    const draw = chance.draw();
    if (draw < 0.3) this.#setTimer(depth, delayMs(chance));
    else if (draw < 0.4) this.#setSlot(chance);
    else if (draw < 0.46) this.#clearSlot(chance);
    else if (draw < 0.66) this.#work(this.#name(depth, workMs(chance)));
    else if (draw < 0.95 && this.#tells) {
      const to = chance.happens(0.6) ? chance.pick(earRooms) : chance.pick(doerRooms);
      this.#room.tell(to, this.#name(depth, 0));
    } else this.#append("note");
  }

  /** Of this the turn appends nothing: that it lasts is the timer's own business. */
  #setTimer(depth: number, ms: number): void {
    this.#room.setTimer(this.#name(depth, ms), ms);
  }

  #setSlot(chance: Chance): void {
    const slot = chance.pick(slotNames);
    const ms = delayMs(chance);
    this.#room.setTimer(slot, ms);
    this.#append(`set ${slot} ${ms} ${this.#watch.nowMs()}`);
  }

  #clearSlot(chance: Chance): void {
    const slot = chance.pick(slotNames);
    this.#room.clearTimer(slot);
    this.#append(`clear ${slot}`);
  }

  #work(name: string): void {
    const { ms, id } = readDoing(name);
    this.#room.work(name, (signal) => {
      this.#watch.taskBegan(this.#room.key, name);
      return new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")));
        this.#host.after(ms, () => (id % 10 === 0 ? reject(new Error("failed")) : resolve(id)));
      });
    });
  }

  #name(depth: number, ms: number): string {
    return nameDoing({ id: this.#watch.nextId(), depth, ms, atMs: this.#watch.nowMs() });
  }

  #append(text: Data): void {
    this.#room.append(`!${text}`);
  }

  #chance(why: string): Chance {
    return new Chance(hash(`${this.#room.key} ${why}`) ^ this.#watch.seed);
  }
}

function delayMs(chance: Chance): number {
  return chance.happens(0.6) ? chance.between(10, 400) : chance.between(400, 4_000);
}

function workMs(chance: Chance): number {
  return chance.happens(0.6) ? chance.between(0, 60) : chance.between(60, 2_500);
}

/** FNV-1a. */
function hash(text: string): number {
  let word = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) word = Math.imul(word ^ text.charCodeAt(index), 0x01000193);
  return word >>> 0;
}
