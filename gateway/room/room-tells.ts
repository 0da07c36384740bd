import { parseRoomKey, type RoomKey } from "../wire/ids.ts";
import type { Runtime, Timer } from "../wire/runtime.ts";
import { tellItemsMax } from "../wire/text-limits.ts";
import { HeardLines } from "./heard-lines.ts";
import type { JournaledTurns } from "./journaled-turns.ts";
import { keepData, RoomMessage } from "./room-message.ts";
import type { Data, Message } from "./sdk.ts";
import { SpokenLines, type Told } from "./spoken-lines.ts";
import type { HearAnswer, Saying, Speaker } from "./tell-desk.ts";
import type { Turns } from "./turns.ts";

export interface RoomTellsDeps {
  readonly runtime: Pick<Runtime, "after" | "nowMs">;
  readonly journaled: JournaledTurns | undefined;
  readonly turns: Turns;
  /** Why a room cannot be told anything; `undefined` if it can. */
  refusal(to: RoomKey): string | undefined;
  /** Counts against what one turn may say. */
  spend(bytes: number): void;
  /** Something durable waits for `to`. */
  offer(to: RoomKey): void;
  /** A line of `from` is full of what that room has not recorded as heard. */
  remind(from: RoomKey): void;
  onTell(from: RoomKey, message: Message): unknown;
  onTellReady(to: RoomKey): unknown;
}

/** What is the room's of this in a move and in a snapshot. */
export type TellsState = ReturnType<SpokenLines["state"]> & ReturnType<HeardLines["state"]>;

export const tellBytesMax = 1024 * 1024;
/** Of what one message tells, but for the last thing in it. */
export const batchBytesMax = 1024 * 1024;
/** What was heard is recorded at the latest after this: other records of the room usually carry it sooner. */
const settleAfterMs = 1_000;
/** Above this many open lines rooms are reminded to settle theirs, those first that have been silent longest. */
const remindAbove = 1_000;
const tidyEveryMs = 1_000;
const remindersAtOnce = 16;
const settledKeptMax = 1_024;

interface Asking {
  /** 0: not given yet. */
  line: number;
  /** This owner has appended something since it was given the line: nobody else can have. */
  isProven: boolean;
  /** Everything up to here was heard. */
  told: number;
  /** That is recorded, up to here. */
  recorded: number;
  /** The other side knows so. */
  settled: number;
}

/**
 * What rooms say to each other. TELL-1: the one who speaks numbers what it says with its turn; the one who listens records up to which
 * number it has heard with its own turn. However often something is delivered, it is heard once, in order.
 *
 * ```
 * speaker                                   listener
 *   turn: tell #7 ─ record
 *   ask for a line ───────────────────────▶ line 3, heard up to 0 ─ record
 *   record (only the owner can)  ◀───────── line 3
 *   #7 on line 3 ─────────────────────────▶ turn: heard #7 on line 3 ─ record
 *   #7 is out; record after a while ◀────── heard up to #7
 *   settled up to #7 ─────────────────────▶ line 3 is forgotten
 * ```
 *
 * TELL-4: the record behind the grant is what makes forgetting safe. Whoever takes itself for the owner and is not cannot append, so it cannot use a
 * line that it was given, and a line from before is refused. The next owner asks for a line of its own and is given the one that is open.
 */
export class RoomTells implements Speaker {
  readonly key: RoomKey;
  readonly #deps: RoomTellsDeps;
  readonly #spoken = new SpokenLines();
  readonly #heard = new HeardLines();
  /** Rooms that this owner speaks to, or has spoken to lately. */
  readonly #asking = new Map<RoomKey, Asking>();
  /** Turns that wait to tell the room that it may speak again. */
  readonly #reporting = new Set<RoomKey>();
  #settleTimer: Timer | undefined;
  #tidyTimer: Timer | undefined;
  #isGone = false;

