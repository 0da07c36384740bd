import { timingOf } from "./ops/option-relations.ts";
import type { RunningPart } from "./ops/process-shell.ts";
import { startTurnWatchdog } from "./ops/turn-watchdog.ts";
import type { ProcessContext } from "./process-context.ts";
import { startRoomServer } from "./room/room-server.ts";
import type { Apps } from "./room/sdk.ts";
import { closeInTime } from "./store/bounded-store.ts";
import { openStore } from "./store/open.ts";
import type { ServerId } from "./wire/ids.ts";
import { createListenPipe } from "./wire/open-listen-pipe.ts";
import { createTrunkDialer } from "./wire/trunk-dialer.ts";
import { createTrunkListen } from "./wire/trunk-listener.ts";

/** Composes a room server. Rejects with a `RoomgateError`. */
export async function startServerPart(context: ProcessContext, apps: Apps): Promise<RunningPart> {
  const { options, instance, runtime, secret } = context;
  const id = context.id as ServerId;
  const store = await openStore(options.store);
  const trunks = { runtime, secret, self: { role: "server", id, instance } } as const;
  const watchdog = startTurnWatchdog(options.store, runtime.log);
  const close = (): Promise<void> => closeInTime(store, runtime);
  const server = await startRoomServer(
    { ...options, id, instance, pid: process.pid, timing: timingOf(options) },
    {
      runtime,
      store,
      listenTrunk: createTrunkListen({ ...trunks, listenPipe: createListenPipe(options.listener, runtime.log) }),
      dialer: createTrunkDialer(trunks),
      placementKey: secret,
      marker: watchdog.marker,
      onHeartbeat: (row) => watchdog.heartbeat(row),
    },
    apps,
  );
  return {
    port: Number(server.address.slice(server.address.lastIndexOf(":") + 1)),
    draining: server.draining,
    left: server.left.then(() => watchdog.stop()).then(close),
    look: () => server.lookAgain(),
    read: () => ({ server: server.metrics() }),
    drain: () => server.drain().then(close),
    stop: () => server.stop().then(close),
  };
}
