import { type MoveIn, type MoveInEffect, type MoveInEvent, stepMoveIn } from "../cluster/move-in.ts";
import type { HeadView } from "../cluster/ownership.ts";
import type { Control } from "../wire/control.ts";
import { describeError } from "../wire/errors.ts";
import type { RoomKey } from "../wire/ids.ts";
import type { TrunkLink } from "../wire/link.ts";
import type { Timer } from "../wire/runtime.ts";
import { cutDetail } from "../wire/text-limits.ts";
import { isJournaled, stateBytesMaxOf } from "./apps.ts";
import { BodyReceiver } from "./body-transfer.ts";
import type { BindRequest, CellHost } from "./cell-ports.ts";
import type { LiveRoom } from "./live-room.ts";
import { createLiveRoom } from "./live-room-factory.ts";
import { headLimits } from "./room-bounds.ts";
import type { RoomCell } from "./room-cell.ts";
import type { AppDefinition } from "./sdk.ts";
import { decodeBody, type StateParts } from "./state-body.ts";
import { WaitingBinds } from "./waiting-binds.ts";

export interface IncomingHost {
  readonly cells: CellHost;
  /** Nothing from the source for this long: forget it. */
  readonly silenceMsMax: number;
  /** The room runs here now. */
  adopt(move: IncomingMove, live: LiveRoom, head: HeadView): RoomCell;
  /** The move is over without the room; requests that came meanwhile begin anew. */
  dropped(move: IncomingMove, waiting: readonly BindRequest[]): void;
}

const retryMs = 50;

/** One room on its way here. Holds what the source sends, and takes the room over when it says so. */
export class IncomingMove {
  readonly room: RoomKey;
  readonly link: TrunkLink;
  readonly transfer: number;
  readonly definition: AppDefinition;
  readonly #host: IncomingHost;
  readonly #epoch: number;
  #state: MoveIn = { kind: "receiving" };
  #receiver: BodyReceiver | undefined;
  #copied: Uint8Array | undefined;
  #live: LiveRoom | undefined;
  #cell: RoomCell | undefined;
  #timer: Timer | undefined;
  /** When the head was first asked for. */
  #askedMs: number | undefined;
  readonly #waiting = new WaitingBinds();

  constructor(host: IncomingHost, link: TrunkLink, prepare: Control<"movePrepare">, definition: AppDefinition) {
    this.#host = host;
    this.link = link;
    this.transfer = prepare.transfer;
    this.room = prepare.room;
    this.#epoch = prepare.epoch;
    this.definition = definition;
    this.#touch();
  }

  /** A gateway asks for the room while it is on its way. */
  bind(request: BindRequest): void {
    this.#waiting.add(request);
  }

