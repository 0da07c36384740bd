import { randomBytes } from "node:crypto";
import { createLog } from "./ops/log.ts";
import type { Options } from "./ops/option-table.ts";
import { obtainSecret } from "./ops/secret.ts";
import type { ChildOrders } from "./ops/supervisor/child-plan.ts";
import { createNodeRuntime } from "./wire/node-runtime.ts";
import type { Runtime } from "./wire/runtime.ts";

/** What every process of a cluster has, whether a supervisor started it or somebody by hand. */
export interface ProcessContext {
  readonly options: Options;
  readonly id: string;
  readonly instance: string;
  /** For clients; of servers without meaning. */
  readonly port: number;
  readonly adminPort: number;
  readonly secret: string;
  readonly runtime: Runtime;
}

/** Throws a `RoomgateError` where the secret cannot be had. */
export function contextByHand(kind: "server" | "gateway" | "supervisor", options: Options): ProcessContext {
  const letter = { server: "s", gateway: "g", supervisor: "cluster" }[kind];
  const id = options.id ?? (kind === "supervisor" ? letter : `${letter}-${randomBytes(4).toString("hex")}`);
  return {
    options,
    id,
    instance: randomBytes(8).toString("hex"),
    port: options.port,
    adminPort: options.adminPort,
    secret: obtainSecret(options),
    runtime: createNodeRuntime({ log: createLog({ ...options, member: id }) }),
  };
}

export function contextByOrders({ options, plan, secret, adminPort }: ChildOrders): ProcessContext {
  const { id, instance, port } = plan;
  const runtime = createNodeRuntime({ log: createLog({ ...options, member: id }) });
  return { options, id, instance, port, adminPort, secret, runtime };
}
