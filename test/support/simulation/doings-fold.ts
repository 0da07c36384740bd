import type { Doings } from "./doings.ts";
import { isSlot, readDoing } from "./doings-names.ts";

const decoder = new TextDecoder();
/** What hosts round. */
const dueToleranceMs = 1.5;
/** Before a waiting timer's room has recorded its clock first, and what that and a move that comes to nothing may take. */
const firstNoteMs = 250;
const noteSlackMs = 400;

/** How a timer was set: when by the simulation's clock, and for how long. */
interface Setting {
  readonly atMs: number;
  readonly ms: number;
}

/** A line on which another room is heard. */
interface HeardLine {
  readonly line: number;
  readonly upTo: number;
  /** When that became durable. */
  readonly atMs: number;
  readonly isOpen: boolean;
}

/**
 * What the records of one room say of its timers, its work and what is told and heard, each as it becomes durable. What ends has its turn in the
 * same record: the entry that the room's code then appends.
 */
export class DoingsFold {
  readonly timers = new Map<string, Setting>();
  readonly works = new Set<string>();
  /** Of all that have ever begun, over or not. */
  readonly everBegun = new Set<string>();
  /** As the store was told with the last append. */
  mustRun = false;
  /** The process that has taken it last. */
  owner = "";
  readonly #room: string;
  readonly #all: Doings;
  readonly #lines = new Map<string, HeardLine>();
  #lastLine = 0;
  /** What the next entry must be of, as it begins. */
  #due: string | undefined;
  #heardNumber = 0;
  /** A record that sets a timer of a slot says how behind it. */
  #unsaid: string | undefined;
  /** By the simulation's clock: when the room's clock was recorded, a timer set, and the room taken. */
  #clockAtMs = 0;
  #setAtMs = 0;
  #takenAtMs = 0;

  constructor(room: string, all: Doings) {
    this.#room = room;
    this.#all = all;
  }

  /** Rooms whose lines are open, and since when nothing was heard on them. */
  *openLines(): Generator<{ readonly from: string; readonly sinceMs: number }> {
    for (const [from, { isOpen, upTo, atMs }] of this.#lines) {
      // One that nothing was heard on may have been asked for by a zombie, who cannot use it: it is taken back where there are many.
      if (isOpen && upTo > 0) yield { from, sinceMs: atMs };
    }
  }

  /** When its present owner took it. */
  get takenAtMs(): number {
    return this.#takenAtMs;
  }

  recordEnds(): void {
    this.#mustNotBeDue("the end of a record");
  }

  clock(): void {
    this.#clockAtMs = this.#all.nowMs();
  }

