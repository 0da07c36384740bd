import { createSHA256 } from "hash-wasm";
import { decodeBody } from "../../../gateway/room/state-body.ts";
import type {
  AppendAnswer,
  AppendRequest,
  Snapshot,
  TakeoverAnswer,
  TakeoverRequest,
} from "../../../gateway/store/port.ts";
import type { RoomKey } from "../../../gateway/wire/ids.ts";
import type { Doings } from "./doings.ts";
import type { Findings } from "./findings.ts";
import { LedgerFold } from "./ledger-fold.ts";
import type { PulseLines } from "./pulse-lines.ts";
import type { Trace } from "./trace.ts";

interface RoomTruth {
  epoch: number;
  tail: number;
  /** The process that has won the present epoch. */
  winner: string;
  snapshotAt: number;
  /** When the winner has taken it, or appended last. */
  lastMs: number;
  isReleased: boolean;
  readonly fold: LedgerFold | undefined;
}

/** Apps with a journal: whether nothing leaves their rooms before it is durable, and whether they do things by themselves. */
const journaledApps: Readonly<Record<string, { readonly isExact: boolean; readonly isDoing: boolean }>> = {
  ledger: { isExact: true, isDoing: false },
  pulse: { isExact: false, isDoing: false },
  doer: { isExact: true, isDoing: true },
  drip: { isExact: false, isDoing: true },
  ear: { isExact: true, isDoing: true },
};
/** A snapshot of a room that only listens: nothing of what was heard is left in it but open lines. And one of a room that also does things. */
const earBytesMax = 2_000;
const doerBytesMax = 50_000;

const hasher = await createSHA256();

/**
 * What is durable, as somebody who sees every change at the moment when it takes effect: who may write, and what the journal
 * says. Everything that leaves the servers is compared with it.
 */
export class DurableTruth {
  readonly #rooms = new Map<string, RoomTruth>();
  readonly #findings: Findings;
  readonly #trace: Trace;
  readonly #pulses: PulseLines;
  readonly #doings: Doings;

  constructor(findings: Findings, trace: Trace, pulses: PulseLines, doings: Doings) {
    this.#doings = doings;
    this.#findings = findings;
    this.#trace = trace;
    this.#pulses = pulses;
  }

  foldOf(room: string): LedgerFold | undefined {
    return this.#rooms.get(room)?.fold;
  }

  /** The process that has won the room last, and at which epoch. */
  winnerOf(room: string): { readonly process: string; readonly epoch: number } | undefined {
    const truth = this.#rooms.get(room);
    return truth && { process: truth.winner, epoch: truth.epoch };
  }