  constructor(key: RoomKey, deps: RoomTellsDeps) {
    this.key = key;
    this.#deps = deps;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Something waits to be heard: the room must run, whoever is in it. */
  get hasWaiting(): boolean {
    return !this.#spoken.isEmpty;
  }

  /** TELL-4: a room that heard something keeps a place for it until it knows that this one has recorded so. */
  get isSettling(): boolean {
    for (const { told, settled } of this.#asking.values()) if (told > settled) return true;
    return false;
  }

  /** The room speaks no more from here. */
  close(): void {
    this.#isGone = true;
    this.#settleTimer?.cancel();
    this.#tidyTimer?.cancel();
  }

  /** Within a turn. `false` where too much waits. Throws where it cannot be said at all. */
  tell(room: string, data: Data): boolean {
    const { journaled, refusal } = this.#deps;
    const to = parseRoomKey(room);
    if (to === undefined) throw new RangeError(`"${room}" is no room`);
    if (!journaled?.isGated) throw new Error('tell needs an app of durability "commit"');
    const problem = refusal(to);
    if (problem !== undefined) throw new Error(problem);
    const bytes = keepData(data);
    if (bytes.length > tellBytesMax)
      throw new RangeError(`at most ${tellBytesMax} bytes can be told at once, these are ${bytes.length}`);
    // TELL-5
    if (this.#spoken.refusalOf(to, bytes.length) !== undefined) {
      if (this.#spoken.refuse(to)) journaled.tellRefused(to);
      return false;
    }
    this.#deps.spend(bytes.length);
    const isText = typeof data === "string";
    const number = this.#spoken.say(to, isText, bytes);
    journaled.tell(to, number, isText, bytes);
    journaled.hold?.({
      kind: "call",
      task: () => {
        this.#spoken.madeDurable(to, number);
        this.#deps.offer(to);
      },
    });
    return true;
  }

  /** How much of what was told to a room is not heard yet. */
  unheardBy(room: string): number {
    return this.#spoken.countFor(room as RoomKey);
  }

  // ---- the desk ----

  next(to: RoomKey): Saying | undefined {
    const items = this.#spoken.waitingFor(to, tellItemsMax, batchBytesMax);
    const asking = this.#asking.get(to);
    if (items.length > 0 && (asking === undefined || asking.line === 0)) return { kind: "ask" };
    if (asking === undefined || (asking.line > 0 && !asking.isProven)) return undefined;
    const { line, recorded, settled } = asking;
    if (items.length > 0) return { kind: "say", line, items };
    if (recorded <= settled || this.#spoken.countFor(to) > 0) return undefined;
    return line === 0 ? { kind: "ask" } : { kind: "settle", line, upTo: recorded };
  }

  answered(to: RoomKey, saying: Saying, answer: HearAnswer): boolean {
    const asking = this.#askingOf(to);
    switch (answer.kind) {
      case "line":
        return asking.line !== 0 || this.#granted(to, asking, answer);
      case "unknownLine":
        // What was on its way there was not heard: a line is forgotten only when all of it is recorded here.
        if (saying.kind !== "ask" && asking.line === saying.line) this.#asking.delete(to);
        return true;
      case "heard":
        if (saying.kind === "settle") {
          this.#settled(to, asking, saying.upTo);
          return true;
        }
        this.#told(to, asking, answer.upTo);
        return saying.kind === "say" && answer.upTo >= (saying.items[0]?.number ?? 0);
      default:
        return false;
    }
  }

  /** The other room has too many lines that are not settled: say again up to where this one's is. */
  remind(to: RoomKey): void {
    if (this.#spoken.countFor(to) > 0) return;
    const asking = this.#askingOf(to);
    asking.settled = -1;
    asking.recorded = Math.max(asking.recorded, 0);
    this.#deps.offer(to);
  }

  /** Offers what has waited since before this owner. */
  offerAll(): void {
    this.#spoken.allDurable();
    for (const asking of this.#asking.values()) if (!asking.isProven) asking.line = 0;
    for (const to of this.#spoken.rooms) this.#deps.offer(to);
    if (this.#asking.size > 0) this.#settleSoon();
    if (this.#heard.openCount > remindAbove) this.#tidySoon();
    this.#reportReady();
  }

  // ---- what others say ----

  /** TELL-2: hears what is next, once; `answer` is called when that is durable, or at once where it cannot be. */
  hear(from: RoomKey, saying: Saying, answer: (answer: HearAnswer) => void): void {
    const { journaled, turns } = this.#deps;
    if (turns.isHalted || !journaled?.isGated || journaled.isClogged) {
      answer({ kind: "later" });
      return;
    }
    if (saying.kind === "ask") {
      this.#grant(from, answer);
      return;
    }
    const hearing = this.#heard.get(from);
    if (hearing?.line !== saying.line) {
      answer({ kind: "unknownLine" });
      return;
    }
    if (saying.kind === "say") this.#hearAll(from, saying.line, saying.items);
    else if (saying.upTo >= hearing.upTo) {
      this.#heard.settle(from);
      journaled.settled(from);
    }
    // Behind everything in front of it: what was heard before may not be durable yet either.
    const upTo = this.#heard.get(from)?.upTo ?? 0;
    this.#answerDurably(answer, { kind: "heard", upTo });
  }

  #hearAll(from: RoomKey, line: number, items: readonly Told[]): void {
    const { journaled, turns, onTell, runtime } = this.#deps;
    for (const { number, isText, bytes } of items) {
      if (turns.isHalted || journaled?.isClogged) return;
      if (number <= (this.#heard.get(from)?.upTo ?? 0)) continue;
      turns.run(() => {
        this.#heard.set(from, { line, upTo: number }, runtime.nowMs());
        journaled?.heard(from, line, number);
        return onTell(from, new RoomMessage(bytes, isText));
      });
    }
  }

  #grant(from: RoomKey, answer: (answer: HearAnswer) => void): void {
    const { turns, journaled, runtime } = this.#deps;
    const granted = this.#heard.grant(from, runtime.nowMs());
    if (this.#heard.openCount > remindAbove) this.#tidySoon();
    if (!granted) {
      answer({ kind: "later" });
      return;
    }
    const { line, upTo } = granted.hearing;
    if (granted.isNew) turns.run(() => journaled?.heard(from, line, upTo));
    this.#answerDurably(answer, { kind: "line", line, upTo });
  }

  /** Where many lines are open: takes back those that nobody uses, and reminds the rooms that have not settled theirs. */
  #tidySoon(): void {
    this.#tidyTimer ??= this.#deps.runtime.after(tidyEveryMs, () => {
      this.#tidyTimer = undefined;
      if (this.#isGone || this.#deps.turns.isHalted || this.#heard.openCount <= remindAbove) return;
      for (const from of this.#heard.takeForsaken(this.#deps.runtime.nowMs())) this.#deps.journaled?.settled(from);
      for (const from of this.#heard.takeUnsettled(remindersAtOnce)) this.#deps.remind(from);
      this.#tidySoon();
    });
  }

  #answerDurably(answer: (answer: HearAnswer) => void, what: HearAnswer): void {
    const { turns, journaled } = this.#deps;
    if (turns.isHalted) answer({ kind: "later" });
    else turns.run(() => journaled?.hold?.({ kind: "call", task: () => answer(what) }));
  }

  // ---- a move, a snapshot, a journal ----

  state(): TellsState {
    return { ...this.#spoken.state(), ...this.#heard.state() };
  }

  restore({ next, out, refused, nextLine, heard }: TellsState): void {
    for (const [to, items] of out) {
      for (const [number, isText, bytes] of items) this.#spoken.put(to as RoomKey, { number, isText, bytes });
    }
    this.#spoken.skipTo(next);
    for (const to of refused) this.#spoken.refuse(to as RoomKey);
    for (const [from, line, upTo] of heard) this.replayHeard(from, line, upTo);
    this.#heard.skipTo(nextLine);
  }

  replayTell(to: string, number: number, isText: boolean, bytes: Uint8Array): void {
    this.#spoken.put(to as RoomKey, { number, isText, bytes: bytes.slice() });
  }

  replayTold(to: string, number: number): void {
    this.#spoken.drop(to as RoomKey, number);
  }

  replayRefused(to: string): void {
    this.#spoken.refuse(to as RoomKey);
  }

  replayReady(to: string): void {
    this.#spoken.unrefuse(to as RoomKey);
  }

  replayHeard(from: string, line: number, upTo: number): void {
    this.#heard.set(from as RoomKey, { line, upTo }, this.#deps.runtime.nowMs());
  }

  replaySettled(from: string): void {
    this.#heard.settle(from as RoomKey);
  }

  // ---- the speaker's side of a line ----

  #granted(to: RoomKey, asking: Asking, { line, upTo }: Extract<HearAnswer, { kind: "line" }>): boolean {
    const { journaled, turns } = this.#deps;
    // Nothing may be appended now. Asked again later.
    if (turns.isHalted || !journaled) return false;
    asking.line = line;
    this.#told(to, asking, upTo);
    journaled.prove(() => {
      asking.isProven = true;
      // With nothing waiting, whatever was heard is recorded: this record is behind it.
      if (this.#spoken.countFor(to) === 0) asking.recorded = asking.told;
      this.#deps.offer(to);
    });
    return true;
  }

  /** A line that is settled is only kept so that the next thing said needs none. */
  #settled(to: RoomKey, asking: Asking, upTo: number): void {
    asking.settled = Math.max(asking.settled, upTo);
    if (this.#asking.size > settledKeptMax && this.#spoken.countFor(to) === 0) this.#asking.delete(to);
  }

  #told(to: RoomKey, asking: Asking, upTo: number): void {
    asking.told = Math.max(asking.told, upTo);
    if (!this.#spoken.drop(to, upTo)) return;
    this.#deps.journaled?.told(to, upTo);
    this.#settleSoon();
    this.#reportReady();
  }

  #reportReady(): void {
    const { turns, journaled, onTellReady } = this.#deps;
    for (const to of this.#spoken.readyAgain()) {
      if (this.#reporting.has(to)) continue;
      this.#reporting.add(to);
      turns.soon(() => {
        this.#reporting.delete(to);
        this.#spoken.unrefuse(to);
        journaled?.tellReady(to);
        return onTellReady(to);
      });
    }
  }

  #settleSoon(): void {
    this.#settleTimer ??= this.#deps.runtime.after(settleAfterMs, () => {
      this.#settleTimer = undefined;
      this.#settle();
    });
  }

  /** Records what was heard, where all of it was, and tells the other sides. */
  #settle(): void {
    const { journaled, turns } = this.#deps;
    if (this.#isGone || turns.isHalted || !journaled) return;
    const due = [...this.#asking].filter(
      ([to, { told, settled }]) => told > settled && this.#spoken.countFor(to) === 0,
    );
    const at = due.map(([to, asking]) => ({ to, asking, told: asking.told }));
    if (at.length === 0) return;
    journaled.prove(() => {
      for (const { to, asking, told } of at) {
        asking.recorded = Math.max(asking.recorded, told);
        this.#deps.offer(to);
      }
    });
  }

  #askingOf(to: RoomKey): Asking {
    const known = this.#asking.get(to);
    if (known) return known;
    const asking: Asking = { line: 0, isProven: false, told: 0, recorded: 0, settled: 0 };
    this.#asking.set(to, asking);
    return asking;
  }
}
