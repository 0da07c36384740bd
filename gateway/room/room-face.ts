import { isSendableCloseCode } from "../wire/close-codes.ts";
import { reasonBytesMax } from "../wire/frame-layout.ts";
import { appOf, type Epoch, type RoomKey, roomIdOf } from "../wire/ids.ts";
import type { Logger } from "../wire/runtime.ts";
import { Attachment } from "./attachment.ts";
import { Member, type MemberHost } from "./member.ts";
import { nameLengthMax } from "./room-bounds.ts";
import { keepData } from "./room-message.ts";
import type { RoomSchedule } from "./room-schedule.ts";
import type { RoomTells } from "./room-tells.ts";
import type { Roster } from "./roster.ts";
import type { BroadcastOptions, Data, RoomContext, SendOptions, Session } from "./sdk.ts";
import type { Target } from "./sent-tail.ts";
import type { TurnBudget } from "./turn-budget.ts";
import type { Turns } from "./turns.ts";

/** What the calls of a room's code turn into. Each is made within a turn. */
export interface FaceHost {
  readonly key: RoomKey;
  readonly epoch: Epoch;
  readonly log: Logger;
  readonly turns: Turns;
  readonly sessions: ReadonlyMap<string, Session>;
  readonly tells: RoomTells;
  readonly schedule: RoomSchedule;
  readonly budget: TurnBudget;
  readonly roster: Roster;
  send(target: Target, data: Data, delivery: SendOptions["delivery"]): void;
  close(member: Member, code: number, reason: Uint8Array): void;
  append(entry: Uint8Array): void;
}

const everyone: Target = Object.freeze({ kind: "all", except: undefined });

/** What a room's code has of its room: checks each call, and that it is made within a turn. */
export class RoomFace implements RoomContext, MemberHost {
  readonly key: string;
  readonly app: string;
  readonly id: string;
  readonly server: string;
  readonly log: Logger;
  readonly #host: FaceHost;

  constructor(host: FaceHost, server: string) {
    this.#host = host;
    this.key = host.key;
    this.app = appOf(host.key);
    this.id = roomIdOf(host.key);
    this.server = server;
    this.log = host.log;
  }

  get sessions(): ReadonlyMap<string, Session> {
    return this.#host.sessions;
  }

  get epoch(): Epoch {
    return this.#host.epoch;
  }

  broadcast(data: Data, options?: BroadcastOptions): void {
    checkDelivery(options?.delivery);
    if (this.#isHeard("broadcast")) this.#host.send(targetOf(options), data, options?.delivery);
  }

  append(entry: Data): void {
    this.#host.turns.assertRunning("append", this.key);
    const bytes = keepData(entry);
    this.#host.append(bytes);
  }

  tell(room: string, data: Data): boolean {
    return this.#isHeard("tell") ? this.#host.tells.tell(room, data) : true;
  }

  unheardBy(room: string): number {
    return this.#host.tells.unheardBy(room);
  }

  setTimer(name: string, delayMs: number): void {
    this.#assertTurn("setTimer");
    checkName(name);
    if (this.#host.turns.isReplaying) return;
    this.#host.budget.spend("a timer", name.length);
    this.#host.schedule.setTimer(name, delayMs);
  }

  clearTimer(name: string): void {
    this.#assertTurn("clearTimer");
    if (this.#host.turns.isReplaying) return;
    this.#host.budget.spend("a timer", 0);
    this.#host.schedule.clearTimer(name);
  }

  work(name: string, task: (signal: AbortSignal) => Promise<unknown>): void {
    this.#host.turns.assertRunning("work", this.key);
    checkName(name);
    this.#host.budget.spend("work", name.length);
    this.#host.schedule.work(name, task);
  }

  sendTo(member: Member, data: Data, options: SendOptions | undefined): void {
    checkDelivery(options?.delivery);
    if (!this.#isHeard("send") || member.state === "ended") return;
    this.#host.send({ kind: "one", member }, data, options?.delivery);
  }

  closeMember(member: Member, code: number, reason: string): void {
    const isHeard = this.#isHeard("close");
    if (!isSendableCloseCode(code)) throw new RangeError(`${code} is no close code that an application may send`);
    if (!isHeard || member.state === "ended") return;
    const bytes = keepData(reason);
    if (bytes.length > reasonBytesMax) throw new RangeError(`a close reason is at most ${reasonBytesMax} bytes`);
    this.#host.close(member, code, bytes);
  }

  /** ROOM-41: what cannot be kept is refused here, and not where it would leave the room. */
  attach(member: Member, value: unknown): void {
    if (!this.#isHeard("an attachment")) return;
    const attachment = Attachment.of(value, member.id);
    this.#host.budget.spend("an attachment", attachment.bytes.length);
    this.#host.roster.attach(member, attachment);
  }

  #isHeard(what: string): boolean {
    return this.#host.turns.isHeard(what, this.key);
  }

  #assertTurn(what: string): void {
    this.#host.turns.assertInside(what, this.key);
  }
}

function targetOf(options: BroadcastOptions | undefined): Target {
  if (options?.to) {
    // Each once, however often it is named.
    const members = [...new Set(options.to)].filter(
      (one) => one instanceof Member && one.state === "member",
    ) as Member[];
    return { kind: "some", members };
  }
  if (options?.except instanceof Member) return { kind: "all", except: options.except };
  return everyone;
}

function checkName(name: string): void {
  const isText = typeof name === "string" && name.length > 0 && name.length <= nameLengthMax;
  // Half of a pair would come back from a journal as another name.
  if (isText && !/\p{Surrogate}/u.test(name)) return;
  throw new RangeError(`a name is a text of 1 to ${nameLengthMax} characters`);
}

function checkDelivery(delivery: SendOptions["delivery"]): void {
  if (delivery === undefined || delivery === "reliable" || delivery === "volatile") return;
  const key: unknown = (delivery as { readonly latest?: unknown } | null)?.latest;
  if (typeof key !== "string" || key.length > nameLengthMax)
    throw new RangeError(`delivery is reliable, volatile, or latest with a key of at most ${nameLengthMax} characters`);
}
