import type { HeadView } from "../cluster/ownership.ts";
import type { ControlMessage } from "../wire/control.ts";
import type { RoomKey, ServerId } from "../wire/ids.ts";
import type { LinkHandler, TrunkDialer, TrunkLink } from "../wire/link.ts";
import { countPause } from "../wire/pause-histogram.ts";
import type { Runtime } from "../wire/runtime.ts";
import { cutDetail } from "../wire/text-limits.ts";
import { versionOf } from "./apps.ts";
import type { BindRequest, CellHost } from "./cell-ports.ts";
import { controlOnlyHandler } from "./control-only-handler.ts";
import { IncomingMove } from "./incoming-move.ts";
import type { LiveRoom } from "./live-room.ts";
import { type MoveHost, type MoveOrder, type MoveResult, type MoveTiming, OutgoingMove } from "./outgoing-move.ts";
import { PeerLinks } from "./peer-links.ts";
import type { RoomCell } from "./room-cell.ts";
import type { AppDefinition } from "./sdk.ts";

export interface MoveDeskHost {
  readonly cells: CellHost;
  /** Why a room cannot come here now; `undefined` if it can. */
  refusal(room: RoomKey): string | undefined;
  definitionOf(room: RoomKey): AppDefinition | undefined;
  /** A search for the room's owner that is under way here ends; those who waited for it. */
  endSearch(room: RoomKey): readonly BindRequest[];
  /** The room has come, and runs. */
  adopted(room: RoomKey, live: LiveRoom, head: HeadView, isPinned: boolean): RoomCell;
  rebind(requests: readonly BindRequest[]): void;
}

export interface MoveDeskOptions {
  readonly timing: MoveTiming;
  /** Rooms that may leave at a time; further orders wait. */
  readonly concurrentMovesMax: number;
}

const incomingMax = 64;
const ordersWaitingMax = 100_000;
const incomingSilenceMsMax = 10_000;
const transferMax = 0xffffffff;

interface Waiting {
  readonly order: MoveOrder;
  readonly done: (result: MoveResult) => void;
}

/** All moves of one server, in both directions, and the trunks between servers that they run over. */
export class MoveDesk {
  readonly peers: PeerLinks;
  readonly #host: MoveDeskHost;
  readonly #options: MoveDeskOptions;
  readonly #moveHost: MoveHost;
  readonly #outgoing = new Map<RoomKey, OutgoingMove | undefined>();
  readonly #waiting: Waiting[] = [];
  #underWay = 0;
  readonly #incoming = new Map<RoomKey, IncomingMove>();
  readonly #transfers = new Map<TrunkLink, Map<number, (message: ControlMessage) => void>>();
  #nextTransfer = 1;

