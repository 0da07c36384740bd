import { closeCodes } from "../wire/close-codes.ts";
import type { SessionNumber } from "../wire/ids.ts";
import type { Runtime } from "../wire/runtime.ts";
import type { DownItem } from "./down-item.ts";
import { DownQueue, type SlowReaderLimits } from "./down-queue.ts";
import { countClose, type GatewayStats } from "./gateway-stats.ts";
import type { ClientSocket, SocketHandler } from "./listener.ts";
import { RateLimit } from "./rate-limit.ts";
import { type HoldLimits, UpBuffer } from "./up-buffer.ts";

export interface SessionLimits extends HoldLimits, SlowReaderLimits {
  /** With a burst of one second; above it the client is closed with 4429. Default 20 000. */
  readonly messagesPerSecondMax: number;
}

/** What all sessions of a gateway share. */
export interface SessionSetting {
  readonly runtime: Runtime;
  readonly limits: SessionLimits;
  readonly stats: GatewayStats;
}

/** The room that a session is in, as the session sees it. */
export interface SessionRoom {
  /** The session has something that was not sent. */
  offer(session: Session): void;
  /** The session has said its last: its leave is in the buffer. */
  sessionEnded(session: Session): void;
}

/**
 * One client in one room (DESIGN: session). It ends once, in one of two ways:
 *
 * - `leaving`: its client has gone, or the gateway closed it. What it said is kept, with a `leave` at the end, until the room has it.
 * - `gone`: the room closed it, or nobody is left to tell. Nothing is kept.
 *
 * Whatever a dead socket still says does nothing (GATE-4).
 */
export class Session implements SocketHandler {
  readonly number: SessionNumber;
  readonly query: string;
  readonly protocol: string;
  readonly up = new UpBuffer();
  /** Links the sessions of a room that wait for its window; `UpFlow` owns both. */
  isQueued = false;
  nextQueued: Session | undefined = undefined;
  /** When a trunk was first given any of its items; `undefined`: no room can know of it. */
  sentAtMs: number | undefined = undefined;
  readonly #room: SessionRoom;
  readonly #setting: SessionSetting;
  readonly #down = new DownQueue();
  readonly #rate: RateLimit;
  #socket: ClientSocket | undefined;
  #phase: "open" | "leaving" | "gone" = "open";
  readonly #onSocketClosed: () => void;

  constructor(
    number: SessionNumber,
    client: { readonly query: string; readonly protocol: string; readonly socket: ClientSocket },
    room: SessionRoom,
    setting: SessionSetting,
    onSocketClosed: () => void,
  ) {
    this.number = number;
    this.query = client.query;
    this.protocol = client.protocol;
    this.#socket = client.socket;
    this.#room = room;
    this.#setting = setting;
    this.#rate = new RateLimit(setting.limits.messagesPerSecondMax);
    this.#onSocketClosed = onSocketClosed;
    this.up.pushJoin();
    setting.stats.heldFrames += 1;
  }

  get phase(): "open" | "leaving" | "gone" {
    return this.#phase;
  }

  message(bytes: Uint8Array, isText: boolean): void {
    if (this.#phase !== "open") return;
    const { limits, stats, runtime } = this.#setting;
    if (!this.#rate.take(runtime)) {
      this.end(closeCodes.tooManyMessages, "too many messages");
      return;
    }
    // GATE-3: a session that overflows its hold is closed alone; what it said before is still delivered.
    if (!this.up.pushMessage(bytes, isText, limits)) {
      this.end(closeCodes.overloaded, "too much is waiting for the room");
      return;
    }
    stats.heldFrames += 1;
    stats.messagesUp += 1;
    stats.bytesUp += bytes.length;
    this.#room.offer(this);
  }

  drained(): void {
    const { limits, stats } = this.#setting;
    if (this.#phase === "open" && this.#socket !== undefined) this.#down.drained(this.#socket, limits, stats);
  }

  closed(code: number): void {
    if (this.#socket === undefined) return;
    this.#socket = undefined;
    this.#down.clear();
    this.#onSocketClosed();
    if (this.#phase !== "open") return;
    this.#phase = "leaving";
    countClose(this.#setting.stats, code);
    this.#leave(code);
  }

  /** `true` if it is the first of the batch: the caller sees to it that {@link flush} is called when the batch ends. */
  deliver(item: DownItem): boolean {
    return this.#phase === "open" && this.#down.add(item);
  }

  /** Writes what the batch had for this client. */
  flush(): void {
    if (this.#phase !== "open" || this.#socket === undefined) return;
    const { limits, stats } = this.#setting;
    if (!this.#down.flush(this.#socket, limits, stats)) this.end(closeCodes.readsTooSlowly, "reads too slowly");
  }

  /** The gateway closes the client; the room is told with a leave. */
  end(code: number, reason: string): void {
    if (this.#phase !== "open") return;
    // First, since a socket may tell of its end within the call that closes it.
    this.#phase = "leaving";
    this.#closeSocket(code, reason);
    this.#leave(code);
  }

  /** The room closes the client, or nobody is left to tell: it is closed if it is still there, and what it said is forgotten. */
  dismiss(code: number, reason: string): number {
    // Flushing may find that the client reads too slowly, and close it for that.
    this.flush();
    const isOpen = this.#phase === "open";
    this.#phase = "gone";
    if (isOpen) this.#closeSocket(code, reason);
    return this.forget();
  }

  /** Keeps nothing of what it said; answers what that had taken of the window, in bytes. */
  forget(): number {
    this.#phase = "gone";
    this.#setting.stats.heldFrames -= this.up.count;
    return this.up.clear();
  }

  #closeSocket(code: number, reason: string): void {
    this.#down.clear();
    countClose(this.#setting.stats, code);
    this.#socket?.close(code, reason);
  }

  #leave(code: number): void {
    this.up.pushLeave(code);
    this.#setting.stats.heldFrames += 1;
    this.#room.sessionEnded(this);
  }
}
