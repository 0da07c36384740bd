import type { Outcome } from "../cluster/ownership.ts";
import type { MemberAgent } from "../store/member-agent.ts";
import type { Position } from "../store/port.ts";
import type { Epoch, RoomKey, ServerId } from "../wire/ids.ts";
import type { Runtime } from "../wire/runtime.ts";
import type { Candidates } from "./candidates.ts";
import type { MoveDesk } from "./move-desk.ts";
import type { MoveResult } from "./outgoing-move.ts";
import type { RoomCell } from "./room-cell.ts";

export interface RoomSummary {
  readonly room: RoomKey;
  readonly epoch: Epoch;
  readonly sessions: number;
}

export interface OperatedParts {
  readonly me: ServerId;
  readonly runtime: Pick<Runtime, "after">;
  readonly cells: ReadonlyMap<RoomKey, RoomCell>;
  readonly candidates: Candidates;
  readonly members: MemberAgent;
  readonly desk: MoveDesk;
  /** Begins to run the room here and leaves out what cannot be done of that record; `undefined` where the room cannot be here now. */
  claim(room: RoomKey, skip: Position): RoomCell | undefined;
}

export type SkipResult =
  | { readonly kind: "skipped"; readonly epoch: Epoch }
  | { readonly kind: "failed"; readonly reason: string };

/** Clients ask for a broken room again and again; an operator's word waits for its turn among them, so long in all. */
const skipTries = { max: 50, everyMs: 100 };

type SkipTry = SkipResult | { readonly kind: "busy"; readonly reason: string };

/** A server's rooms, as the operating side asks for them. */
export class OperatedRooms {
  readonly #parts: OperatedParts;

  constructor(parts: OperatedParts) {
    this.#parts = parts;
  }

  list(app: string | undefined, limit: number): RoomSummary[] {
    const rooms: RoomSummary[] = [];
    for (const key of this.#parts.cells.keys()) {
      if (rooms.length >= limit) break;
      const summary = app === undefined || key.startsWith(`${app}/`) ? this.describe(key) : undefined;
      if (summary) rooms.push(summary);
    }
    return rooms;
  }

  /** `undefined` for a room that does not run here. */
  describe(room: RoomKey): RoomSummary | undefined {
    const live = this.#parts.cells.get(room)?.live;
    return live && { room, epoch: live.epoch, sessions: live.sessions.size };
  }

  /** Answers when it is certain who has the room. A room that was moved by hand is left where it is by the rebalancer. */
  async move(room: RoomKey, to: ServerId): Promise<MoveResult> {
    const { me, cells, desk } = this.#parts;
    const cell = cells.get(room);
    if (!cell?.live) return failed(`${room} does not run at ${me}`);
    if (to === me) return failed(`${room} is at ${to} already`);
    const target = await this.#memberNow(to);
    if (!target || target.state === "lost") return failed(`there is no server ${to}`);
    if (target.state === "draining") return failed(`${to} is draining`);
    return desk.order({ cell, target: to, address: target.info.address, pin: true });
  }

  /**
   * RECOVER-4: an operator's word that what cannot be done of a record of the room's journal, or of its snapshot at that position, is to be left
   * out for good. Answers when the room runs here and its state without it is stored.
   */
  async skip(room: RoomKey, record: Position): Promise<SkipResult> {
    for (let triesLeft = skipTries.max - 1; ; triesLeft -= 1) {
      const result = await this.#trySkip(room, record);
      if (result.kind !== "busy") return result;
      if (triesLeft === 0) return failed(result.reason);
      await new Promise<void>((resolve) => this.#parts.runtime.after(skipTries.everyMs, resolve));
    }
  }

  #trySkip(room: RoomKey, record: Position): Promise<SkipTry> {
    const { me, cells } = this.#parts;
    if (cells.get(room)?.isRunning) return Promise.resolve(failed(`${room} runs at ${me}: nothing was left out`));
    const cell = this.#parts.claim(room, record);
    if (!cell) return Promise.resolve(busy(`${room} cannot be run at ${me} now: nothing was left out`));
    return new Promise((resolve) => {
      cell.wish({
        running: (live) => {
          const { epoch } = live;
          void cell.saveNow().then((isStored) => {
            if (isStored) resolve({ kind: "skipped", epoch });
            else
              resolve(failed(`${room} runs without it, but its state could not be stored: say it again once it can`));
          });
        },
        refused: (outcome) => resolve(refusalOf(room, me, outcome, cell.refusalDetail)),
      });
    });
  }

  /** A server that has come since the last look is looked for. */
  async #memberNow(server: ServerId) {
    const { candidates, members } = this.#parts;
    const known = candidates.member(server);
    if (known?.state === "live") return known;
    await members.beat();
    return candidates.member(server);
  }
}

function failed(reason: string): { readonly kind: "failed"; readonly reason: string } {
  return { kind: "failed", reason };
}

function busy(reason: string): { readonly kind: "busy"; readonly reason: string } {
  return { kind: "busy", reason };
}

function refusalOf(room: RoomKey, me: ServerId, outcome: Outcome, detail: string): SkipTry {
  const cannot = `${room} cannot be run at ${me}`;
  if (outcome.kind === "owned") return busy(`${cannot}: ${outcome.owner} has it`);
  if (outcome.kind === "free") return busy(`${cannot} now`);
  if (outcome.code === "broken") return failed(`${cannot}: ${detail || "its log says more"}`);
  if (outcome.code === "unavailable" || outcome.code === "owner-silent") return busy(`${cannot} now: ${outcome.code}`);
  return failed(`${cannot}: the server is ${outcome.code}`);
}
