import { decodeControl } from "../wire/control-codec.ts";
import type { DeliveryClass } from "../wire/frames.ts";
import type { Channel, Epoch, Rseq, SessionNumber } from "../wire/ids.ts";
import type { LinkEnd, LinkHandler, TrunkLink } from "../wire/link.ts";
import type { Runtime } from "../wire/runtime.ts";
import type { DownItem } from "./down-item.ts";
import type { EdgeRoom } from "./edge-room.ts";
import type { GatewayStats } from "./gateway-stats.ts";
import { numberBytes, readNumber } from "./number-pairs.ts";
import type { Session } from "./session.ts";
import { SlicedWrites } from "./sliced-writes.ts";

/**
 * What comes down one trunk, handed to the rooms and sessions it is for. A message is queued at its sessions and written when
 * the batch ends, so that each client gets the batch's messages in one write; a large fan-out takes several turns of the event loop.
 */
export class FanOut implements LinkHandler {
  readonly #link: TrunkLink;
  readonly #stats: GatewayStats;
  readonly #runtime: Runtime;
  readonly #ended: (end: LinkEnd) => void;
  readonly #rooms = new Map<Channel, EdgeRoom>();
  /** Rooms that wait until the trunk takes more. */
  readonly #heldUp = new Set<EdgeRoom>();
  readonly #writes: SlicedWrites;
  #nextChannel: Channel = 1;

  constructor(link: TrunkLink, stats: GatewayStats, runtime: Runtime, ended: (end: LinkEnd) => void) {
    this.#link = link;
    this.#stats = stats;
    this.#runtime = runtime;
    this.#writes = new SlicedWrites(runtime);
    this.#ended = ended;
  }

  get channelCount(): number {
    return this.#rooms.size;
  }

  /** Numbers are never used again on the same trunk: 2^32 of them outlast it. */
  openChannel(room: EdgeRoom): Channel {
    const channel = this.#nextChannel;
    this.#nextChannel += 1;
    this.#rooms.set(channel, room);
    return channel;
  }

  has(channel: Channel, room: EdgeRoom): boolean {
    return this.#rooms.get(channel) === room;
  }

  closeChannel(channel: Channel, room: EdgeRoom): void {
    this.#rooms.delete(channel);
    this.#heldUp.delete(room);
  }

  awaitDrain(room: EdgeRoom): void {
    this.#heldUp.add(room);
  }

  onDown(
    channel: Channel,
    epoch: Epoch,
    session: SessionNumber,
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void {
    const room = this.#roomFor(channel, epoch);
    if (!room?.acceptsRseq(rseq, payload.length)) return;
    const receiver = room.sessions.get(session);
    if (receiver === undefined) {
      this.#stats.droppedStale += 1;
      return;
    }
    const item: DownItem = { delivery, latestKey, isText, payload };
    this.#writes.add(item, 1);
    this.#deliver(receiver, item);
  }

  onBroadcast(
    channel: Channel,
    epoch: Epoch,
    except: SessionNumber,
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void {
    const room = this.#roomFor(channel, epoch);
    if (!room?.acceptsRseq(rseq, payload.length)) return;
    const item: DownItem = { delivery, latestKey, isText, payload };
    this.#writes.add(item, room.sessions.size);
    for (const session of room.sessions.values()) {
      // Who is not acknowledged as a member was none when this was sent: acks come before messages.
      if (session.number !== except && !session.up.joinPending) this.#deliver(session, item);
    }
  }

  onMulticast(
    channel: Channel,
    epoch: Epoch,
    sessions: Uint8Array,
    delivery: DeliveryClass,
    latestKey: number,
    rseq: Rseq,
    isText: boolean,
    payload: Uint8Array,
  ): void {
    const room = this.#roomFor(channel, epoch);
    if (!room?.acceptsRseq(rseq, payload.length)) return;
    const item: DownItem = { delivery, latestKey, isText, payload };
    this.#writes.add(item, sessions.length / numberBytes);
    for (let at = 0; at + numberBytes <= sessions.length; at += numberBytes) {
      const session = room.sessions.get(readNumber(sessions, at));
      if (session !== undefined) this.#deliver(session, item);
    }
  }

  onClose(channel: Channel, epoch: Epoch, session: SessionNumber, code: number, rseq: Rseq, reason: string): void {
    const room = this.#roomFor(channel, epoch);
    if (room?.acceptsRseq(rseq, 0)) room.closeByRoom(session, code, reason);
  }

  onAck(channel: Channel, epoch: Epoch, pairs: Uint8Array): void {
    this.#roomFor(channel, epoch)?.onAck(pairs);
  }

  onFlow(channel: Channel, epoch: Epoch, windowBytes: number): void {
    this.#roomFor(channel, epoch)?.onFlow(windowBytes);
  }

  onControl(bytes: Uint8Array): void {
    const decoded = decodeControl(bytes);
    if (decoded.kind === "fault") {
      this.#breakOff(decoded.rule);
      return;
    }
    const { message } = decoded;
    switch (message.t) {
      case "bound":
        this.#channel(message.channel)?.onBound(message);
        return;
      case "redirect":
        this.#channel(message.channel)?.onRedirect(message);
        return;
      case "refused":
        this.#channel(message.channel)?.onRefused(message);
        return;
      default:
        this.#breakOff(`a gateway takes no ${message.t}`);
    }
  }

  onBatchEnd(): void {
    this.#writes.batchEnded();
  }

  onDrained(): void {
    if (this.#heldUp.size === 0) return;
    const rooms = [...this.#heldUp];
    this.#heldUp.clear();
    for (const room of rooms) room.trunkDrained();
  }

  onEnd(end: LinkEnd): void {
    this.onBatchEnd();
    const rooms = [...this.#rooms.values()];
    this.#rooms.clear();
    this.#heldUp.clear();
    this.#ended(end);
    for (const room of rooms) room.channelLost();
  }

  onJoin(): void {
    this.#breakOff("a gateway takes no join");
  }

  onUp(): void {
    this.#breakOff("a gateway takes no up");
  }

  onLeave(): void {
    this.#breakOff("a gateway takes no leave");
  }

  onSeen(): void {
    this.#breakOff("a gateway takes no seen");
  }

  onChunk(): void {
    this.#breakOff("a gateway takes no chunk");
  }

  #deliver(session: Session, item: DownItem): void {
    if (session.deliver(item)) this.#writes.lineUp(session);
  }

  /** The channel's room, if the frame is of the epoch that is valid for it. */
  #roomFor(channel: Channel, epoch: Epoch): EdgeRoom | undefined {
    const room = this.#channel(channel);
    return room?.accepts(epoch) ? room : undefined;
  }

  #channel(channel: Channel): EdgeRoom | undefined {
    const room = this.#rooms.get(channel);
    if (room === undefined) this.#stats.droppedStale += 1;
    return room;
  }

  #breakOff(rule: string): void {
    this.#runtime.log.warn({ peer: this.#link.peer.id, rule }, "a room server broke the rules of the trunk");
    this.#link.close();
  }
}
