import { Worker } from "node:worker_threads";
import type { TurnMarker } from "../room/turn-marker.ts";
import type { MemberRecord } from "../store/port.ts";
import type { RoomKey } from "../wire/ids.ts";
import type { Logger } from "../wire/runtime.ts";
import { type WatchdogNews, type WatchdogOrders, type WatchdogTrouble, watchCells, watchLength } from "./turn-watch.ts";

/** In a turn that the process exits from, this long is given to the watchdog to write down which it was. */
const farewellMs = 1_000;

export interface TurnWatchdog {
  readonly marker: TurnMarker;
  /** The own row as it stands: the watchdog writes it again with the suspect in it. */
  heartbeat(row: MemberRecord): void;
  stop(): Promise<void>;
}

/**
 * A thread beside the event loop that sees which room's turn is running. Where a turn blocks the loop, or ends the process, the
 * thread writes the room into the member's row as the suspect: others find it there when they look for why this server has died.
 * A process whose loop stays blocked is ended: nothing of its rooms is left to it anyway.
 *
 * What kills all threads at once (`kill -9`, memory, a crash in native code) leaves no word, and blames nobody.
 */
export function startTurnWatchdog(storeUrl: string, log: Logger): TurnWatchdog {
  const cells = new Int32Array(new SharedArrayBuffer(watchLength * Int32Array.BYTES_PER_ELEMENT));
  const orders: WatchdogOrders = { kind: "begin", cells, storeUrl };
  const worker = new Worker(new URL("../run-turn-watchdog.js", import.meta.url), { workerData: orders });
  worker.unref();
  worker.on("error", (err) =>
    log.error({ err }, "the turn watchdog has failed: rooms that kill their server go unnoticed"),
  );
  worker.on("message", ({ reason }: WatchdogTrouble) =>
    log.warn({ reason }, "the turn watchdog cannot write to the store: it tries again, and blames no room meanwhile"),
  );
  const tell = (news: WatchdogNews): void => worker.postMessage(news);
  let marks = 0;
  const onExit = (): void => {
    const mark = Atomics.load(cells, watchCells.mark);
    if (mark === 0) return;
    tell({ kind: "exiting", mark });
    Atomics.wait(cells, watchCells.written, 0, farewellMs);
  };
  process.on("exit", onExit);
  return {
    marker: {
      register(room: RoomKey) {
        marks = marks >= 0x7fffffff ? 1 : marks + 1;
        tell({ kind: "register", mark: marks, room });
        return marks;
      },
      unregister: (mark) => tell({ kind: "unregister", mark }),
      enter(mark) {
        Atomics.add(cells, watchCells.turn, 1);
        Atomics.store(cells, watchCells.mark, mark);
      },
      leave: () => void Atomics.store(cells, watchCells.mark, 0),
    },
    heartbeat: (row) => tell({ kind: "row", row }),
    async stop() {
      process.off("exit", onExit);
      await worker.terminate();
    },
  };
}
