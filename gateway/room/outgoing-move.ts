import {
  beginMoveOut,
  type MoveOut,
  type MoveOutEffect,
  type MoveOutEvent,
  type MoveOutPhase,
  stepMoveOut,
} from "../cluster/move-out.ts";
import type { Outcome } from "../cluster/ownership.ts";
import type { Step } from "../cluster/step.ts";
import type { Timing } from "../cluster/timing.ts";
import type { ControlMessage } from "../wire/control.ts";
import { describeError } from "../wire/errors.ts";
import type { Epoch, RoomKey, ServerId } from "../wire/ids.ts";
import type { TrunkLink } from "../wire/link.ts";
import type { Logger, Runtime, Timer } from "../wire/runtime.ts";
import { cutDetail } from "../wire/text-limits.ts";
import { versionOf } from "./apps.ts";
import { BodySender } from "./body-transfer.ts";
import type { CellMove } from "./cell-ports.ts";
import { whenQuiet } from "./journaled-turns.ts";
import type { PeerLinks } from "./peer-links.ts";
import type { RoomCell } from "./room-cell.ts";
import { encodeBody } from "./state-body.ts";

/** How long each phase of a move may take, in ms. `frozen` is the freeze budget: shipping and committing together. */
export interface MoveTiming {
  readonly connectingMs: number;
  readonly preparingMs: number;
  readonly precopyingMs: number;
  readonly frozenMs: number;
}

/** Before the freeze there is time; the freeze itself has its budget. */
export function moveTiming({ freezeBudgetMs }: Timing): MoveTiming {
  return { connectingMs: 2_000, preparingMs: 2_000, precopyingMs: 30_000, frozenMs: freezeBudgetMs };
}

export type MoveResult =
  | { readonly kind: "moved"; readonly epoch: Epoch; readonly pauseMs: number }
  | { readonly kind: "failed"; readonly reason: string };

export interface MoveOrder {
  readonly cell: RoomCell;
  readonly target: ServerId;
  readonly address: string;
  /** The target is not to be moved away from again by the rebalancer. */
  readonly pin: boolean;
}

export interface MoveHost {
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly peers: PeerLinks;
  readonly timing: MoveTiming;
  /** Registers for the target's messages about a transfer on a link; returns its number, unique there. */
  openTransfer(link: TrunkLink, listener: (message: ControlMessage) => void): number;
  closeTransfer(link: TrunkLink, transfer: number): void;
}

/** From this size on a state is copied ahead of the freeze. */
export const precopyBytesMin = 256 * 1024;

/** Carries one room to another server. Reports once. */
export class OutgoingMove implements CellMove {
  readonly room: RoomKey;
  readonly target: ServerId;
  readonly #order: MoveOrder;
  readonly #host: MoveHost;
  readonly #done: (result: MoveResult) => void;
  #state: MoveOut = beginMoveOut.state;
  #link: TrunkLink | undefined;
  #transfer = 0;
  #timer: Timer | undefined;
  #stopUsing: () => void = () => {};
  #sender: BodySender | undefined;
  #copied: Uint8Array | undefined;
  #frozenAtMs = 0;
  #isFreezing = false;
  #isStepping = false;
  readonly #events: MoveOutEvent[] = [];
  /** Frozen and called off: the result waits for the head. */
  #failedReason: string | undefined;

  constructor(host: MoveHost, order: MoveOrder, done: (result: MoveResult) => void) {
    this.#host = host;
    this.#order = order;
    this.#done = done;
    this.room = order.cell.key;
    this.target = order.target;
  }

  start(): void {
    this.#order.cell.setMove(this);
    this.#apply(beginMoveOut);
  }

