import type { OwnershipEvent } from "../cluster/ownership.ts";
import { describeError, RoomgateError } from "../wire/errors.ts";
import type { RoomKey } from "../wire/ids.ts";
import type { CellHost } from "./cell-ports.ts";

export interface CellFaultsDeps {
  readonly host: CellHost;
  readonly key: RoomKey;
  /** No turn of the room follows. */
  stopTurns(): void;
  tell(event: OwnershipEvent): void;
}

/**
 * ROOM-38: a fault of a room, wherever it is met: in a turn, or when something of it is delivered, bound, stored or told. It closes this room
 * and no other, and counts towards its quarantine. The first one counts; what comes of it is not another.
 */
export class CellFaults {
  readonly #deps: CellFaultsDeps;
  #hasFailed = false;

  constructor(deps: CellFaultsDeps) {
    this.#deps = deps;
  }

  threw(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const { host, key, stopTurns, tell } = this.#deps;
    host.counters.roomsThrown += 1;
    host.log.error({ room: key, err: describeError(error) }, "room has thrown and is closed");
    host.roomFailed(key);
    stopTurns();
    // Not within the turn that threw: what it has begun ends first.
    host.runtime.soon(() => tell({ kind: "roomThrew" }));
  }

  /** It cannot be made of what is stored. Answers why, for those who ask for it. */
  broken(error: unknown): string {
    const { host, key, tell } = this.#deps;
    const err = describeError(error);
    host.log.error({ room: key, err }, "room cannot be restored");
    if (isOfItsCode(error)) host.roomFailed(key);
    tell({ kind: "restoreFailed" });
    return err.message;
  }

  guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.threw(error);
    }
  }

  /** What is awaited in the background has nobody else to hear of its fault. */
  watch(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.threw(error);
      this.#deps.tell({ kind: "storeUnavailable" });
    });
  }
}

/**
 * A state of another version, or a damaged one, says nothing of the room's code: a server with the right version may take the room, and is asked as
 * long as nobody calls it quarantined.
 */
function isOfItsCode(error: unknown): boolean {
  return !(error instanceof RoomgateError && error.code === "broken-room");
}
