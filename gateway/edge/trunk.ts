import type { Channel, ServerId } from "../wire/ids.ts";
import type { LinkEnd, LinkHandler, TrunkDialer, TrunkLink } from "../wire/link.ts";
import type { Runtime, Timer } from "../wire/runtime.ts";
import type { EdgeRoom } from "./edge-room.ts";
import { FanOut } from "./fan-out.ts";
import type { GatewayStats } from "./gateway-stats.ts";
import type { ChannelRequest } from "./room-setting.ts";

const backOffFirstMs = 20;
const backOffMaxMs = 500;
/** For what time alone does not mend: a wrong secret, no common version, a peer that breaks the rules. */
const backOffAfterFaultMaxMs = 5_000;

export interface TrunkSetting {
  readonly runtime: Runtime;
  readonly dialer: TrunkDialer;
  readonly stats: GatewayStats;
}

interface Request extends ChannelRequest {
  readonly room: EdgeRoom;
  /** `undefined` while it waits, and when it was given up. */
  channel: Channel | undefined;
}

/** How the latest connection failed or ended, and when; `sinceMs`: when the first after the last success did. */
export interface TrunkFailure {
  readonly kind: LinkEnd["kind"];
  readonly atMs: number;
  readonly sinceMs: number;
}

/**
 * The gateway's one trunk to one room server: dialled at once, and again with a jittered back-off for as long as the pool keeps it.
 * Rooms that want a channel wait in it until it opens; when it ends, or cannot be had, all of them are told.
 */
export class Trunk {
  readonly server: ServerId;
  readonly #setting: TrunkSetting;
  readonly #waiting = new Set<Request>();
  #address: string;
  #link: TrunkLink | undefined = undefined;
  #fanOut: FanOut | undefined = undefined;
  #dial: { cancel(): void } | undefined = undefined;
  #redial: Timer | undefined = undefined;
  #failures = 0;
  #failure: TrunkFailure | undefined = undefined;
  #isClosed = false;

  constructor(server: ServerId, address: string, setting: TrunkSetting) {
    this.server = server;
    this.#address = address;
    this.#setting = setting;
    this.#connect();
  }

  get isOpen(): boolean {
    return this.#fanOut !== undefined;
  }

  /** `undefined` while it is open, or was not tried to the end yet. */
  get failure(): TrunkFailure | undefined {
    return this.#failure;
  }

  get isUsed(): boolean {
    return this.#waiting.size > 0 || (this.#fanOut?.channelCount ?? 0) > 0;
  }

  /** The server may have moved: an open trunk shows that it has not, any other is dialled anew. */
  setAddress(address: string): void {
    if (address === this.#address) return;
    this.#address = address;
    if (this.isOpen || this.#isClosed) return;
    this.#dial?.cancel();
    this.#connect();
  }

  /** Calls `channelOpened` or `channelLost` on the room; the former within the call if the trunk is open. */
  request(room: EdgeRoom): ChannelRequest {
    const request: Request = {
      room,
      channel: undefined,
      giveUp: () => this.#giveUp(request),
      awaitDrain: () => this.#fanOut?.awaitDrain(room),
    };
    if (this.#link === undefined || this.#fanOut === undefined) this.#waiting.add(request);
    else this.#grant(request, this.#link, this.#fanOut);
    return request;
  }

  close(): void {
    this.#isClosed = true;
    this.#dial?.cancel();
    this.#redial?.cancel();
    this.#link?.close();
  }

  #grant(request: Request, link: TrunkLink, fanOut: FanOut): void {
    request.channel = fanOut.openChannel(request.room);
    request.room.channelOpened(link, request.channel);
  }

  #giveUp(request: Request): void {
    this.#waiting.delete(request);
    // A channel of an earlier link is gone with it, and its number may be another room's on this one.
    if (request.channel !== undefined && this.#fanOut?.has(request.channel, request.room)) {
      this.#fanOut.closeChannel(request.channel, request.room);
    }
    request.channel = undefined;
  }

  #connect(): void {
    this.#redial?.cancel();
    this.#dial = this.#setting.dialer.dial(
      this.#address,
      (link) => this.#attach(link),
      (end) => this.#ended(end),
    );
  }

  #attach(link: TrunkLink): LinkHandler {
    const { runtime, stats } = this.#setting;
    this.#dial = undefined;
    const isOther = link.peer.id !== this.server;
    const fanOut = new FanOut(link, stats, runtime, (end) => {
      // Whoever answers at this address now, the server that we know is not there any more.
      this.#ended(isOther ? { kind: "refused", detail: `${link.peer.id} is there instead` } : end);
    });
    if (isOther || this.#isClosed) {
      link.close();
      return fanOut;
    }
    this.#fanOut = fanOut;
    this.#failures = 0;
    this.#failure = undefined;
    // The link may be written to once its dialer has its handler.
    runtime.soon(() => this.#opened(link, fanOut));
    return fanOut;
  }

  #opened(link: TrunkLink, fanOut: FanOut): void {
    if (this.#fanOut !== fanOut) return;
    this.#link = link;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const request of waiting) this.#grant(request, link, fanOut);
  }

  #ended(end: LinkEnd): void {
    const { runtime } = this.#setting;
    this.#dial = undefined;
    this.#link = undefined;
    this.#fanOut = undefined;
    const atMs = runtime.nowMs();
    this.#failure = { kind: end.kind, atMs, sinceMs: this.#failure?.sinceMs ?? atMs };
    this.#failures += 1;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    if (!this.#isClosed) this.#redialLater(end);
    for (const { room } of waiting) room.channelLost();
  }

  #redialLater(end: LinkEnd): void {
    const { runtime } = this.#setting;
    const isFault = end.kind === "unauthorized" || end.kind === "version" || end.kind === "protocol";
    const level = this.#failures === 1 ? "info" : "debug";
    runtime.log[isFault ? "warn" : level]({ server: this.server, ...end }, "the trunk to a room server is not there");
    const maxMs = isFault ? backOffAfterFaultMaxMs : backOffMaxMs;
    const capMs = Math.min(maxMs, backOffFirstMs * 2 ** Math.min(this.#failures - 1, 10));
    this.#redial = runtime.after(1 + runtime.random() * (capMs - 1), () => this.#connect());
  }
}
