import { decodeControl, decodeJoinInfo } from "../wire/control-codec.ts";
import type { FrameHandler } from "../wire/frames.ts";
import type { Channel, Cseq, Epoch, GatewayId, Rseq, SessionNumber } from "../wire/ids.ts";
import type { LinkEnd, LinkHandler, TrunkLink } from "../wire/link.ts";
import type { BindRequest } from "./cell-ports.ts";
import type { ChannelPort, GatewayChannel } from "./gateway-channel.ts";
import type { RoomCell } from "./room-cell.ts";
import type { ServerCounters } from "./server-counters.ts";
import type { WaitingBinds } from "./waiting-binds.ts";

/** What a gateway's trunk asks of the server. */
export interface GatewayHandlerHost {
  readonly counters: ServerCounters;
  bind(request: BindRequest): void;
}

interface Bound {
  readonly cell: RoomCell;
  readonly at: GatewayChannel;
}

interface Waiting {
  readonly request: BindRequest;
  readonly where: WaitingBinds;
}

/** One gateway's trunk: finds the room of each frame, drops what is not for the present epoch, sends acks with each batch. */
export class GatewayHandler implements LinkHandler, ChannelPort {
  readonly #host: GatewayHandlerHost;
  readonly #link: TrunkLink;
  readonly #gateway: GatewayId;
  readonly #channels = new Map<Channel, Bound>();
  /** Its requests that were not accepted yet, and where they wait. */
  readonly #waiting = new Map<Channel, Waiting>();
  /** Channels that keep the newest of their latest messages until the trunk has drained. */
  readonly #pressed = new Set<GatewayChannel>();
  #dirty: GatewayChannel[] = [];

  constructor(host: GatewayHandlerHost, link: TrunkLink) {
    this.#host = host;
    this.#link = link;
    this.#gateway = link.peer.id as GatewayId;
  }

  markDirty(channel: GatewayChannel): void {
    if (this.#dirty.length === 0) this.#link.requestFlush();
    this.#dirty.push(channel);
  }

  awaitDrain(channel: GatewayChannel): void {
    this.#pressed.add(channel);
  }

  forget(channel: Channel): void {
    this.#channels.delete(channel);
  }

  onBeforeFlush(): void {
    if (this.#dirty.length === 0) return;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const channel of dirty) channel.flushAcks();
  }

  onJoin(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, info: Uint8Array): void {
    const at = this.#boundAt(channel, epoch);
    if (!at) return;
    const decoded = decodeJoinInfo(info);
    if (!decoded) {
      this.#host.counters.framesDropped += 1;
      return;
    }
    try {
      at.cell.live?.join(at.at, session, cseq, decoded);
    } catch (error) {
      at.cell.roomThrew(error);
    }
  }

  onUp(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, isText: boolean, payload: Uint8Array): void {
    const at = this.#boundAt(channel, epoch);
    try {
      at?.cell.live?.up(at.at, session, cseq, isText, payload);
    } catch (error) {
      at?.cell.roomThrew(error);
    }
  }

  onLeave(channel: Channel, epoch: Epoch, session: SessionNumber, cseq: Cseq, code: number): void {
    const at = this.#boundAt(channel, epoch);
    try {
      at?.cell.live?.leave(at.at, session, cseq, code);
    } catch (error) {
      at?.cell.roomThrew(error);
    }
  }

  onSeen(channel: Channel, epoch: Epoch, rseq: Rseq): void {
    const at = this.#boundAt(channel, epoch);
    try {
      at?.cell.live?.seen(at.at, rseq);
    } catch (error) {
      at?.cell.roomThrew(error);
    }
  }

  onControl(bytes: Uint8Array): void {
    const decoded = decodeControl(bytes);
    if (decoded.kind === "fault") return;
    const { message } = decoded;
    if (message.t === "unbind") {
      this.#unbind(message.channel);
      return;
    }
    if (message.t !== "bind") return;
    // A number is never given to two rooms; whoever does it all the same has the last one.
    this.#withdraw(message.channel);
    const request: BindRequest = {
      room: message.room,
      epochSeen: message.epochSeen,
      link: this.#link,
      channel: message.channel,
      gateway: this.#gateway,
      line: message.line,
      seen: message.seen,
      sessions: pairsOf(message.sessions),
      unreachable: message.unreachable,
      force: message.force,
      port: this,
      hold: { framesMax: message.holdFramesMax, ms: message.holdMs },
      waits: (where) => this.#waits(request, where),
      accepted: (cell, at) => this.#channels.set(message.channel, { cell, at }),
    };
    this.#host.bind(request);
  }

  onDrained(): void {
    const pressed = [...this.#pressed];
    this.#pressed.clear();
    for (const channel of pressed) if (channel.link === this.#link) channel.flushLatest();
  }

  onEnd(_end: LinkEnd): void {
    for (const channel of [...this.#waiting.keys()]) this.#withdraw(channel);
    const bound = [...this.#channels.values()];
    this.#channels.clear();
    this.#dirty = [];
    this.#pressed.clear();
    for (const { cell, at } of bound) if (at.link === this.#link) cell.live?.detach(at);
  }

  // What only goes down, or only between servers, has no business here: it is dropped.
  readonly onDown: FrameHandler["onDown"] = () => this.#drop();
  readonly onBroadcast: FrameHandler["onBroadcast"] = () => this.#drop();
  readonly onMulticast: FrameHandler["onMulticast"] = () => this.#drop();
  readonly onClose: FrameHandler["onClose"] = () => this.#drop();
  readonly onAck: FrameHandler["onAck"] = () => this.#drop();
  readonly onFlow: FrameHandler["onFlow"] = () => this.#drop();
  readonly onChunk: FrameHandler["onChunk"] = () => this.#drop();

  #drop(): void {
    this.#host.counters.framesDropped += 1;
  }

  /** EPOCH-1: a server drops frames of another epoch than its own. */
  #boundAt(channel: Channel, epoch: Epoch): Bound | undefined {
    const bound = this.#channels.get(channel);
    if (bound && bound.at.epoch === epoch) return bound;
    this.#host.counters.framesDropped += 1;
    return undefined;
  }

  #waits(request: BindRequest, where: WaitingBinds | undefined): void {
    if (where !== undefined) this.#waiting.set(request.channel, { request, where });
    else if (this.#waiting.get(request.channel)?.request === request) this.#waiting.delete(request.channel);
  }

  /** The gateway takes back a request that was not accepted yet, if there is one. */
  #withdraw(channel: Channel): void {
    const waiting = this.#waiting.get(channel);
    waiting?.where.withdraw(waiting.request);
  }

  #unbind(channel: Channel): void {
    const bound = this.#channels.get(channel);
    if (!bound) {
      this.#withdraw(channel);
      return;
    }
    this.#channels.delete(channel);
    bound.cell.live?.gatewayGone(this.#gateway);
  }
}

function pairsOf(bytes: Uint8Array): Map<SessionNumber, Cseq> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pairs = new Map<SessionNumber, Cseq>();
  for (let at = 0; at + 8 <= bytes.length; at += 8) pairs.set(view.getUint32(at, true), view.getUint32(at + 4, true));
  return pairs;
}
