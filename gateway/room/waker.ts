import type { WatchedClock } from "../cluster/watched-time.ts";
import type { RoomHead, Store } from "../store/port.ts";
import type { RoomKey, ServerId } from "../wire/ids.ts";
import type { Logger } from "../wire/runtime.ts";

export interface WakerDeps {
  readonly me: ServerId;
  readonly log: Logger;
  /** Shows watched time. */
  readonly clock: Pick<WatchedClock, "nowMs">;
  readonly store: Pick<Store, "listHeads">;
  /** Its heartbeat has been silent for a lease, or it has left. */
  isLost(server: ServerId): boolean;
  /** Whether the room would be placed here. */
  isMine(room: RoomKey): boolean;
  /** Its app is known here, and it is not quarantined. */
  mayRun(room: RoomKey): boolean;
  /** Whether it runs here, or is about to. */
  isHere(room: RoomKey): boolean;
  /** Begins to run the room here. */
  wake(room: RoomKey): void;
}

/** So many rooms are woken in one look, which comes every second: clients that wait for theirs go first. */
export const wakesPerLookMax = 50;
const pageMax = 256;

const waitMs = { first: 5_000, max: 300_000 };
const waitsMax = 10_000;

/**
 * How long a room is left alone that was woken and needs to be woken again: each try reads its head and records a takeover. One that runs for
 * as long as it waited is forgotten. Bounded: the one that was tried longest ago goes first.
 */
class WakeWaits {
  readonly #clock: Pick<WatchedClock, "nowMs">;
  readonly #waits = new Map<RoomKey, { readonly untilMs: number; readonly forMs: number }>();

  constructor(clock: Pick<WatchedClock, "nowMs">) {
    this.#clock = clock;
  }

  isWaiting(room: RoomKey): boolean {
    return this.#clock.nowMs() < (this.#waits.get(room)?.untilMs ?? 0);
  }

  tried(room: RoomKey): void {
    const nowMs = this.#clock.nowMs();
    const last = this.#waits.get(room);
    const isAgain = last !== undefined && nowMs < last.untilMs + last.forMs;
    const forMs = isAgain ? Math.min(last.forMs * 2, waitMs.max) : waitMs.first;
    this.#waits.delete(room);
    this.#waits.set(room, { untilMs: nowMs + forMs, forMs });
    if (this.#waits.size > waitsMax) this.#waits.delete(this.#waits.keys().next().value as RoomKey);
  }
}

type Scope = ServerId | null | "all";

/**
 * RUN-1: finds rooms that must run although nobody is connected (timers, work, what they told and nobody has heard), and that nobody runs: their
 * server has died, or has let them go. Each server wakes those that would be placed at it, at a limited rate.
 *
 * Each look reads a page of rooms that nobody owns, a page of an owner that was lost, and a page of all: what was missed by the first two is
 * found in the end.
 */
export class Waker {
  readonly #deps: WakerDeps;
  /** Where the next look goes on, by whose rooms they are. */
  readonly #cursors = new Map<Scope, RoomKey | undefined>([
    [null, undefined],
    ["all", undefined],
  ]);
  readonly #waits: WakeWaits;
  #isLooking = false;

  constructor(deps: WakerDeps) {
    this.#deps = deps;
    this.#waits = new WakeWaits(deps.clock);
    // A process that was started anew under its old id has what the one before it had.
    this.ownerLost(deps.me);
  }

  /** What this server owned is read once, before the rest. Bounded by the servers of the cluster. */
  ownerLost(owner: ServerId): void {
    this.#cursors.set(owner, undefined);
  }

  /** To be called every second or so. Never rejects. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    let wakesLeft = wakesPerLookMax;
    try {
      for (const scope of [...this.#cursors.keys()].sort(byUrgency)) {
        if (wakesLeft > 0) wakesLeft = await this.#read(scope, wakesLeft);
      }
    } catch (err) {
      this.#deps.log.error({ err }, "rooms that must run cannot be looked for");
    }
    this.#isLooking = false;
  }

  async #read(scope: Scope, wakesMax: number): Promise<number> {
    const after = this.#cursors.get(scope);
    const page = await this.#deps.store.listHeads({
      mustRun: true,
      limit: pageMax,
      ...(scope === "all" ? {} : { owner: scope }),
      ...(after === undefined ? {} : { after }),
    });
    if (page.kind !== "heads") return wakesMax;
    let wakesLeft = wakesMax;
    let last = after;
    for (const head of page.heads) {
      if (wakesLeft === 0) {
        this.#cursors.set(scope, last);
        return 0;
      }
      if (this.#isDue(head)) {
        this.#waits.tried(head.room);
        this.#deps.wake(head.room);
        wakesLeft -= 1;
      }
      last = head.room;
    }
    if (page.next === undefined && scope !== null && scope !== "all") this.#cursors.delete(scope);
    else this.#cursors.set(scope, page.next);
    return wakesLeft;
  }

  #isDue({ room, head: { owner } }: RoomHead): boolean {
    const { me, isLost, isMine, isHere, mayRun } = this.#deps;
    if (isHere(room) || !mayRun(room) || this.#waits.isWaiting(room)) return false;
    if (owner === me) return true;
    return (owner === null || isLost(owner)) && isMine(room);
  }
}

function byUrgency(one: Scope, other: Scope): number {
  const rank = (scope: Scope): number => (scope === "all" ? 2 : scope === null ? 1 : 0);
  return rank(one) - rank(other);
}
