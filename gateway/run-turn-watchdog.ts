import { parentPort, workerData } from "node:worker_threads";
import { look, nextLookMs, type Watch, type WatchdogNews, type WatchdogOrders, watchCells } from "./ops/turn-watch.ts";
import { openStore } from "./store/open.ts";
import type { MemberRecord, Store } from "./store/port.ts";
import type { RoomKey } from "./wire/ids.ts";

/** A process that has just begun takes over what others had; a second store at that moment would take a good part of a core from them. */
const openAfterMs = 5_000;

/** The thread behind `ops/turn-watchdog.ts`. It has a store connection of its own, since the loop's is blocked when it is needed. */
async function main({ cells, storeUrl }: WatchdogOrders): Promise<void> {
  const rooms = new Map<number, RoomKey>();
  let row: MemberRecord | undefined;
  let watch: Watch | undefined;
  let opened: Promise<Store> | undefined;
  const store = (): Promise<Store> => {
    opened ??= openStore(storeUrl);
    return opened;
  };
  const writeSuspect = async (mark: number): Promise<void> => {
    const suspect = rooms.get(mark);
    if (suspect !== undefined && row !== undefined) await (await store()).members.put({ ...row, suspect });
  };
  const writeLastWord = async (mark: number): Promise<void> => {
    await writeSuspect(mark).catch(() => {});
    Atomics.store(cells, watchCells.written, 1);
    Atomics.notify(cells, watchCells.written);
  };
  parentPort?.on("message", (news: WatchdogNews) => {
    if (news.kind === "register") rooms.set(news.mark, news.room);
    else if (news.kind === "unregister") rooms.delete(news.mark);
    else if (news.kind === "row") row = news.row;
    else void writeLastWord(news.mark);
  });
  const lookAgain = (): void => {
    const mark = Atomics.load(cells, watchCells.mark);
    const seen = look(watch, { mark, turn: Atomics.load(cells, watchCells.turn), nowMs: performance.now() });
    watch = seen.watch;
    if (seen.verdict === "suspect") void writeSuspect(mark);
    else if (seen.verdict === "end") void writeSuspect(mark).finally(() => process.kill(process.pid, "SIGKILL"));
    setTimeout(lookAgain, nextLookMs(watch));
  };
  lookAgain();
  setTimeout(() => void store(), openAfterMs);
}

await main(workerData as WatchdogOrders);