  roomStopped(): void {
    if (!this.#isFreezing) this.#tell({ kind: "roomStopped" });
  }

  /** MOVE-3: after a call-off the store has said who owns the room; only now the result is certain. */
  roomSettled(outcome: { readonly kind: "running" } | Outcome): void {
    const reason = this.#failedReason;
    if (reason === undefined) return;
    if (outcome.kind === "owned" && outcome.owner === this.target) {
      this.#finish({ kind: "moved", epoch: outcome.epoch, pauseMs: this.#pauseMs() });
    } else this.#finish({ kind: "failed", reason });
  }

  /** Events that come while effects are carried out wait until those are done. */
  #tell(event: MoveOutEvent): void {
    this.#events.push(event);
    if (this.#isStepping) return;
    for (let next = this.#events.shift(); next; next = this.#events.shift())
      this.#apply(stepMoveOut(this.#state, next));
  }

  #apply(next: Step<MoveOut, MoveOutEffect>): void {
    this.#state = next.state;
    this.#isStepping = true;
    for (const effect of next.effects) this.#carryOut(effect);
    this.#isStepping = false;
  }

  #carryOut(effect: MoveOutEffect): void {
    const { cell } = this.#order;
    switch (effect.kind) {
      case "dial":
        this.#stopUsing = this.#host.peers.use(this.#order.address, {
          up: (link) => {
            this.#link = link;
            this.#transfer = this.#host.openTransfer(link, (message) => this.#onMessage(message));
            this.#tell({ kind: "linkUp" });
          },
          down: (end) => this.#tell({ kind: "linkDown", reason: `${end.kind}, ${end.detail}` }),
        });
        return;
      case "sendPrepare":
        this.#send({
          t: "movePrepare",
          transfer: this.#transfer,
          room: this.room,
          epoch: cell.position.epoch,
          appVersion: versionOf(cell.definition),
          pinned: this.#order.pin,
        });
        return;
      case "precopy":
        this.#ship("precopy", () => (this.#copied ? [this.#copied] : []));
        return;
      case "freezeAndShip":
        this.#freezeAndShip();
        return;
      case "sendCommit":
        this.#send({ t: "moveCommit", transfer: this.#transfer, ...cell.position });
        return;
      case "sendAbort":
        this.#send({ t: "moveAbort", transfer: this.#transfer });
        return;
      case "handOver":
        cell.tell({ kind: "handedOver", owner: this.target, epoch: effect.epoch });
        return;
      case "callOff":
        cell.tell({ kind: "moveCalledOff" });
        return;
      case "armTimer":
        this.#armTimer(effect.phase);
        return;
      case "disarmTimer":
        this.#timer?.cancel();
        return;
      case "fail":
        this.#fail(effect.reason, effect.frozen);
        return;
      case "succeed":
        this.#finish({ kind: "moved", epoch: effect.epoch, pauseMs: this.#pauseMs() });
        return;
    }
  }

  #onMessage(message: ControlMessage): void {
    switch (message.t) {
      case "movePrepared":
        this.#prepared();
        return;
      case "moveRefused":
        this.#tell({ kind: "refused", reason: message.reason });
        return;
      case "moveGot":
        this.#sender?.got(message.bytes);
        return;
      case "moveTaken":
        this.#tell({ kind: "taken", epoch: message.epoch });
        return;
      case "moveFailed":
        this.#tell({ kind: "failed", reason: message.reason });
        return;
      default:
    }
  }

  /** Whether the state is worth a copy ahead of the freeze shows when it is taken; a small one costs little. */
  #prepared(): void {
    try {
      this.#copied = this.#order.cell.live?.snapshot();
    } catch (error) {
      this.#tell({ kind: "failed", reason: `the room's snapshot failed: ${messageOf(error)}` });
      this.#order.cell.roomThrew(error);
      return;
    }
    const precopy = this.#copied !== undefined && this.#copied.length >= precopyBytesMin;
    if (!precopy) this.#copied = undefined;
    this.#tell({ kind: "prepared", precopy });
  }

  #freezeAndShip(): void {
    const { cell } = this.#order;
    this.#frozenAtMs = this.#host.runtime.nowMs();
    this.#isFreezing = true;
    cell.tell({ kind: "freezeRequested" });
    this.#isFreezing = false;
    if (cell.kind !== "frozen" || !cell.live) {
      this.#tell({ kind: "roomStopped" });
      return;
    }
    const { live } = cell;
    // MOVE-6: what was said before the freeze is durable and out before the state is taken.
    whenQuiet(live.journaled, () => this.#ship("final", () => encodeBody(live.wholeState(), this.#copied)));
  }

  #ship(part: "precopy" | "final", take: () => readonly Uint8Array[]): void {
    if (!this.#link || this.#state.kind === "over") return;
    try {
      const segments = take();
      this.#sender = new BodySender(this.#link, this.#transfer, part, segments, () =>
        this.#tell({ kind: part === "final" ? "shipped" : "precopied" }),
      );
    } catch (error) {
      this.#tell({ kind: "stateFailed", reason: `the room's state cannot be taken: ${messageOf(error)}` });
      this.#order.cell.roomThrew(error);
    }
  }

  #armTimer(phase: MoveOutPhase): void {
    const { timing, runtime } = this.#host;
    const phaseMs = {
      connecting: timing.connectingMs,
      preparing: timing.preparingMs,
      precopying: timing.precopyingMs,
      shipping: timing.frozenMs,
      committing: timing.frozenMs,
    }[phase];
    this.#timer?.cancel();
    this.#timer = runtime.after(phaseMs, () => this.#tell({ kind: "timedOut" }));
  }

  #fail(reason: string, frozen: boolean): void {
    const { cell } = this.#order;
    if (!frozen) {
      this.#finish({ kind: "failed", reason });
      return;
    }
    this.#failedReason = reason;
    if (cell.isRunning) this.roomSettled({ kind: "running" });
    else if (cell.outcome) this.roomSettled(cell.outcome);
  }

  #finish(result: MoveResult): void {
    this.#failedReason = undefined;
    this.#stopUsing();
    if (this.#link) this.#host.closeTransfer(this.#link, this.#transfer);
    this.#sender = undefined;
    this.#copied = undefined;
    if (this.#order.cell.move === this) this.#order.cell.setMove(undefined);
    this.#done(result);
  }

  #pauseMs(): number {
    return this.#host.runtime.nowMs() - this.#frozenAtMs;
  }

  #send(message: ControlMessage): void {
    this.#link?.control(message);
  }
}

function messageOf(error: unknown): string {
  return cutDetail(describeError(error).message);
}
