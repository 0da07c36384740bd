import { configure } from "./ops/configure.ts";
import { commonRelations } from "./ops/option-relations.ts";
import type { Options } from "./ops/option-table.ts";
import { runProcess } from "./ops/process-shell.ts";
import { takeChildOrders } from "./ops/supervisor/child-plan.ts";
import { contextByHand, contextByOrders } from "./process-context.ts";
import type { Apps } from "./room/sdk.ts";
import { startServerPart } from "./run-server.ts";

export type * from "./room/sdk.ts";

/** Options of a room server; what is left out comes from variables and the configuration file. */
export type ServeOptions = Partial<Options>;

/**
 * Makes this process a room server that runs `apps`: it joins the cluster of its store, and leaves it on SIGTERM after it has moved
 * its rooms away. Resolves when it runs. Where it cannot start it says why in one line and exits with 1.
 *
 * Rejects with a `RoomgateError` (`config-bad`) that names everything that is wrong with the configuration.
 */
export async function serveRooms(apps: Apps, options: ServeOptions = {}): Promise<void> {
  const orders = takeChildOrders(process.env);
  const context =
    orders === undefined
      ? contextByHand("server", configure(options, undefined, commonRelations).options)
      : contextByOrders(orders);
  const { runtime, id } = context;
  await runProcess({ identity: { id, kind: "server" }, runtime, start: () => startServerPart(context, apps) });
}
