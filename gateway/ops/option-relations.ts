import { checkTiming, type Timing } from "../cluster/timing.ts";
import { nodeSharesPorts, nodeThatSharesPorts } from "../wire/port-sharing.ts";
import type { Options } from "./option-table.ts";
import type { OptionRelation } from "./options.ts";

export function timingOf(options: Options): Timing {
  const { heartbeatMs, selfFreezeMs, leaseMs, freezeBudgetMs, failoverBudgetMs } = options;
  const { holdMs, holdBytesMax, holdFramesMax } = options;
  return {
    heartbeatMs,
    selfFreezeMs,
    leaseMs,
    freezeBudgetMs,
    failoverBudgetMs,
    holdMs,
    holdBytesMax,
    holdFramesMax,
  };
}

export const timingHolds: OptionRelation = (options) => checkTiming(timingOf(options));

/** Processes of their own share nothing but the store, so one that lives in a process serves only a cluster within that process. */
export const storeIsShared: OptionRelation = ({ store }) =>
  store === "memory:" ? ["store: memory: belongs to one process; gateways and servers of their own need another"] : [];

/** uWebSockets.js shares a port between processes on every Node that we run on, Node itself on newer ones. */
export const gatewaysCanShareThePort =
  (nodeVersion: string): OptionRelation =>
  ({ gateways, listener }) =>
    gateways > 1 && listener === "ws" && !nodeSharesPorts(nodeVersion)
      ? [
          `gateways: several share their port with listener ws from Node ${nodeThatSharesPorts} on, and this is ${nodeVersion}`,
        ]
      : [];

export const portsDiffer: OptionRelation = ({ port, adminPort }) =>
  port === adminPort && port !== 0 ? [`adminPort: ${adminPort} is the clients' port already`] : [];

/** One largest message must fit into what is kept of a session, or that message could never be sent. */
export const oneMessageFits: OptionRelation = ({ messageBytesMax, holdBytesMax, slowClientBytesMax }) => {
  const mistakes: string[] = [];
  if (holdBytesMax < messageBytesMax) {
    mistakes.push(
      `holdBytesMax: ${holdBytesMax} is less than one message may be (messageBytesMax, ${messageBytesMax})`,
    );
  }
  if (slowClientBytesMax < messageBytesMax) {
    mistakes.push(
      `slowClientBytesMax: ${slowClientBytesMax} is less than one message may be (messageBytesMax, ${messageBytesMax})`,
    );
  }
  return mistakes;
};

/** Relations of every command. */
export const commonRelations: readonly OptionRelation[] = [timingHolds, storeIsShared, oneMessageFits];
/** Those of a whole cluster on this machine. */
export const clusterRelations: readonly OptionRelation[] = [
  ...commonRelations,
  gatewaysCanShareThePort(process.versions.node),
  portsDiffer,
];
