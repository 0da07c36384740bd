import type { JournalRecord, Position } from "../store/port.ts";
import type { RoomKey } from "../wire/ids.ts";
import type { JournaledTurns } from "./journaled-turns.ts";
import type { Origin } from "./live-room-ports.ts";
import type { MemberHost } from "./member.ts";
import { replayRecord } from "./record-reader.ts";
import type { RoomOutbox } from "./room-outbox.ts";
import { RoomReplay } from "./room-replay.ts";
import type { RoomSchedule } from "./room-schedule.ts";
import type { RoomTells } from "./room-tells.ts";
import type { Roster } from "./roster.ts";
import type { Room } from "./sdk.ts";
import { type RestoreTarget, restore } from "./whole-state.ts";

export interface RoomOriginDeps {
  readonly key: RoomKey;
  readonly face: MemberHost;
  readonly outbox: RoomOutbox;
  readonly roster: Roster;
  readonly schedule: RoomSchedule;
  readonly tells: RoomTells;
  readonly journaled: JournaledTurns | undefined;
  now(): RestoreTarget["now"];
}

/** What a room was before it came here: its state, and the records behind it. */
export class RoomOrigin {
  readonly #deps: RoomOriginDeps;
  /** Nothing is known of it from before. */
  #isNew = true;

  constructor(deps: RoomOriginDeps) {
    this.#deps = deps;
  }

  /** Within the turn that opens the room. Throws what the room's code throws, or a `RoomgateError` (`bad-state`). */
  restore(room: Room, from: Origin): void {
    const { journaled, roster, schedule } = this.#deps;
    const { works, nextRef } = restore(from, this.#target(room));
    if (from.kind !== "snapshot" && from.parts) this.#isNew = false;
    if (!this.#isNew) journaled?.forgetCreation();
    roster.nextRef = nextRef;
    if (!journaled) schedule.interrupt(works);
    else for (const name of works) journaled.works.add(name);
  }

  /** Within a turn that opens the room, one page of its journal after the other. Throws as `replayRecord`. */
  replay(room: Room, records: Iterable<JournalRecord>, skip: Position | undefined): void {
    const { key, journaled, roster } = this.#deps;
    this.#forgetCreation();
    const target = this.#target(room);
    const replay = new RoomReplay({
      ...target,
      continuesLine: target.isGated,
      works: journaled?.works ?? new Set(),
    });
    for (const record of records) replayRecord(key, record, replay, skip);
    roster.restored();
    roster.nextRef = Math.max(roster.nextRef, replay.highestRef + 1);
  }

  /** ROOM-36: timers that `create` sets are those of a new room; this one has its own. */
  #forgetCreation(): void {
    if (!this.#isNew) return;
    this.#isNew = false;
    this.#deps.schedule.timers.clearAll();
    this.#deps.journaled?.forgetCreation();
  }

  #target(room: Room): RestoreTarget {
    const { face, outbox, roster, schedule, tells, journaled, now } = this.#deps;
    return {
      room,
      isGated: journaled?.isGated === true,
      now: now(),
      face,
      outbox,
      sessions: roster.sessions,
      timers: schedule.timers,
      tells,
    };
  }
}
