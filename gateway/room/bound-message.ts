import type { Epoch, Rseq, SessionNumber } from "../wire/ids.ts";
import type { GatewayChannel } from "./gateway-channel.ts";

/** Bytes of unacknowledged items that a gateway may have under way for one room. */
export const windowBytes = 1024 * 1024;

export interface BoundFacts {
  readonly epoch: Epoch;
  readonly line: Epoch;
  readonly rseq: Rseq;
  readonly gap: boolean;
}

/**
 * Tells a gateway that the room runs here, and where each of its sessions stands. It forgets what it is told, so where things
 * become durable (`isGated`) it is told only what is as durable as an ack.
 */
export function sendBound(
  channel: GatewayChannel,
  facts: BoundFacts,
  sessions: Iterable<SessionNumber>,
  isGated: boolean,
): void {
  const positions: number[] = [];
  for (const number of sessions) {
    const member = channel.members.get(number);
    positions.push(number, (isGated ? member?.acked : member?.position) ?? 0);
  }
  channel.link?.control({
    t: "bound",
    channel: channel.channel,
    ...facts,
    positions: new Uint8Array(Uint32Array.from(positions).buffer),
    windowBytes,
  });
}
