import type { RoomKey } from "../wire/ids.ts";
import type { Candidates } from "./candidates.ts";
import type { MoveDesk } from "./move-desk.ts";
import type { RoomCell } from "./room-cell.ts";

const lookedAtOnceMax = 1_000;
/** A server must have lived this long before rooms are moved to it. */
export const settledMs = 5_000;

/** Moves rooms to the servers that they prefer, later and slowly: a change of membership moves nothing by itself. */
export class Rebalancer {
  readonly #desk: MoveDesk;
  readonly #candidates: Candidates;
  readonly #cells: ReadonlyMap<RoomKey, RoomCell>;
  #cursor: Iterator<RoomCell> | undefined;

  constructor(desk: MoveDesk, candidates: Candidates, cells: ReadonlyMap<RoomKey, RoomCell>) {
    this.#desk = desk;
    this.#candidates = candidates;
    this.#cells = cells;
  }

  /** Once a second: orders at most `roomsMax` moves. */
  look(roomsMax: number, weight: number): void {
    let ordered = 0;
    for (let looked = 0; looked < Math.min(lookedAtOnceMax, this.#cells.size) && ordered < roomsMax; looked += 1) {
      const cell = this.#next();
      if (!cell?.isRunning || cell.isPinned || this.#desk.isLeaving(cell.key)) continue;
      const preferred = this.#candidates.preferred(cell.key);
      const others = this.#candidates.others(cell.key);
      if (preferred === undefined || preferred !== others[0]) continue;
      const member = this.#candidates.member(preferred);
      if (!member || this.#candidates.steadyMs(member) < settledMs) continue;
      if (!this.#candidates.hasRoom(preferred, this.#cells.size, weight)) continue;
      this.#candidates.count(preferred);
      ordered += 1;
      void this.#desk.order({ cell, target: preferred, address: member.info.address, pin: false });
    }
  }

  /** Goes round all rooms, a part at a time. */
  #next(): RoomCell | undefined {
    this.#cursor ??= this.#cells.values();
    const next = this.#cursor.next();
    if (!next.done) return next.value;
    this.#cursor = undefined;
    return undefined;
  }
}
