import { fileURLToPath } from "node:url";
import { startGateway } from "./edge/gateway.ts";
import { openListener } from "./edge/open-listener.ts";
import { loadPages, noPages, type Pages } from "./edge/pages.ts";
import { browserUrl } from "./ops/browser-url.ts";
import type { GatewayReading } from "./ops/process-report.ts";
import type { RunningPart } from "./ops/process-shell.ts";
import type { ProcessContext } from "./process-context.ts";
import { closeInTime } from "./store/bounded-store.ts";
import { openStore } from "./store/open.ts";
import { RoomgateError } from "./wire/errors.ts";
import { frameBytesMax } from "./wire/frame-layout.ts";
import type { GatewayId } from "./wire/ids.ts";
import { Milestone } from "./wire/milestone.ts";
import type { Runtime } from "./wire/runtime.ts";
import { createTrunkDialer } from "./wire/trunk-dialer.ts";

const pingEveryMs = 25_000;
const silenceMsMax = 60_000;
/** Looks at the members within which a server should show. */
const serverLooks = 3;
const lookMs = 10;

/** Composes a gateway. Rejects with a `RoomgateError`. */
export async function startGatewayPart(context: ProcessContext): Promise<RunningPart> {
  const { options, instance, runtime, secret, port } = context;
  const id = context.id as GatewayId;
  const store = await openStore(options.store);
  const { host, messageBytesMax, slowClientBytesMax } = options;
  // The largest frame that a room may send must fit behind what already waits for a client.
  const sendBufferBytesMax = slowClientBytesMax + frameBytesMax;
  const gateway = await startGateway(
    {
      ...options,
      id,
      instance,
      pid: process.pid,
      listener: {
        host,
        port,
        messageBytesMax,
        sendBufferBytesMax,
        pingEveryMs,
        silenceMsMax,
        sharePort: options.gateways > 1,
      },
    },
    {
      runtime,
      store,
      dialer: createTrunkDialer({ runtime, secret, self: { role: "gateway", id, instance } }),
      placementKey: secret,
      openListener: (listener, site) => openListener(options.listener, listener, site, runtime.log),
      pages: await pagesFor(context),
    },
  );
  // OPS-14: who was told that the cluster is ready comes at once; servers that start with this gateway are seen at its second look.
  await waitUntil(runtime, () => gateway.ready, serverLooks * options.heartbeatMs);
  runtime.log.info({ port: gateway.port, engine: gateway.engine }, "gateway started");
  const beganToLeave = new Milestone();
  const hasLeft = new Milestone();
  const stop = async (): Promise<void> => {
    beganToLeave.reach();
    await gateway.stop();
    await closeInTime(store, runtime);
    hasLeft.reach();
  };
  return {
    port: gateway.port,
    draining: beganToLeave.reached,
    left: hasLeft.reached,
    look: () => gateway.lookAgain(),
    read: () => ({ gateway: readingOf(gateway.metrics()) }),
    drain: stop,
    stop,
  };
}

/** Rooms are served without demos too. */
async function pagesFor({ options, adminPort, runtime }: ProcessContext): Promise<Pages> {
  const directory = fileURLToPath(new URL("../pages", import.meta.url));
  try {
    return await loadPages(directory, { words: { dashboardUrl: browserUrl(options.adminHost, adminPort) } });
  } catch (error) {
    if (!(error instanceof RoomgateError)) throw error;
    runtime.log.warn({ reason: error.message }, "there are no demo pages");
    return noPages;
  }
}

/** A gateway without any server is up all the same: it answers 503. */
async function waitUntil(runtime: Runtime, isSo: () => boolean, msMax: number): Promise<void> {
  const deadlineMs = runtime.nowMs() + msMax;
  while (!isSo() && runtime.nowMs() < deadlineMs) {
    await new Promise<void>((resolve) => {
      runtime.after(lookMs, resolve);
    });
  }
}

/** As plain data: a map does not cross a process boundary. */
function readingOf(stats: ReturnType<Awaited<ReturnType<typeof startGateway>>["metrics"]>): GatewayReading {
  const { closes, ...others } = stats;
  return { ...others, closes: [...closes] };
}
