import { startAdminServer } from "./ops/admin-server.ts";
import { type MemberWatch, watchMembers } from "./ops/member-watch.ts";
import { writeMetrics } from "./ops/metrics.ts";
import type { ProcessReport } from "./ops/process-report.ts";
import { createServerRequests } from "./ops/server-requests.ts";
import { createTrunkControl } from "./ops/trunk-control.ts";
import type { ProcessContext } from "./process-context.ts";
import { boundStore, storeBoundsOf } from "./store/bounded-store.ts";
import { openStore } from "./store/open.ts";
import type { ServerId } from "./wire/ids.ts";
import { createTrunkDialer } from "./wire/trunk-dialer.ts";

export interface AdminPart {
  readonly port: number;
  readonly watch: MemberWatch;
  close(): Promise<void>;
}

/** Composes the operating side of a cluster; `reports` are those of the processes that this one speaks for. */
export async function startAdminPart(
  context: ProcessContext,
  reports: () => Promise<readonly ProcessReport[]>,
): Promise<AdminPart> {
  const { options, instance, runtime, secret } = context;
  const store = boundStore(await openStore(options.store), runtime, storeBoundsOf(options));
  const self = { role: "control", id: `${context.id}-admin` as ServerId, instance } as const;
  const requests = createServerRequests(runtime, createTrunkDialer({ runtime, secret, self }));
  const watch = await watchMembers(runtime, store, options);
  const control = createTrunkControl({ store, watch, requests, metrics: async () => writeMetrics(await reports()) });
  const close = async (): Promise<void> => {
    requests.close();
    await watch.stop();
    await store.close();
  };
  try {
    const server = await startAdminServer(options, control, runtime.log);
    return {
      port: server.port,
      watch,
      close: async () => {
        await server.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
