import { parentPort, workerData } from "node:worker_threads";
import { openWithRetries } from "./ops/retried-opening.ts";
import {
  look,
  nextLookMs,
  type Watch,
  type WatchdogNews,
  type WatchdogOrders,
  type WatchdogTrouble,
  watchCells,
} from "./ops/turn-watch.ts";
import { openMembers } from "./store/open.ts";
import type { MemberRecord } from "./store/port.ts";
import type { RoomKey } from "./wire/ids.ts";
import type { Timer } from "./wire/runtime.ts";

/** A process that has just begun takes over what others had, and is not to be disturbed. */
const openAfterMs = 5_000;
/** A process that is to be ended waits this long for its suspect to be written. */
const lastWordMsMax = 2_000;

/**
 * The thread behind `ops/turn-watchdog.ts`. It has members of its own to write to, since the loop's are blocked when they are needed: of the
 * store it opens nothing else, and nothing that could block this thread. QUAR-3: no failure of the store keeps it from ending its process.
 */
function main({ cells, storeUrl }: WatchdogOrders): void {
  const failed = (reason: string): void => parentPort?.postMessage({ reason } satisfies WatchdogTrouble);
  const opening = openWithRetries(() => openMembers(storeUrl), { after }, openAfterMs, failed);
  const rooms = new Map<number, RoomKey>();
  let row: MemberRecord | undefined;
  let watch: Watch | undefined;
  /** Never rejects. */
  const writeSuspect = async (mark: number): Promise<void> => {
    const suspect = rooms.get(mark);
    if (suspect === undefined || row === undefined) return;
    const members = await opening.get();
    await members?.put({ ...row, suspect }).catch(() => {});
  };
  const writeLastWord = async (mark: number): Promise<void> => {
    await writeSuspect(mark);
    Atomics.store(cells, watchCells.written, 1);
    Atomics.notify(cells, watchCells.written);
  };
  const endProcess = (): void => {
    process.kill(process.pid, "SIGKILL");
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
    else if (seen.verdict === "end") {
      setTimeout(endProcess, lastWordMsMax);
      void writeSuspect(mark).finally(endProcess);
      return;
    }
    setTimeout(lookAgain, nextLookMs(watch));
  };
  lookAgain();
}

function after(delayMs: number, task: () => void): Timer {
  const timer = setTimeout(task, delayMs);
  return { cancel: () => clearTimeout(timer) };
}

main(workerData as WatchdogOrders);
