import type { Runtime } from "../wire/runtime.ts";
import type { JournaledTurns } from "./journaled-turns.ts";
import { RoomTimers } from "./room-timers.ts";
import { RoomWork, type Task } from "./room-work.ts";
import type { AppDefinition, Room, WorkOutcome } from "./sdk.ts";
import { type TickCounters, Ticker } from "./ticker.ts";
import type { Turn, Turns } from "./turns.ts";

export interface RoomScheduleDeps {
  readonly runtime: Runtime;
  readonly turns: Turns;
  readonly journaled: JournaledTurns | undefined;
  readonly counters: TickCounters;
  /** There from the first turn on. */
  room(): Room;
  /** The store has so much left to take that nothing begins by itself. */
  isClogged(): boolean;
  hasSessions(): boolean;
  /** The room's code has thrown outside of a turn. */
  threw(error: unknown): void;
}

/**
 * The turns that a room has by itself: timers, work that is over, ticks. A timer that is due and work that is over stay a part of the
 * room's state until their turn runs, so a room that moves or dies in between loses neither.
 */
export class RoomSchedule {
  readonly timers: RoomTimers;
  readonly #deps: RoomScheduleDeps;
  readonly #work: RoomWork;
  #ticker: Ticker | undefined;
  /** Work of an owner that is gone, whose room has not heard of it yet: the names are taken until then. */
  readonly #interrupted = new Set<string>();
  /** Turns that wait for the room to go on, or for its store; bounded by timers and works. */
  #waiting: Turn[] = [];

  constructor(deps: RoomScheduleDeps) {
    this.#deps = deps;
    const { journaled, runtime } = deps;
    this.timers = new RoomTimers({
      runtime,
      fire: (name) => this.#soon(() => this.#timerFired(name)),
      noteClock: journaled && (() => journaled.noteClock()),
    });
    this.#work = new RoomWork((name, outcome) => this.#soon(() => this.#workOver(name, outcome)), deps.threw);
  }

  /** Something will have to be done though nobody is there. */
  get hasBusiness(): boolean {
    return this.timers.size > 0 || this.#work.size > 0 || this.#interrupted.size > 0;
  }

  /** Of work that is under way, or over and not told yet. */
  get works(): readonly string[] {
    return [...this.#work.names(), ...this.#interrupted];
  }

  /** Once the room is there. */
  begin({ tickHz }: AppDefinition): void {
    const { runtime, counters, room } = this.#deps;
    if (tickHz && room().onTick) this.#ticker = new Ticker(runtime, tickHz, counters, (ms) => this.#tick(ms));
  }

  setTimer(name: string, delayMs: number): void {
    const dueMs = this.timers.set(name, delayMs);
    this.#deps.journaled?.timerSet(name, dueMs);
  }

  clearTimer(name: string): void {
    if (!this.timers.has(name)) return;
    this.timers.clear(name);
    this.#deps.journaled?.timerOver(name);
  }

  /** Work is a part of its turn: what it does out there must not come before the turn is durable. */
  work(name: string, task: Task): void {
    const { journaled } = this.#deps;
    if (this.#interrupted.has(name)) throw new Error(`work "${name}" was interrupted, and the room hears so first`);
    const begin = this.#work.reserve(name, task);
    journaled?.workBegun(name);
    if (journaled?.hold) journaled.hold({ kind: "call", task: begin });
    else begin();
  }

  /** Work that was under way at an owner that is gone; its turn is the next. */
  interrupt(names: Iterable<string>): void {
    for (const name of names) {
      this.#interrupted.add(name);
      this.#deps.turns.later(() => {
        this.#interrupted.delete(name);
        return this.#workTold(name, { kind: "interrupted" });
      });
    }
  }

  run(): void {
    this.timers.run();
    this.startTicks();
    this.runWaiting();
  }

  startTicks(): void {
    if (this.#deps.hasSessions()) this.#ticker?.start();
  }

  halt(): void {
    this.timers.halt();
    this.#ticker?.stop();
  }

  runWaiting(): void {
    const { turns, isClogged } = this.#deps;
    while (this.#waiting.length > 0 && !turns.isHalted && !isClogged()) {
      const next = this.#waiting.shift();
      if (next) turns.soon(next);
    }
  }

  dispose(): void {
    this.halt();
    this.timers.clearAll();
    this.#work.abortAll();
    this.#waiting = [];
  }

  #soon(turn: Turn): void {
    this.#waiting.push(turn);
    this.runWaiting();
  }

  #timerFired(name: string): unknown {
    // Cleared or set again while it waited for its turn.
    if (!this.timers.takeDue(name)) return undefined;
    this.#deps.journaled?.timerOver(name);
    return this.#deps.room().onTimer?.(name);
  }

  #workOver(name: string, outcome: WorkOutcome): unknown {
    this.#work.over(name);
    return this.#workTold(name, outcome);
  }

  #workTold(name: string, outcome: WorkOutcome): unknown {
    this.#deps.journaled?.workOver(name);
    return this.#deps.room().onWork?.(name, outcome);
  }

  #tick(stepMs: number): void {
    const { turns, isClogged, hasSessions, room } = this.#deps;
    if (!hasSessions()) this.#ticker?.stop();
    else if (!isClogged()) turns.run(() => room().onTick?.(stepMs));
  }
}
