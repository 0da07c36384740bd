import type { ControlMessage } from "./control.ts";
import type { DeliveryClass, FrameHandler } from "./frames.ts";
import type { Channel, Cseq, Epoch, GatewayId, Rseq, ServerId, SessionNumber } from "./ids.ts";

/**
 * One authenticated trunk as its two ends see it. What is written in one turn of the event loop leaves as one WebSocket
 * message; order is kept. Payloads are copied before a call returns. Writing to an ended link does nothing.
 */
export interface TrunkLink {
  readonly peer: PeerIdentity;
  /** Bytes written and not yet handed to the operating system. */
  readonly bufferedBytes: number;

  join(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, info: Uint8Array): void;
  up(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, isText: boolean, payload: Uint8Array): void;
  leave(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, code: number): void;
  down(
    channel: Channel,
    epoch: Epoch,
    session: SessionNumber,
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void;
  broadcast(
    channel: Channel,
    epoch: Epoch,
    except: SessionNumber,
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void;
  multicast(
    channel: Channel,
    epoch: Epoch,
    sessions: readonly SessionNumber[],
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void;
  closeSession(channel: Channel, epoch: Epoch, session: SessionNumber, code: number, rseq: Rseq, reason: string): void;
  /** `pairs`: session, cseq, session, cseq, … */
  ack(channel: Channel, epoch: Epoch, pairs: readonly number[]): void;
  seen(channel: Channel, epoch: Epoch, rseq: Rseq): void;
  flow(channel: Channel, epoch: Epoch, windowBytes: number): void;
  control(message: ControlMessage): void;
  chunk(transfer: number, offset: number, payload: Uint8Array): void;

  /** Makes a batch leave at the end of this turn of the event loop even if nothing is written yet; `onBeforeFlush` comes first. */
  requestFlush(): void;

  /**
   * Calls `task` once the peer has handled everything that is written so far; never, if the link ends before. Many calls of one
   * turn cost one ping.
   */
  whenHeard(task: () => void): void;

  /** Sends what is written, then ends the link. `onEnd` follows with `closed`. */
  close(): void;
}

export type PeerRole = "gateway" | "server" | "control";

export interface PeerIdentity {
  readonly role: PeerRole;
  readonly id: ServerId | GatewayId;
  /** Random per process start. */
  readonly instance: string;
}

/** Who hears of a link. The link calls `onEnd` exactly once, last. */
export interface LinkHandler extends FrameHandler {
  /** All frames of one received batch have been handed on. Their payloads stay as they are until this call returns. */
  onBatchEnd?(): void;
  /** The batch of this turn is about to leave: the last moment to write into it. Called before every flush by `soon`. */
  onBeforeFlush?(): void;
  /** What was buffered has gone down to nothing. */
  onDrained(): void;
  onEnd(end: LinkEnd): void;
}

/**
 * Why a link ended or never came to be.
 *
 * - `refused`: the peer's process is gone, as far as its operating system says: evidence of death.
 * - `reset`: it may be, or the network did it: a reason to ask again at once.
 * - `silent`: nothing was heard for too long, or the connection did not come about in time: no evidence.
 * - `closed`: one side closed it on purpose.
 * - `unauthorized`: the peer could not prove that it has the secret, or we could not. `version`: no common version.
 * - `protocol`: the peer broke the rules; logged with the rule.
 */
export interface LinkEnd {
  readonly kind: "refused" | "reset" | "silent" | "closed" | "unauthorized" | "version" | "protocol";
  readonly detail: string;
}

export interface TrunkDialer {
  /** Calls `attach` once when the link is open and both sides have proved themselves, or `failed` once. */
  dial(address: string, attach: (link: TrunkLink) => LinkHandler, failed: (end: LinkEnd) => void): { cancel(): void };
}

export interface TrunkListener {
  /** `host:port` as bound. */
  readonly address: string;
  /** Stops listening and ends all links. */
  close(): Promise<void>;
}

/** Rejects with a `RoomgateError` (`port-taken`, `listen-failed`). Port 0 picks a free one. */
export type ListenTrunk = (
  options: { readonly host: string; readonly port: number },
  attach: (link: TrunkLink) => LinkHandler,
) => Promise<TrunkListener>;