  /** Announces a body. One that is too large ends the move. */
  body(message: Control<"moveBody">): void {
    if (this.#state.kind !== "receiving") return;
    this.#touch();
    const stateBytesMax = stateBytesMaxOf(this.definition);
    if (message.bytes > stateBytesMax + headLimits.bytesMax) {
      this.#discard(`its state takes ${message.bytes} bytes, at most ${stateBytesMax} are allowed`);
      return;
    }
    this.#receiver = new BodyReceiver(message.part, message.bytes);
    this.#received();
  }

  chunk(offset: number, bytes: Uint8Array): void {
    if (this.#state.kind !== "receiving" || !this.#receiver) return;
    this.#touch();
    if (!this.#receiver.accept(offset, bytes)) {
      this.#discard("a chunk does not fit");
      return;
    }
    this.link.control({ t: "moveGot", transfer: this.transfer, bytes: this.#receiver.got });
    this.#received();
  }

  commit(message: Control<"moveCommit">): void {
    this.#tell({ kind: "commitAsked", expect: { epoch: message.epoch, tail: message.tail } });
  }

  abort(): void {
    this.#tell({ kind: "aborted" });
  }

  linkEnded(): void {
    this.#tell({ kind: "linkDown" });
  }

  #received(): void {
    const { whole, part } = this.#receiver ?? {};
    if (whole && part === "precopy") {
      this.#copied = whole;
      this.#receiver = undefined;
    }
  }

  #tell(event: MoveInEvent): void {
    const next = stepMoveIn(this.#state, event);
    this.#state = next.state;
    for (const effect of next.effects) this.#carryOut(effect);
  }

  #carryOut(effect: MoveInEffect): void {
    switch (effect.kind) {
      case "restore":
        this.#touch();
        this.#restore();
        return;
      case "takeOver":
        this.#timer?.cancel();
        void this.#takeOver(effect.expect);
        return;
      case "readHead":
        void this.#readHead();
        return;
      case "retryLater":
        this.#timer = this.#host.cells.runtime.after(retryMs, () => this.#tell({ kind: "retryDue" }));
        return;
      case "run":
        this.#run(effect.head);
        return;
      case "discard":
        this.#discard(effect.reason);
        return;
    }
  }

  #restore(): void {
    const body = this.#receiver?.part === "final" ? this.#receiver.whole : undefined;
    this.#receiver = undefined;
    let moved: StateParts;
    try {
      if (!body) throw new Error("the state did not come whole");
      moved = decodeBody(body, this.#copied);
    } catch (error) {
      this.#cannotRestore(error);
      return;
    }
    try {
      const from = { kind: "moved", parts: moved } as const;
      const { cells } = this.#host;
      this.#live = createLiveRoom(cells, this.room, this.definition, this.#epoch + 1, from, () => this.#cell);
    } catch (error) {
      // ROOM-38: here as anywhere, what its code throws counts against the room.
      this.#host.cells.roomFailed(this.room);
      this.#cannotRestore(error);
      return;
    }
    this.#copied = undefined;
    this.#tell({ kind: "restored" });
  }

  #cannotRestore(error: unknown): void {
    const err = describeError(error);
    this.#host.cells.log.error({ room: this.room, err }, "moved room cannot be restored");
    this.#tell({ kind: "restoreFailed", reason: `the state cannot be restored: ${err.message}` });
  }

  async #takeOver(expect: { epoch: number; tail: number }): Promise<void> {
    const { takeovers, me } = this.#host.cells;
    const journaled = isJournaled(this.definition);
    this.#askedMs ??= this.#host.cells.runtime.nowMs();
    const answer = await takeovers.takeOver({ room: this.room, expect, owner: me, journaled });
    if (answer.kind === "taken") this.#tell({ kind: "taken", head: answer.head });
    else if (answer.kind === "fenced") this.#tell({ kind: "fenced", head: answer.head, me });
    else if (answer.kind === "unavailable") this.#tell({ kind: "storeUnavailable", reason: answer.reason });
    else this.#tell({ kind: "storeUnknown" });
  }

  async #readHead(): Promise<void> {
    const { store, me } = this.#host.cells;
    const answer = await store.readHead(this.room);
    if (answer.kind === "head") this.#tell({ kind: "headRead", head: answer.head, me });
    else this.#tell({ kind: "storeUnavailable", reason: answer.reason });
  }

  #run(head: HeadView): void {
    this.#timer?.cancel();
    if (!this.#live) return;
    this.#cell = this.#host.adopt(this, this.#live, head);
    this.#cell.begin(this.#askedMs ?? 0);
    this.link.control({ t: "moveTaken", transfer: this.transfer, epoch: head.epoch });
    for (const request of this.#waiting.take()) this.#cell.bind(request);
  }

  #discard(reason: string): void {
    this.#timer?.cancel();
    this.#state = { kind: "over" };
    this.#live?.dispose();
    this.#live = undefined;
    this.#receiver = undefined;
    this.#copied = undefined;
    this.link.control({ t: "moveFailed", transfer: this.transfer, reason: cutDetail(reason) });
    this.#host.dropped(this, [...this.#waiting.take()]);
  }

  #touch(): void {
    this.#timer?.cancel();
    this.#timer = this.#host.cells.runtime.after(this.#host.silenceMsMax, () => this.#tell({ kind: "timedOut" }));
  }
}
