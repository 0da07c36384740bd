import type { Channel, Cseq, Epoch, Rseq, SessionNumber } from "./ids.ts";

/** Version of everything that crosses a trunk. It changes with the golden bytes, never alone (WIRE-3). */
export const trunkVersion = 2;

/** First byte after a frame's length. PROTOCOL.md gives each layout. */
export const frameTypes = {
  join: 1,
  up: 2,
  leave: 3,
  down: 4,
  broadcast: 5,
  multicast: 6,
  close: 7,
  ack: 8,
  seen: 9,
  flow: 10,
  ping: 11,
  pong: 12,
  control: 13,
  chunk: 14,
} as const;

/** How a message down is treated under pressure and across a move. */
export type DeliveryClass = "reliable" | "latest" | "volatile";

/** What a reader calls for each frame of a batch, in order. Payloads are views into the batch: copy to keep beyond the call. */
export interface FrameHandler {
  onJoin(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, info: Uint8Array): void;
  onUp(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, isText: boolean, payload: Uint8Array): void;
  onLeave(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, code: number): void;
  /** To one session. `rseq` is 0 unless `delivery` is reliable; `latestKey` is 0 unless it is latest. */
  onDown(
    channel: Channel,
    epoch: Epoch,
    session: SessionNumber,
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void;
  /** To all sessions of the channel, but `except` (0: no exception). */
  onBroadcast(
    channel: Channel,
    epoch: Epoch,
    except: SessionNumber,
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void;
  /** To those of `sessions` (numbers of 4 bytes, little-endian) that the channel has. */
  onMulticast(
    channel: Channel,
    epoch: Epoch,
    sessions: Uint8Array,
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void;
  /** The room closes a session; with `session` 0 all of the channel. In the reliable line where `rseq` is not 0. */
  onClose(channel: Channel, epoch: Epoch, session: SessionNumber, code: number, rseq: Rseq, reason: string): void;
  /** `pairs` of session and the highest cseq of it that is acknowledged, 4 bytes each, little-endian. */
  onAck(channel: Channel, epoch: Epoch, pairs: Uint8Array): void;
  /** The gateway has every reliable message for its sessions up to `rseq`. */
  onSeen(channel: Channel, epoch: Epoch, rseq: Rseq): void;
  /** The gateway may have this many bytes of unacknowledged frames of the channel on the trunk; 0 while the room is frozen. */
  onFlow(channel: Channel, epoch: Epoch, windowBytes: number): void;
  /** Bytes of one MessagePack map; `control.ts` decodes and checks it. */
  onControl(message: Uint8Array): void;
  /** A piece of a room's state in a move. */
  onChunk(transfer: number, offset: number, payload: Uint8Array): void;
}