  /** ROOM-36: `stoppedMs`: when the owner before was killed or stood still; `undefined` where it was not. */
  taken(owner: string, stoppedMs: number | undefined): void {
    this.owner = owner;
    const runMs = stoppedMs === undefined ? 0 : stoppedMs - Math.max(this.#takenAtMs, this.#setAtMs);
    const lostMs = stoppedMs === undefined ? 0 : stoppedMs - Math.max(this.#takenAtMs, this.#clockAtMs);
    this.#takenAtMs = this.#all.nowMs();
    if (this.timers.size > 0 && lostMs > Math.max(firstNoteMs, runMs / 2) + noteSlackMs)
      this.#report(
        "clock",
        `the room's clock has lost ${lostMs.toFixed(0)} ms with an owner of ${runMs.toFixed(0)} ms`,
      );
  }

  timerSet(name: string): void {
    this.#mustNotBeDue(`timer "${name}" being set`);
    this.#setAtMs = this.#all.nowMs();
    const { atMs, ms } = readDoing(name);
    this.timers.set(name, { atMs, ms });
    if (isSlot(name)) this.#unsaid = name;
  }

  timerOver(name: string): void {
    this.#mustNotBeDue(`timer "${name}" being over`);
    if (!this.timers.has(name)) this.#report("timer", `timer "${name}" is over, and was not set`);
    // Kept until its entry says how it ended.
    this.#due = isSlot(name) ? `timer ${name}|clear ${name}` : `timer ${name}`;
  }

  workBegun(name: string): void {
    this.#mustNotBeDue(`work "${name}" being begun`);
    if (this.works.has(name)) this.#report("work", `work "${name}" has begun twice`);
    this.works.add(name);
    this.everBegun.add(name);
  }

  workOver(name: string): void {
    this.#mustNotBeDue(`work "${name}" being over`);
    if (!this.works.delete(name)) this.#report("work", `work "${name}" is over, and has not begun or was over before`);
    this.#due = `work ${name}`;
  }

  tell(to: string, number: number, bytes: Uint8Array): void {
    this.#all.told(this.#room, to, number, decoder.decode(bytes));
  }

  /** TELL-1: nobody believes that something was heard before that is durable there. */
  told(to: string, number: number): void {
    const upTo = this.#all.heardUpTo(this.#room, to);
    if (number > upTo) this.#report("tell", `has recorded that ${to} heard up to ${number}, durable there is ${upTo}`);
  }

  /** TELL-4 */
  heard(from: string, line: number, number: number): void {
    const known = this.#lines.get(from);
    if (number === 0) {
      if (line <= this.#lastLine) this.#report("tell", `gave line ${line} to ${from}, after line ${this.#lastLine}`);
      this.#lastLine = Math.max(this.#lastLine, line);
    } else {
      this.#mustNotBeDue(`${number} of ${from} being heard`);
      if (known?.line !== line) this.#report("tell", `has heard ${from} on line ${line}, which has ${known?.line}`);
      this.#due = `heard ${from} `;
      this.#heardNumber = number;
    }
    this.#lines.set(from, { line, upTo: number, atMs: this.#all.nowMs(), isOpen: true });
  }

  settled(from: string): void {
    const known = this.#lines.get(from);
    if (known) this.#lines.set(from, { ...known, isOpen: false });
  }

  /** What the room's code saw, and did. */
  entry(text: string): void {
    const due = this.#due;
    this.#due = undefined;
    const [verb, ...words] = text.split(" ");
    const isDue = due?.split("|").some((begin) => text.startsWith(begin)) ?? false;
    if (due !== undefined && !isDue) this.#report("doing", `"${text}" came where "${due}" was due`);
    switch (verb) {
      case "timer":
        this.#fired(words.slice(0, -1).join(" "), Number(words.at(-1)), isDue);
        return;
      case "work":
        this.#all.counts[words.at(-1) === "interrupted" ? "interrupted" : "done"] += 1;
        if (!isDue) this.#report("work", `"${text}" was told, and the record does not say that it is over`);
        return;
      case "heard": {
        if (!isDue) this.#report("tell", `"${text}" was told to the room, and the record does not say so`);
        const [from = "", ...said] = words;
        this.#all.heard(from, this.#room, this.#heardNumber, said.join(" "));
        return;
      }
      case "clear":
        if (isDue) this.timers.delete(words.join(" "));
        else if (this.timers.has(words.join(" "))) this.#report("timer", `"${text}" left the timer as it was`);
        return;
      case "set": {
        const [name = "", ms, atMs] = words;
        if (this.#unsaid !== name) this.#report("timer", `"${text}" is not what the record sets`);
        this.#unsaid = undefined;
        this.timers.set(name, { ms: Number(ms), atMs: Number(atMs) });
        return;
      }
    }
  }

  /** ROOM-12: once for each setting, and not before it is due. A clock that jumps has brought it forward. */
  #fired(name: string, firedMs: number, isDue: boolean): void {
    const setting = this.timers.get(name);
    this.#all.counts.fired += 1;
    if (!isDue || !setting) {
      this.#report("timer", `timer "${name}" fired, and the record does not say that it is over`);
      return;
    }
    this.timers.delete(name);
    const { atMs, ms } = setting;
    const earlyMs = atMs + ms - firedMs - this.#all.jumpedMs(atMs, firedMs);
    if (earlyMs > dueToleranceMs) this.#report("timer", `timer "${name}" fired ${earlyMs.toFixed(1)} ms too early`);
  }

  #mustNotBeDue(what: string): void {
    if (this.#due === undefined) return;
    this.#report("doing", `the room's code saw nothing of "${this.#due}" before ${what}`);
    this.#due = undefined;
  }

  #report(rule: string, detail: string): void {
    this.#all.findings.report(rule, `${this.#room}: ${detail}`);
  }
}
