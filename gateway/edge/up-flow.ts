import { encodeJoinInfo } from "../wire/control-codec.ts";
import type { Channel, Epoch } from "../wire/ids.ts";
import type { TrunkLink } from "../wire/link.ts";
import type { Session } from "./session.ts";
import { itemOverheadBytes, type UpItem } from "./up-buffer.ts";

/** Where a room's items go at present. */
export interface UpTarget {
  readonly link: TrunkLink;
  readonly channel: Channel;
  readonly epoch: Epoch;
  /** The trunk takes no more just now: `pump` is to be called when it does. */
  readonly heldUp: () => void;
}

/** Bytes written to a trunk and not yet taken by the operating system, above which its rooms wait until it has drained. */
const trunkBufferBytesMax = 16 * 1_048_576;

/**
 * The way up of one room: its sessions in a fair line, one item each in turn, and the window of its channel (GATE-5). A room whose
 * window is closed keeps its items in its sessions' buffers, and takes nothing from its neighbours on the trunk.
 */
export class UpFlow {
  readonly #nowMs: () => number;
  #target: UpTarget | undefined = undefined;
  #windowBytes = 0;
  #underWayBytes = 0;
  #freedBytes = 0;
  #first: Session | undefined = undefined;
  #last: Session | undefined = undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get underWayBytes(): number {
    return this.#underWayBytes;
  }

  /** Rises with every acknowledgement of something new. */
  get freedBytes(): number {
    return this.#freedBytes;
  }

  /** From here on items go to `target`. The caller has rewound the sessions and offers them next. */
  open(target: UpTarget, windowBytes: number): void {
    this.#target = target;
    this.#windowBytes = windowBytes;
    this.#underWayBytes = 0;
  }

  /** Nothing is sent until `open`. */
  shut(): void {
    this.#target = undefined;
    this.#underWayBytes = 0;
  }

  setWindow(windowBytes: number): void {
    this.#windowBytes = windowBytes;
    this.pump();
  }

  /** Bytes of the window that acknowledged or forgotten items had taken. */
  free(bytes: number): void {
    this.#underWayBytes = Math.max(0, this.#underWayBytes - bytes);
    this.#freedBytes += bytes;
  }

  /** Puts the session at the end of the line, if it is not in it, and sends what may be sent. */
  offer(session: Session): void {
    this.lineUp(session);
    this.pump();
  }

  /** Puts the session at the end of the line; the caller pumps when all are in it, so that each gets its turn. */
  lineUp(session: Session): void {
    if (session.isQueued) return;
    session.isQueued = true;
    if (this.#last === undefined) this.#first = session;
    else this.#last.nextQueued = session;
    this.#last = session;
  }

  pump(): void {
    const target = this.#target;
    if (target === undefined) return;
    while (this.#first !== undefined) {
      const session = this.#first;
      const item = session.up.peekUnsent();
      if (item === undefined) {
        this.#dequeue(session);
        continue;
      }
      const bytes = item.payload.length + itemOverheadBytes;
      if (!this.#mayTake(bytes)) return;
      if (target.link.bufferedBytes > trunkBufferBytesMax) {
        target.heldUp();
        return;
      }
      this.#dequeue(session);
      this.#underWayBytes += bytes;
      this.#send(target, session, item);
      if (session.up.hasUnsent) this.lineUp(session);
    }
  }

  /** One item may always be under way, or a message larger than the window would wait for ever; a window of 0 stops the room. */
  #mayTake(bytes: number): boolean {
    if (this.#windowBytes === 0) return false;
    return this.#underWayBytes === 0 || this.#underWayBytes + bytes <= this.#windowBytes;
  }

  #send({ link, channel, epoch }: UpTarget, session: Session, item: UpItem): void {
    const { up, number } = session;
    const cseq = up.nextCseq;
    up.takeUnsent();
    session.sentAtMs ??= this.#nowMs();
    if (item.kind === "message") link.up(channel, epoch, number, cseq, item.isText, item.payload);
    else if (item.kind === "join") link.join(channel, epoch, number, cseq, joinInfoOf(session));
    else link.leave(channel, epoch, number, cseq, item.code);
  }

  #dequeue(session: Session): void {
    this.#first = session.nextQueued;
    if (this.#first === undefined) this.#last = undefined;
    session.nextQueued = undefined;
    session.isQueued = false;
  }
}

function joinInfoOf({ query, protocol }: Session): Uint8Array {
  return encodeJoinInfo({ query, protocol });
}
