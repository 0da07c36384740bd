import { closeCodes } from "../../../gateway/wire/close-codes.ts";
import type { RoomKey } from "../../../gateway/wire/ids.ts";
import type { Doings } from "./doings.ts";
import type { DurableTruth } from "./durable-truth.ts";
import type { Findings } from "./findings.ts";
import type { Machines } from "./machines.ts";
import { LedgerStream, TallyStream } from "./member-streams.ts";
import type { Plan } from "./plan.ts";
import { PulseStream } from "./pulse-lines.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import { simulationTiming } from "./simulated-processes.ts";

/** What a session holds besides messages: its join, and its leave. */
const framesBesides = 2;

/** Whether a cluster keeps its bounds, and what of its promises has not come true yet. */
export class RestCheck {
  readonly #plan: Plan;
  readonly #machines: Machines;
  readonly #truth: DurableTruth;
  readonly #doings: Doings;
  readonly #findings: Findings;
  readonly #clients: readonly SimulatedClient[];

  constructor(
    plan: Plan,
    machines: Machines,
    truth: DurableTruth,
    doings: Doings,
    findings: Findings,
    clients: readonly SimulatedClient[],
  ) {
    this.#plan = plan;
    this.#machines = machines;
    this.#truth = truth;
    this.#doings = doings;
    this.#findings = findings;
    this.#clients = clients;
  }

  /** GATE-3: what gateways hold is bounded by their sessions, and what they count is what is there. */
  checkBounds(): void {
    for (const { id, metrics } of this.#machines.gatewaysUp()) {
      const { sessions, leaving, heldFrames, rooms, roomsBound } = metrics;
      const heldMax = (sessions + leaving) * (simulationTiming.holdFramesMax + framesBesides);
      const isBounded =
        heldFrames >= 0 && heldFrames <= heldMax && leaving >= 0 && roomsBound >= 0 && roomsBound <= rooms;
      if (isBounded) continue;
      const counts = `${sessions} sessions and ${leaving} leaving, ${roomsBound} of ${rooms} rooms bound`;
      this.#findings.report("bounds", `${id} holds ${heldFrames} frames of ${counts}`);
    }
  }

  /** What must still come true; `undefined` once all of it is. */
  whatIsMissing(): string | undefined {
    for (const client of this.#clients) {
      const missing = this.#missingOf(client);
      if (missing !== undefined) return missing;
    }
    return this.#missingOfRooms() ?? this.#missingOfGateways();
  }

  /** RUN-1: what rooms have still to do by themselves, though nobody is in them; those that have not are let go. */
  whatDoingsMiss(): string | undefined {
    const missing = this.#doings.whatIsMissing();
    if (missing !== undefined) return missing;
    for (const room of this.#doings.rooms) {
      if (this.#clients.some((client) => client.room === room && isThere(client))) continue;
      for (const { process, running } of this.#machines.up.values())
        if (running.operated.describe(room as RoomKey)) return `${room} is kept by ${process.id} with nothing to do`;
      const unsettled = this.#doings.whatIsUnsettled(room);
      if (unsettled !== undefined) return unsettled;
    }
    return undefined;
  }

  #missingOf(client: SimulatedClient): string | undefined {
    const { name, room, state, said, stream, isCutOff } = client;
    if (state === "closed") {
      if (client.closeCode === closeCodes.roomRestarted && this.#mayBeGivenUp(client)) return undefined;
      this.#findings.report("closed", `${name} in ${room} was closed with ${client.closeCode}, ${client.closeReason}`);
      return undefined;
    }
    if (isCutOff) return undefined;
    if (stream instanceof TallyStream) {
      const isShown = state !== "open" || said === 0 || stream.hasShown(said);
      return isShown ? undefined : `${name} in ${room} was not shown its last message, ${said}`;
    }
    const fold = this.#truth.foldOf(room);
    const durable = fold?.saidBy(name) ?? 0;
    // Of a room that does not wait for its store, what somebody has said before it left may be what the crash has cost.
    const isGivenUp = state === "left" && (this.#mayBeGivenUp(client) || stream instanceof PulseStream);
    if (durable < said && !isGivenUp) return `${name} in ${room} has said ${said}, durable are ${durable}`;
    if (state === "left" || !(stream instanceof LedgerStream || stream instanceof PulseStream)) return undefined;
    if (stream.last === fold?.bodies.length) return undefined;
    return `${name} in ${room} was shown up to place ${stream.last} of ${fold?.bodies.length}`;
  }

  /** A gateway that was silent for a lease is taken for lost: its sessions cannot go on. */
  #mayBeGivenUp({ gatewayMachine }: SimulatedClient): boolean {
    return this.#plan.actions.some((action) => {
      const isSilence = action.kind === "pause" || action.kind === "jump" || action.kind === "store";
      return isSilence && (action.host === gatewayMachine || action.host === "all");
    });
  }

  #missingOfRooms(): string | undefined {
    const { up } = this.#machines;
    if (up.size !== this.#machines.serverCount) return `${up.size} of ${this.#machines.serverCount} servers are up`;
    const leaving = [...up.values()].find(({ isLeaving }) => isLeaving);
    if (leaving) return `${leaving.process.id} has not left`;
    for (const room of new Set(this.#clients.map((client) => client.room))) {
      const open = this.#clients.filter((client) => client.room === room && isThere(client)).length;
      const winner = this.#truth.winnerOf(room);
      const runs = [...up.values()].flatMap(({ running }) => running.operated.describe(room as RoomKey) ?? []);
      const [first] = runs;
      if (open === 0 && runs.length === 0) continue;
      if (runs.length !== 1 || !first) return `${room} runs at ${runs.length} servers`;
      if (first.epoch !== winner?.epoch) return `${room} runs at epoch ${first.epoch}, its head is at ${winner?.epoch}`;
      if (first.sessions !== open) return `${room} has ${first.sessions} sessions, open are ${open}`;
    }
    return undefined;
  }

  /** ROOM-5: nothing is left of what is over. */
  #missingOfGateways(): string | undefined {
    for (const { id, machine, metrics } of this.#machines.gatewaysUp()) {
      const { sessions, leaving, heldFrames, rooms, roomsBound } = metrics;
      const open = this.#clients.filter((client) => client.gatewayMachine === machine && isThere(client));
      if (sessions !== open.length) return `${id} has ${sessions} sessions, open are ${open.length}`;
      if (leaving > 0 || heldFrames > 0)
        return `${id} still has ${leaving} sessions that left, holds ${heldFrames} frames`;
      const known = new Set(open.map(({ room }) => room)).size;
      if (rooms !== known || roomsBound !== known) return `${id} has ${rooms} rooms, ${roomsBound} bound, of ${known}`;
    }
    return undefined;
  }
}

function isThere({ state, isCutOff }: SimulatedClient): boolean {
  return state === "open" && !isCutOff;
}