  constructor(host: MoveDeskHost, options: MoveDeskOptions, dialer: TrunkDialer, runtime: Runtime) {
    this.#host = host;
    this.#options = options;
    this.peers = new PeerLinks(runtime, dialer, (link) => this.handlerOf(link));
    this.#moveHost = {
      runtime,
      log: host.cells.log,
      peers: this.peers,
      timing: options.timing,
      openTransfer: (link, listener) => this.#openTransfer(link, listener),
      closeTransfer: (link, transfer) => this.#transfers.get(link)?.delete(transfer),
    };
  }

  /** A room on its way here, to which gateways' requests are given. */
  incoming(room: RoomKey): IncomingMove | undefined {
    return this.#incoming.get(room);
  }

  get incomingCount(): number {
    return this.#incoming.size;
  }

  isLeaving(room: RoomKey): boolean {
    return this.#outgoing.has(room);
  }

  /** MOVE-5: two moves of one room at once: the first wins, the second changes nothing. */
  order(order: MoveOrder): Promise<MoveResult> {
    const { key } = order.cell;
    if (this.#outgoing.has(key)) return Promise.resolve({ kind: "failed", reason: `${key} is being moved already` });
    if (this.#waiting.length >= ordersWaitingMax) {
      return Promise.resolve({ kind: "failed", reason: "too many moves wait" });
    }
    this.#outgoing.set(key, undefined);
    return new Promise((done) => {
      this.#waiting.push({ order, done });
      this.#startNext();
    });
  }

  /** Hears a trunk between servers, whoever has dialled it. */
  handlerOf(link: TrunkLink): LinkHandler {
    const incoming = new Map<number, IncomingMove>();
    return controlOnlyHandler({
      control: (message) => this.#onControl(link, incoming, message),
      chunk: (transfer, offset, bytes) => incoming.get(transfer)?.chunk(offset, bytes),
      ended: () => {
        this.#transfers.delete(link);
        for (const move of [...incoming.values()]) move.linkEnded();
      },
    });
  }

  #onControl(link: TrunkLink, incoming: Map<number, IncomingMove>, message: ControlMessage): void {
    switch (message.t) {
      case "movePrepare":
        this.#prepare(link, incoming, message);
        return;
      case "moveBody":
        incoming.get(message.transfer)?.body(message);
        return;
      case "moveCommit":
        incoming.get(message.transfer)?.commit(message);
        return;
      case "moveAbort":
        incoming.get(message.transfer)?.abort();
        return;
      case "tell":
        this.#host.cells.tells.onTell(link, message);
        return;
      case "told":
        this.#host.cells.tells.onTold(message);
        return;
      case "tellRemind":
        this.#host.cells.tells.onRemind(message);
        return;
      case "movePrepared":
      case "moveRefused":
      case "moveGot":
      case "moveTaken":
      case "moveFailed":
        this.#transfers.get(link)?.get(message.transfer)?.(message);
        return;
      default:
    }
  }

  #prepare(
    link: TrunkLink,
    incoming: Map<number, IncomingMove>,
    message: Extract<ControlMessage, { t: "movePrepare" }>,
  ): void {
    const { room, transfer } = message;
    const definition = this.#host.definitionOf(room);
    const version = definition && versionOf(definition);
    const reason = definition
      ? version === message.appVersion
        ? this.#refusalOf(room, incoming.has(transfer))
        : `the app is of version "${version}" here, of version "${message.appVersion}" there`
      : "the app is not known here";
    if (reason !== undefined || !definition) {
      link.control({ t: "moveRefused", transfer, reason: cutDetail(reason ?? "") });
      return;
    }
    const over = (): void => {
      incoming.delete(transfer);
      if (this.#incoming.get(room) === move) this.#incoming.delete(room);
    };
    const move: IncomingMove = new IncomingMove(
      {
        cells: this.#host.cells,
        silenceMsMax: incomingSilenceMsMax,
        adopt: (_move, live, head) => {
          over();
          this.#host.cells.counters.movesIn += 1;
          return this.#host.adopted(room, live, head, message.pinned);
        },
        dropped: (_move, waiting) => {
          over();
          this.#host.rebind(waiting);
        },
      },
      link,
      message,
      definition,
    );
    incoming.set(transfer, move);
    this.#incoming.set(room, move);
    for (const request of this.#host.endSearch(room)) move.bind(request);
    link.control({ t: "movePrepared", transfer });
  }

  #refusalOf(room: RoomKey, isTransferUsed: boolean): string | undefined {
    if (isTransferUsed) return "the transfer's number is in use";
    if (this.#incoming.has(room)) return "the room is on its way here already";
    if (this.#incoming.size >= incomingMax) return "too many rooms are on their way here";
    return this.#host.refusal(room);
  }

  #openTransfer(link: TrunkLink, listener: (message: ControlMessage) => void): number {
    const transfer = this.#nextTransfer;
    this.#nextTransfer = transfer >= transferMax ? 1 : transfer + 1;
    let transfers = this.#transfers.get(link);
    if (!transfers) {
      transfers = new Map();
      this.#transfers.set(link, transfers);
    }
    transfers.set(transfer, listener);
    return transfer;
  }

  #startNext(): void {
    if (this.#underWay >= this.#options.concurrentMovesMax) return;
    const next = this.#waiting.shift();
    if (!next) return;
    const { order, done } = next;
    const { cell, target } = order;
    if (!cell.isRunning) {
      this.#outgoing.delete(cell.key);
      done({ kind: "failed", reason: `${cell.key} does not run here` });
      this.#startNext();
      return;
    }
    this.#underWay += 1;
    const move = new OutgoingMove(this.#moveHost, order, (result) => {
      this.#underWay -= 1;
      this.#outgoing.delete(cell.key);
      this.#report(cell.key, target, result);
      done(result);
      this.#startNext();
    });
    this.#outgoing.set(cell.key, move);
    move.start();
  }

  #report(room: RoomKey, target: ServerId, result: MoveResult): void {
    const { counters, log } = this.#host.cells;
    if (result.kind === "moved") {
      counters.movesOut += 1;
      countPause(counters.movePauses, result.pauseMs);
      log.info({ room, target, epoch: result.epoch, pauseMs: result.pauseMs }, "room moved");
    } else {
      counters.movesFailed += 1;
      log.warn({ room, target, reason: result.reason }, "room not moved");
    }
  }
}
