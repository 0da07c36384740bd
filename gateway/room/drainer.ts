import type { WatchedClock } from "../cluster/watched-time.ts";
import type { RoomKey } from "../wire/ids.ts";
import type { Logger, Runtime } from "../wire/runtime.ts";
import type { Candidates } from "./candidates.ts";
import type { MoveDesk } from "./move-desk.ts";
import type { RoomCell } from "./room-cell.ts";

export interface DrainerHost {
  readonly runtime: Runtime;
  readonly clock: WatchedClock;
  readonly log: Logger;
  readonly cells: ReadonlyMap<RoomKey, RoomCell>;
  readonly weight: number;
}

const lookMs = 25;
/** Without any server that could take rooms for this long, they are let go: snapshotted, and free for whoever comes. */
export const patienceMs = 10_000;
const retryRoomMs = 200;

/** Moves all rooms away, as many at a time as the desk allows. What fails is tried again, elsewhere if there is an elsewhere. */
export class Drainer {
  readonly #host: DrainerHost;
  readonly #desk: MoveDesk;
  readonly #candidates: Candidates;
  readonly #concurrentMax: number;
  #underWay = 0;
  #lastChanceMs: number;
  /** Rooms whose last move has failed; bounded by the rooms of this server. */
  readonly #failed = new Map<RoomKey, { readonly sinceMs: number; readonly atMs: number; readonly failures: number }>();
  #done: () => void = () => {};

  constructor(host: DrainerHost, desk: MoveDesk, candidates: Candidates, concurrentMax: number) {
    this.#host = host;
    this.#desk = desk;
    this.#candidates = candidates;
    this.#concurrentMax = concurrentMax;
    this.#lastChanceMs = host.clock.nowMs();
  }

  /** Resolves when no room is left here. */
  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#done = resolve;
      this.#look();
    });
  }

  #look(): void {
    const { runtime, clock, cells, log } = this.#host;
    if (cells.size === 0 && this.#desk.incomingCount === 0) {
      this.#done();
      return;
    }
    const nowMs = clock.nowMs();
    for (const cell of cells.values()) {
      if (this.#underWay >= this.#concurrentMax) break;
      if (cell.isRunning && !this.#desk.isLeaving(cell.key)) this.#moveAway(cell, nowMs);
    }
    if (this.#underWay > 0) this.#lastChanceMs = nowMs;
    else if (nowMs - this.#lastChanceMs >= patienceMs) {
      log.warn({ rooms: cells.size }, "no server takes the rooms of this one: they are let go");
      for (const cell of [...cells.values()]) cell.tell({ kind: "releaseRequested" });
    }
    runtime.after(lookMs, () => this.#look());
  }

  #moveAway(cell: RoomCell, nowMs: number): void {
    const failed = this.#failed.get(cell.key);
    if (failed && nowMs < failed.atMs) return;
    if (failed && nowMs - failed.sinceMs >= patienceMs) {
      this.#host.log.warn({ room: cell.key, failures: failed.failures }, "room cannot be moved: it is let go");
      cell.tell({ kind: "releaseRequested" });
      return;
    }
    const servers = this.#candidates.others(cell.key);
    // After a failure the next in the room's order is tried first.
    const turn = (failed?.failures ?? 0) % Math.max(1, servers.length);
    const turned = [...servers.slice(turn), ...servers.slice(0, turn)];
    const target = this.#candidates.choose(turned, this.#host.cells.size, this.#host.weight);
    const address = target && this.#candidates.member(target)?.info.address;
    if (!target || !address) return;
    this.#underWay += 1;
    void this.#desk.order({ cell, target, address, pin: false }).then((result) => {
      this.#underWay -= 1;
      if (result.kind === "moved") this.#failed.delete(cell.key);
      else {
        const atMs = this.#host.clock.nowMs() + retryRoomMs;
        this.#failed.set(cell.key, { sinceMs: failed?.sinceMs ?? nowMs, atMs, failures: (failed?.failures ?? 0) + 1 });
      }
    });
  }
}
