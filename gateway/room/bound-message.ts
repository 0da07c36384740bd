import { type Cseq, type Epoch, positionGivenUp, type Rseq, type SessionNumber } from "../wire/ids.ts";
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
 *
 * ROOM-30: there a session of which the gateway has acks and the room knows nothing was given up, since its gateway was
 * taken for lost. Nobody knows any more what of its stream was applied, so it must not go on. Where nothing is durable, the room itself
 * may have been lost, and the session is joined again.
 *
 * ROOM-34: of a session whose join is not durable yet nothing is said. 0 would mean that the room does not know it, and a gateway that
 * cannot place it then closes it without a leave: it would stay in the room for ever.
 */
export function sendBound(
  channel: GatewayChannel,
  facts: BoundFacts,
  sessions: Iterable<readonly [SessionNumber, acked: Cseq]>,
  isGated: boolean,
): void {
  const positions: number[] = [];
  for (const [number, acked] of sessions) {
    const member = channel.members.get(number);
    const known = isGated ? member?.acked : member?.position;
    if (known === 0) continue;
    positions.push(number, known ?? (isGated && acked > 0 ? positionGivenUp : 0));
  }
  channel.link?.control({
    t: "bound",
    channel: channel.channel,
    ...facts,
    positions: new Uint8Array(Uint32Array.from(positions).buffer),
    windowBytes,
  });
}
