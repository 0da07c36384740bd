import { DoingsFold } from "./doings-fold.ts";
import type { Findings } from "./findings.ts";

/** What comes true of what rooms do by themselves. */
export type DoingKind = "fired" | "done" | "interrupted" | "heard";

interface Told {
  readonly number: number;
  readonly text: string;
}

/** What one room has told another, as far as it is durable, and how much of it is heard. */
interface Line {
  readonly told: Told[];
  heard: number;
}

/**
 * What all rooms do by themselves, by what is durable: each thing that is told is heard once and in order, timers come when they are due,
 * work has one outcome. At rest nothing of it is left.
 */
export class Doings {
  readonly findings: Findings;
  readonly nowMs: () => number;
  /** How often what has come true, by what it is. */
  readonly counts: Record<DoingKind, number> = { fired: 0, done: 0, interrupted: 0, heard: 0 };
  readonly #folds = new Map<string, DoingsFold>();
  readonly #lines = new Map<string, Line>();
  /** Leaps of room servers' clocks. */
  readonly #jumps: { readonly atMs: number; readonly byMs: number }[] = [];
  /** By process: when it was killed or stood still. */
  readonly #stops = new Map<string, number[]>();
  /** Whether rooms can record their clocks when they want to, and clocks tell how long they had. */
  readonly #isSteady: boolean;

  constructor(findings: Findings, nowMs: () => number, isSteady: boolean) {
    this.findings = findings;
    this.nowMs = nowMs;
    this.#isSteady = isSteady;
  }

  add(room: string): DoingsFold {
    const fold = new DoingsFold(room, this);
    this.#folds.set(room, fold);
    return fold;
  }

  /** COMMIT-8: out there nothing begins before its turn is durable. A zombie may begin what the next owner knows to be interrupted by then. */
  taskBegan(room: string, name: string): void {
    if (room.startsWith("doer/") && this.#folds.get(room)?.everBegun.has(name) !== true)
      this.findings.report("work", `${room} has begun "${name}" out there, and its turn is not durable`);
  }

  clockJumped(byMs: number): void {
    this.#jumps.push({ atMs: this.nowMs(), byMs });
  }

  /** How much a clock may have left out between two moments. */
  jumpedMs(fromMs: number, toMs: number): number {
    return this.#jumps.reduce((sum, { atMs, byMs }) => (atMs >= fromMs && atMs <= toMs ? sum + byMs : sum), 0);
  }

  stopped(process: string): void {
    this.#stops.set(process, [...(this.#stops.get(process) ?? []), this.nowMs()]);
  }

  /** The room is `owner`'s now. `from` was its owner before, has not let go of it, and appended last at `lastMs`. */
  taken(room: string, owner: string, from: string, lastMs: number): void {
    const stoppedMs = this.#isSteady ? this.#stops.get(from)?.find((atMs) => atMs >= lastMs) : undefined;
    this.#folds.get(room)?.taken(owner, stoppedMs);
  }

  told(from: string, to: string, number: number, text: string): void {
    const { told } = this.#line(from, to);
    const last = told.at(-1)?.number ?? 0;
    if (number <= last) this.findings.report("tell", `${from} told ${to} number ${number} after number ${last}`);
    told.push({ number, text });
  }

  /** TELL-1: the next thing, and that thing. */
  heard(from: string, to: string, number: number, text: string): void {
    const line = this.#line(from, to);
    const next = line.told[line.heard];
    this.counts.heard += 1;
    line.heard += 1;
    if (next?.number === number && next.text === text) return;
    const due = next ? `${next.number}, "${next.text}"` : "nothing";
    this.findings.report("tell", `${to} has heard ${number}, "${text}" of ${from}, where it was due to hear ${due}`);
  }

  /** Up to which number `to` has heard `from`. */
  heardUpTo(from: string, to: string): number {
    const { told, heard } = this.#line(from, to);
    return told[heard - 1]?.number ?? 0;
  }

  /** What has not come true yet; `undefined` once all has. */
  whatIsMissing(): string | undefined {
    for (const [name, { told, heard }] of this.#lines)
      if (heard < told.length) return `${name} has heard ${heard} of ${told.length} things told`;
    for (const [room, { timers, works, mustRun }] of this.#folds) {
      const [timer] = timers.keys();
      if (timer !== undefined) return `${room} has still to do with timer "${timer}"`;
      const [work] = works;
      if (work !== undefined) return `work "${work}" of ${room} has no outcome`;
      if (mustRun) return `${room} must run in the store's eyes, and has nothing to do`;
    }
    return undefined;
  }

  /**
   * TELL-4: what a room that was let go still keeps of others, who have settled what they told before they were let go themselves. What a crash
   * of one of the two has cost of that is settled when they talk again, or by a reminder.
   */
  whatIsUnsettled(room: string): string | undefined {
    const fold = this.#folds.get(room);
    for (const { from, sinceMs } of fold?.openLines() ?? []) {
      const speaker = this.#folds.get(from);
      const isKept = [fold, speaker].every((side) => side && this.#hasKept(side, sinceMs));
      if (isKept) return `${room} keeps the line of ${from}`;
    }
    return undefined;
  }

  /** Whether its owner has been there since. */
  #hasKept({ takenAtMs, owner }: DoingsFold, sinceMs: number): boolean {
    return takenAtMs < sinceMs && !(this.#stops.get(owner)?.some((atMs) => atMs >= sinceMs) ?? false);
  }

  get rooms(): IterableIterator<string> {
    return this.#folds.keys();
  }

  #line(from: string, to: string): Line {
    const name = `what ${from} told: ${to}`;
    let line = this.#lines.get(name);
    if (!line) {
      line = { told: [], heard: 0 };
      this.#lines.set(name, line);
    }
    return line;
  }
}