  takeover(process: string, { room, expect, journaled }: TakeoverRequest, answer: TakeoverAnswer): void {
    this.#trace.note(process, `takeover ${room} ${answer.kind}`);
    if (answer.kind !== "taken") return;
    const truth = this.#rooms.get(room) ?? this.#add(room);
    if ((expect?.epoch ?? 0) !== truth.epoch || (expect?.tail ?? 0) !== truth.tail) {
      const asked = `${expect?.epoch ?? 0}/${expect?.tail ?? 0}`;
      this.#findings.report(
        "takeover",
        `${process} took ${room} at ${asked}, which was at ${truth.epoch}/${truth.tail}`,
      );
    }
    if (truth.fold?.isExact === false)
      this.#pulses.taken(room, { process: truth.winner, ...truth }, truth.fold.bodies.length);
    this.#doings.taken(room, process, truth.isReleased ? "" : truth.winner, truth.lastMs);
    truth.isReleased = false;
    truth.lastMs = this.#doings.nowMs();
    truth.epoch = answer.head.epoch;
    truth.tail = answer.head.tail;
    truth.winner = process;
    if (journaled) truth.fold?.fence();
    // Without a journal each owner counts its own.
    else truth.snapshotAt = 0;
  }

  append(process: string, request: AppendRequest, answer: AppendAnswer): void {
    const { room, expect, records } = request;
    this.#trace.note(process, `append ${room} ${expect.epoch}/${expect.tail}+${records.length} ${answer.kind}`);
    if (answer.kind !== "appended") return;
    const truth = this.#rooms.get(room) ?? this.#add(room);
    if (truth.winner !== process || truth.epoch !== expect.epoch || truth.tail !== expect.tail) {
      const head = `${truth.winner}'s at ${truth.epoch}/${truth.tail}`;
      this.#findings.report("one-writer", `${process} appended at ${expect.epoch}/${expect.tail} to ${room}, ${head}`);
    }
    truth.tail += records.length;
    truth.lastMs = this.#doings.nowMs();
    for (const record of records) this.#fold(room, () => truth.fold?.data(record));
    if (truth.fold?.doings) truth.fold.doings.mustRun = request.mustRun ?? truth.fold.doings.mustRun;
  }

  released(process: string, room: string): void {
    this.#trace.note(process, `released ${room}`);
    const truth = this.#rooms.get(room);
    if (truth) truth.isReleased = true;
  }

  snapshotKept(process: string, room: RoomKey, { position, bytes }: Snapshot): void {
    this.#trace.note(process, `snapshot ${room} at ${position}`);
    const truth = this.#rooms.get(room) ?? this.#add(room);
    if (truth.fold && position > truth.tail) {
      this.#findings.report(
        "snapshot",
        `${room} has a snapshot at ${position} while its journal ends at ${truth.tail}`,
      );
    }
    if (position < truth.snapshotAt) {
      this.#findings.report("snapshot", `${room} went back from the snapshot at ${truth.snapshotAt} to ${position}`);
    }
    truth.snapshotAt = position;
    if (truth.fold) this.#fold(room, () => this.#compare(room, position, bytes));
  }

  trimmed(process: string, room: string, upTo: number): void {
    this.#trace.note(process, `trimmed ${room} to ${upTo}`);
    const snapshotAt = this.#rooms.get(room)?.snapshotAt ?? 0;
    if (upTo <= snapshotAt) return;
    this.#findings.report("trim", `${room} was trimmed to ${upTo}, its snapshot is at ${snapshotAt}`);
  }

  /** A gateway hears that everything of a session up to `cseq` is acknowledged: then it is durable. */
  acknowledged(session: string, cseq: number): void {
    for (const { fold } of this.#rooms.values()) {
      if (!fold?.isExact) continue;
      const position = fold.positions.get(session);
      if (position === undefined) continue;
      if (position < cseq) {
        this.#findings.report("acked", `${session} is acknowledged up to ${cseq}, durable is ${position}`);
      }
      return;
    }
    this.#findings.report("acked", `${session} is acknowledged up to ${cseq}, and nothing of it is durable`);
  }

  #add(room: string): RoomTruth {
    const app = room.slice(0, room.indexOf("/"));
    const { isExact, isDoing } = journaledApps[app] ?? { isExact: undefined, isDoing: false };
    const doings = isDoing ? this.#doings.add(room) : undefined;
    const fold = isExact === undefined ? undefined : new LedgerFold(room, this.#findings, isExact, doings);
    const truth: RoomTruth = {
      epoch: 0,
      tail: 0,
      winner: "",
      snapshotAt: 0,
      lastMs: 0,
      isReleased: false,
      fold,
    };
    this.#rooms.set(room, truth);
    return truth;
  }

  /** COMMIT-4: a snapshot's state is the fold of the journal up to its position. */
  #compare(room: string, position: number, bytes: Uint8Array): void {
    const { fold } = this.#rooms.get(room) ?? {};
    const { app } = decodeBody(bytes.slice(), undefined);
    if (!fold || !app) return;
    const isEar = room.startsWith("ear/");
    // TELL-4
    if (fold.doings && bytes.length > (isEar ? earBytesMax : doerBytesMax))
      this.#findings.report("bounds", `the snapshot of ${room} has ${bytes.length} bytes`);
    if (isEar) return;
    const total = new DataView(app.buffer, app.byteOffset).getFloat64(0, true);
    const expected = fold.totalAt(position);
    const isSame = total === expected && hasher.load(app.slice(8)).digest("hex") === fold.digestOf(total);
    if (!isSame) {
      this.#findings.report(
        "fold",
        `the snapshot of ${room} at ${position} has ${total} bodies, not the ${expected} there`,
      );
    }
  }

  /** What cannot be read is a finding, not the end of the run. */
  #fold(room: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#findings.report("fold", `${room}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
