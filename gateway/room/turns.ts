import type { RoomKey } from "../wire/ids.ts";
import type { TurnMarker } from "./turn-marker.ts";

/** What follows a turn. */
export interface TurnsHost {
  /** The turn has ended well. */
  turnEnded(): void;
  /** The turn has thrown: what it has begun is void, and no turn follows. */
  turnFailed(error: unknown): void;
}

/** What a turn gives back means nothing; but a promise shows that it has not ended. */
export type Turn = () => unknown;

/** The turns of one room: one at a time, never one within another, none while the room stands still. */
export class Turns {
  readonly #host: TurnsHost;
  readonly #marker: TurnMarker | undefined;
  readonly #mark: number;
  /** Turns that wait for the present one to end, or for the room to go on. Bounded by sessions, timers and works. */
  readonly #waiting: Turn[] = [];
  #inTurn = false;
  /** The room is being made: created and restored, or made what its journal says. */
  #making: "no" | "opening" | "replaying" = "no";
  /** `apply` is being called. */
  isApplying = false;
  #halted = true;
  #failed = false;
  #count = 0;

  constructor(host: TurnsHost, room: RoomKey, marker: TurnMarker | undefined) {
    this.#host = host;
    this.#marker = marker;
    this.#mark = marker?.register(room) ?? 0;
  }

  /** No turn follows. */
  close(): void {
    this.#marker?.unregister(this.#mark);
  }

  get isHalted(): boolean {
    return this.#halted || this.#failed;
  }

  get hasFailed(): boolean {
    return this.#failed;
  }

  /** Rises with every turn. */
  get count(): number {
    return this.#count;
  }

  assertInside(what: string, room: string): void {
    if (!this.#inTurn) throw new Error(`${what} is allowed only within a turn of room ${room}`);
  }

  /** As {@link assertInside}, but not while the room is being created, since it may never run here, and not in `apply`, which a replay does again. */
  assertRunning(what: string, room: string): void {
    this.assertInside(what, room);
    if (this.isApplying) throw new Error(`${what} is not allowed within apply of room ${room}`);
    if (this.#making !== "no")
      throw new Error(`${what} is not allowed while room ${room} is being created or restored`);
  }

  /**
   * COMMIT-9: false where what the room's code says now stands in its journal already, behind the entry that is being applied. Throws outside of
   * turns, and while the room is created or restored: nothing would record that it was said.
   */
  isHeard(what: string, room: string): boolean {
    this.assertInside(what, room);
    if (this.#making === "opening")
      throw new Error(`${what} is not allowed while room ${room} is being created or restored`);
    return !this.isReplaying;
  }

  get isReplaying(): boolean {
    return this.#making === "replaying";
  }

  /** Runs what creates and restores the room: its calls are allowed, what it throws is thrown, and no turn follows then. */
  open<T>(work: () => T): T {
    return this.#make("opening", work);
  }

  /** The same for what replays its journal. */
  replay<T>(work: () => T): T {
    return this.#make("replaying", work);
  }

  #make<T>(making: "opening" | "replaying", work: () => T): T {
    this.#inTurn = true;
    this.#making = making;
    this.#marker?.enter(this.#mark);
    try {
      return work();
    } catch (error) {
      this.close();
      throw error;
    } finally {
      this.#inTurn = false;
      this.#making = "no";
      this.#marker?.leave();
    }
  }

  /** Runs one turn now. The caller has seen that the room does not stand still. */
  run(turn: Turn): void {
    this.#one(turn);
    this.runWaiting();
  }

  /** Runs one turn as soon as none is under way and the room goes on. */
  soon(turn: Turn): void {
    this.#waiting.push(turn);
    this.runWaiting();
  }

  /** For one that is followed by `runWaiting`. */
  later(turn: Turn): void {
    this.#waiting.push(turn);
  }

  runWaiting(): void {
    while (this.#waiting.length > 0 && !this.#inTurn && !this.isHalted) {
      const next = this.#waiting.shift();
      if (next) this.#one(next);
    }
  }

  halt(): void {
    this.#halted = true;
  }

  /** The room has failed outside of a turn: none follows. */
  fail(): void {
    this.#failed = true;
  }

  go(): void {
    this.#halted = false;
  }

  #one(turn: Turn): void {
    if (this.#failed) return;
    this.#inTurn = true;
    this.#count += 1;
    this.#marker?.enter(this.#mark);
    try {
      refusePromise(turn());
      this.#marker?.leave();
      this.#inTurn = false;
      this.#host.turnEnded();
    } catch (error) {
      this.#marker?.leave();
      this.#inTurn = false;
      if (this.#failed) return;
      this.#failed = true;
      this.#host.turnFailed(error);
    }
  }
}

/** ROOM-27: a handler that is not synchronous would act outside of its turn: it is an error of the room's code. */
export function refusePromise(result: unknown): void {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== "function") return;
  // What becomes of it is nobody's business; but a rejection that nobody hears would end the process.
  Promise.resolve(result).catch(() => {});
  throw new TypeError("a handler has returned a promise: handlers are synchronous, and what waits goes through work");
}
