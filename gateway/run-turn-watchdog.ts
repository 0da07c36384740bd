import { parentPort, workerData } from "node:worker_threads";
import { look, type Watch, type WatchdogNews, type WatchdogOrders, watchCells, watchTiming } from "./ops/turn-watch.ts";
import { openStore } from "./store/open.ts";
import type { MemberRecord } from "./store/port.ts";
import type { RoomKey } from "./wire/ids.ts";

/** The thread behind `ops/turn-watchdog.ts`. It has a store connection of its own, since the loop's is blocked when it is needed. */
async function main({ cells, storeUrl }: WatchdogOrders): Promise<void> {
  const rooms = new Map<number, RoomKey>();
  let row: MemberRecord | undefined;
  let watch: Watch | undefined;
  parentPort?.on("message", (news: WatchdogNews) => {
    if (news.kind === "register") rooms.set(news.mark, news.room);
    else if (news.kind === "unregister") rooms.delete(news.mark);
    else row = news.row;
  });
  const store = await openStore(storeUrl);
  const writeSuspect = async (mark: number): Promise<void> => {
    const suspect = rooms.get(mark);
    if (suspect !== undefined && row !== undefined) await store.members.put({ ...row, suspect });
  };
  setInterval(() => {
    const mark = Atomics.load(cells, watchCells.mark);
    if (Atomics.exchange(cells, watchCells.exiting, 0) === 1) {
      void writeSuspect(mark).finally(() => {
        Atomics.store(cells, watchCells.written, 1);
        Atomics.notify(cells, watchCells.written);
      });
      return;
    }
    const seen = look(watch, { mark, turn: Atomics.load(cells, watchCells.turn), nowMs: performance.now() });
    watch = seen.watch;
    if (seen.verdict === "suspect") void writeSuspect(mark);
    else if (seen.verdict === "end") void writeSuspect(mark).finally(() => process.kill(process.pid, "SIGKILL"));
  }, watchTiming.lookMs);
}

await main(workerData as WatchdogOrders);
