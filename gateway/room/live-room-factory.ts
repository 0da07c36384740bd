import type { Epoch, RoomKey } from "../wire/ids.ts";
import { isJournaled } from "./apps.ts";
import type { CellHost } from "./cell-ports.ts";
import type { JournalSetting } from "./journaled-turns.ts";
import { LiveRoom } from "./live-room.ts";
import type { Origin } from "./live-room-ports.ts";
import type { RoomCell } from "./room-cell.ts";
import type { AppDefinition } from "./sdk.ts";

/** Makes a room for a cell that may come only later (`cell` is asked when the room has something to say). */
export function createLiveRoom(
  host: CellHost,
  key: RoomKey,
  definition: AppDefinition,
  epoch: Epoch,
  from: Origin,
  cell: () => RoomCell | undefined,
): LiveRoom {
  const { me, runtime, clock, log, counters, marker } = host;
  const journal = isJournaled(definition) ? journalSetting(host, definition, cell) : undefined;
  return new LiveRoom(
    key,
    definition,
    epoch,
    {
      server: me,
      runtime,
      clock,
      log,
      counters,
      journal,
      marker,
      roomThrew: (error) => cell()?.roomThrew(error),
      tellRefusal: (to) => host.tellRefusal(to),
      offerTell: (to) => {
        const speaker = cell()?.live?.tells;
        if (speaker) host.tells.offer(speaker, to);
      },
      remindToSettle: (from) => host.tells.remind(from, key),
    },
    from,
  );
}

function journalSetting(
  { committer, runtime, me }: CellHost,
  { durability }: AppDefinition,
  cell: () => RoomCell | undefined,
): JournalSetting {
  return {
    committer,
    runtime,
    intervalMs: typeof durability === "object" ? durability.intervalMs : undefined,
    fenced: (head) => cell()?.tell({ kind: "fenced", head, me }),
    durable: () => cell()?.recordsDurable(),
  };
}
