import {
  type HeadView,
  type Outcome,
  type Ownership,
  type OwnershipEffect,
  type OwnershipEvent,
  runsTurns,
  step,
  type Version,
} from "../cluster/ownership.ts";
import type { Instant } from "../cluster/watched-time.ts";
import type { HeadVersion, Position } from "../store/port.ts";
import { closeCodes } from "../wire/close-codes.ts";
import type { RoomKey } from "../wire/ids.ts";
import type { Timer } from "../wire/runtime.ts";
import { appDefaults, isJournaled, versionOf } from "./apps.ts";
import { CellFaults } from "./cell-faults.ts";
import type { BindRequest, CellHost, CellMove, CellWish } from "./cell-ports.ts";
import { judgeHead } from "./head-judgement.ts";
import { whenQuiet, whenSettled } from "./journaled-turns.ts";
import type { LiveRoom } from "./live-room.ts";
import { createLiveRoom } from "./live-room-factory.ts";
import type { Origin } from "./live-room-ports.ts";
import { recoverJournaled, recoverMemory } from "./recovery.ts";
import { answerOutcome } from "./room-answers.ts";
import type { AppDefinition } from "./sdk.ts";
import { SnapshotKeeper } from "./snapshot-keeper.ts";
import { storeNews } from "./store-news.ts";
import { requestsWaitingMax, WaitingBinds } from "./waiting-binds.ts";

const retryMs = { first: 20, max: 1_000 };

/** One room at this server: carries out what its ownership machine says. */
export class RoomCell {
  readonly key: RoomKey;
  readonly definition: AppDefinition;
  readonly #host: CellHost;
  #state: Ownership;
  #live: LiveRoom | undefined;
  #position: HeadVersion & { readonly mustRun?: boolean } = { epoch: 0, tail: 0 };
  readonly #waiting = new WaitingBinds();
  #wishes: CellWish[] = [];
  #move: CellMove | undefined;
  #retryTimer: Timer | undefined;
  #retries = 0;
  #questions = 0;
  /** When the head was asked for on which the present claim rests. */
  #askedMs = 0;
  #idleSinceMs: number | undefined;
  #snapshotAtMs = 0;
  readonly #snapshots: SnapshotKeeper;
  readonly #faults: CellFaults;
  #refusalDetail = "";
  /** RECOVER-4: what cannot be done of this record, or of the snapshot there, is left out. */
  #skip: Position | undefined;
  /** Moved here by hand: the rebalancer leaves it. */
  isPinned = false;

  private constructor(host: CellHost, key: RoomKey, definition: AppDefinition, state: Ownership) {
    this.#host = host;
    this.key = key;
    this.definition = definition;
    this.#state = state;
    this.#faults = new CellFaults({
      host,
      key,
      stopTurns: () => this.#live?.fail(),
      tell: (event) => this.tell(event),
    });
    this.#snapshots = new SnapshotKeeper(key, definition, {
      store: host.store,
      log: host.log,
      counters: host.counters,
      snapshotAfter: host.snapshotAfter,
      position: () => this.position,
      roomThrew: (error) => this.roomThrew(error),
      // OWN-3: one that was under way while this server won the head again says only so, and may do so before the takeover's own answer.
      fenced: (head) => {
        if (head?.owner !== host.me) this.tell({ kind: "fenced", head, me: host.me });
      },
    });
  }

  /** Begins to find out whether this server may run the room. */
  static claim(host: CellHost, key: RoomKey, definition: AppDefinition, skip?: Position): RoomCell {
    const cell = new RoomCell(host, key, definition, { kind: "reading", attempts: 0 });
    cell.#skip = skip;
    cell.#readHead();
    return cell;
  }

  /** Takes in a room that has moved here, at the head that was taken for it. */
  static adopt(host: CellHost, key: RoomKey, definition: AppDefinition, live: LiveRoom, head: HeadView): RoomCell {
    const cell = new RoomCell(host, key, definition, { kind: "running", epoch: head.epoch });
    cell.#live = live;
    cell.#position = head;
    // A journal knows what has changed; without one the state that has come is nowhere else.
    if (!live.journaled) cell.#snapshots.markStale();
    return cell;
  }

  /**
   * Lets an adopted room run, whose head was asked for at `askedMs`. Apart from `adopt`, so that what its first turns say finds the
   * cell in its place.
   */
  begin(askedMs: number): void {
    if (!this.#host.mayHaveLapsed(askedMs)) {
      this.#run();
      return;
    }
    this.tell({ kind: "renewalStale" });
    this.tell({ kind: "renewalFresh" });
  }

  get kind(): Ownership["kind"] {
    return this.#state.kind;
  }

  /** What has become of the room, once it is gone. */
  get outcome(): Outcome | undefined {
    return this.#state.kind === "gone" ? this.#state.outcome : undefined;
  }

  get isRunning(): boolean {
    return runsTurns(this.#state);
  }

  get live(): LiveRoom | undefined {
    return this.#live;
  }

  /** The head as this server holds it. */
  get position(): Version {
    return this.#live?.journaled?.head ?? this.#position;
  }

  /** Why it was refused, where that is known. */
  get refusalDetail(): string {
    return this.#refusalDetail;
  }

  get move(): CellMove | undefined {
    return this.#move;
  }

  /** `isCertain`: the store has just said whose the room is, whatever the gateway has heard. */
  bind(request: BindRequest, isCertain = false): void {
    const { epochSeen } = request;
    if (!isCertain && this.#state.kind === "running" && epochSeen > this.#state.epoch) this.tell({ kind: "outrun" });
    const live = this.#live;
    if (this.isRunning && live) {
      this.#faults.guard(() => request.accepted(this, live.bind(request)));
      return;
    }
    this.#waiting.add(request);
  }

  wish(wish: CellWish): void {
    const live = this.#live;
    if (this.isRunning && live) this.#faults.guard(() => wish.running(live));
    else if (this.#wishes.length < requestsWaitingMax) this.#wishes.push(wish);
    else wish.refused({ kind: "refused", code: "unavailable" });
  }

  /** MOVE-11: the room comes here by a move. What was being found out is void; who waited is to wait for the move. */
  cede(): readonly BindRequest[] {
    const waiting = [...this.#waiting.take()];
    this.#state = { kind: "gone", outcome: { kind: "free" } };
    for (const wish of this.#wishes.splice(0)) wish.refused({ kind: "refused", code: "unavailable" });
    return waiting;
  }

  // ---- the server ----

  /** Says what is true of the room; late or impossible events change nothing. */
  tell(event: OwnershipEvent): void {
    const before = this.#state;
    const next = step(before, event);
    this.#state = next.state;
    for (const effect of next.effects) this.#carryOut(effect, event);
    if (before.kind !== "running" && this.#state.kind === "running") this.#move?.roomSettled({ kind: "running" });
  }

  /** Puts the room under a move; `undefined` ends it. */
  setMove(move: CellMove | undefined): void {
    this.#move = move;
  }

  /** Once a second or so, in watched time: lets go of sessions whose gateway is dead, of rooms that are idle; takes a snapshot when one is due. */
  sweep(nowMs: number, isGone: (gateway: string, since: Instant, holdMs: number) => boolean): void {
    this.#faults.guard(() => this.#sweep(nowMs, isGone));
  }

  #sweep(nowMs: number, isGone: (gateway: string, since: Instant, holdMs: number) => boolean): void {
    const live = this.#live;
    if (!live || !this.isRunning) return;
    for (const { gateway, link, detachedAt, hold } of [...live.gateways.values()]) {
      if (!link && isGone(gateway, detachedAt, hold.ms)) live.gatewayGone(gateway);
    }
    if (!this.isRunning || this.#move) return;
    if (live.isIdle) this.#idleSinceMs ??= nowMs;
    else this.#idleSinceMs = undefined;
    if (
      this.#idleSinceMs !== undefined &&
      nowMs - this.#idleSinceMs >= (this.definition.idleMs ?? appDefaults.idleMs)
    ) {
      this.tell({ kind: "releaseRequested" });
      return;
    }
    const everyMs = this.definition.snapshotEveryMs ?? appDefaults.snapshotEveryMs;
    if (live.journaled || everyMs === 0 || nowMs - this.#snapshotAtMs < everyMs) return;
    this.#snapshotAtMs = nowMs;
    if (this.#snapshots.isStale(live)) void this.#snapshots.save(live);
  }

  /** Takes a snapshot now, also of a room that has done nothing here: what it was recovered from says something else. Whether the store has it. */
  saveNow(): Promise<boolean> {
    return this.#live ? this.#snapshots.saveNow(this.#live) : Promise.resolve(false);
  }

  /** The journal has grown. */
  recordsDurable(): void {
    const live = this.#live;
    if (!live) return;
    live.releasedSome();
    if (this.isRunning && !this.#move && this.#snapshots.isDue(live)) void this.#snapshots.save(live);
  }

  #carryOut(effect: OwnershipEffect, cause: OwnershipEvent): void {
    switch (effect.kind) {
      case "readHead":
        this.#readHead();
        return;
      case "takeOver":
        this.#faults.watch(this.#takeOver(effect.expect));
        return;
      case "takeOverAgain":
        this.#takeOverAgain(cause.kind === "retryDue");
        return;
      case "restore":
        // What was taken says more of the same head.
        if (this.#position.epoch !== effect.at.epoch) this.#position = effect.at;
        this.#faults.watch(this.#restore(effect.at));
        return;
      case "run":
        this.#run();
        return;
      case "halt":
        this.#live?.halt();
        if (cause.kind !== "freezeRequested") this.#move?.roomStopped();
        return;
      case "closeMembers":
        for (const channel of this.#live?.gateways.values() ?? []) {
          channel.closeAll(closeCodes.roomRestarted, "the room has failed");
        }
        return;
      case "release":
        this.#faults.watch(this.#release());
        return;
      case "retryLater":
        this.#retryLater();
        return;
      case "leave":
        this.#leave(effect.outcome);
        return;
    }
  }

  #run(): void {
    this.#retries = 0;
    this.#snapshotAtMs = this.#host.clock.nowMs();
    this.#faults.guard(() => this.#live?.run(this.#position));
    for (const request of this.#waiting.take()) this.bind(request, true);
    for (const wish of this.#wishes.splice(0)) this.wish(wish);
  }

  /**
   * What is under way has an answer first: then the position is certain. A try that follows one without an answer appends nothing more, or
   * it would do so behind a takeover that has landed.
   */
  #takeOverAgain(isRetry: boolean): void {
    const again = (): void => {
      if (this.#state.kind === "reclaiming") this.#faults.watch(this.#takeOver(this.position));
    };
    if (this.#live && !isRetry) whenQuiet(this.#live.journaled, again);
    else again();
  }

  #readHead(): void {
    this.#faults.watch(this.#readAndJudge());
  }

  async #readAndJudge(): Promise<void> {
    this.#questions += 1;
    const question = this.#questions;
    const askedMs = this.#host.runtime.nowMs();
    const event = await judgeHead(this.#host, {
      key: this.key,
      waiting: this.#waiting,
      isOrdered: this.#skip !== undefined,
      isCurrent: () => question === this.#questions,
    });
    if (!event) return;
    if (event.kind === "headRead") this.#askedMs = askedMs;
    this.tell(event);
  }

  async #takeOver(expect: HeadVersion | undefined): Promise<void> {
    const { takeovers, me } = this.#host;
    const journaled = isJournaled(this.definition);
    const answer = await takeovers.takeOver({ room: this.key, expect, owner: me, journaled });
    // Fenced by an earlier try of this server's that has landed: that is where the room stands.
    const isOwnTry = answer.kind === "fenced" && this.#state.kind === "reclaiming" && answer.head?.owner === me;
    if ((answer.kind === "taken" || isOwnTry) && answer.head) {
      this.#position = answer.head;
    }
    this.tell(storeNews(answer, me));
  }

  async #restore(at: Version): Promise<void> {
    const { store, counters } = this.#host;
    const version = versionOf(this.definition);
    const create = (from: Origin): LiveRoom =>
      createLiveRoom(this.#host, this.key, this.definition, at.epoch, from, () => this);
    const { recoveries } = this.#host;
    const recovered = await recoveries.run(this.#waiting, () =>
      isJournaled(this.definition)
        ? recoverJournaled(store, this.key, version, at, this.#skip, create, () => recoveries.breathe())
        : recoverMemory(store, this.key, version, create),
    );
    if (this.#state.kind !== "restoring") {
      if (recovered.kind === "live") recovered.live.dispose();
      return;
    }
    switch (recovered.kind) {
      case "live":
        this.#live = recovered.live;
        counters.claims += 1;
        this.tell({ kind: "restored", mayBeLost: this.#host.mayHaveLapsed(this.#askedMs) });
        return;
      case "broken":
        this.#refusalDetail = this.#faults.broken(recovered.error);
        return;
      case "unavailable":
        this.tell({ kind: "storeUnavailable" });
        return;
    }
  }

  async #release(): Promise<void> {
    const { store, me, log } = this.#host;
    const live = this.#live;
    // A room that has failed keeps the snapshot from before it did; what it said before is still made durable.
    const isSound = this.#state.kind === "releasing" && this.#state.outcome.kind === "free";
    if (live) await new Promise<void>((resolve) => whenSettled(live.journaled, resolve));
    const isKept = !isSound || !live || (await this.#snapshots.saveLast(live));
    if (this.#state.kind !== "releasing") return;
    // ROOM-15: without a journal a snapshot is all that is left of the room. The journal does without one.
    if (!isKept && !live?.journaled) {
      this.tell({ kind: "storeUnavailable" });
      return;
    }
    const answer = await store.release(this.key, this.position, me);
    if (answer.kind === "unavailable" || answer.kind === "unknown") {
      log.warn({ room: this.key, reason: answer.reason }, "room not released");
    }
    this.tell(storeNews(answer, me));
  }

  /** What the room's own code threw, or what could not be done with what it left. */
  roomThrew(error: unknown): void {
    this.#faults.threw(error);
  }

  #retryLater(): void {
    const { runtime } = this.#host;
    const capMs = Math.min(retryMs.first * 2 ** this.#retries, retryMs.max);
    this.#retries += 1;
    this.#retryTimer?.cancel();
    this.#retryTimer = runtime.after(capMs * (0.5 + runtime.random() / 2), () => this.tell({ kind: "retryDue" }));
  }

  #leave(outcome: Outcome): void {
    this.#retryTimer?.cancel();
    if (outcome.kind === "owned" && this.#live) this.#host.counters.roomsLost += 1;
    const waiting = [...this.#waiting.take()];
    for (const { link, channel } of this.#live?.gateways.values() ?? []) {
      if (link) answerOutcome(this.#host, this.key, { link, channel }, outcome, this.#refusalDetail);
    }
    if (outcome.kind !== "free") {
      for (const place of waiting) answerOutcome(this.#host, this.key, place, outcome, this.#refusalDetail);
    }
    for (const wish of this.#wishes.splice(0)) wish.refused(outcome);
    this.#faults.guard(() => this.#live?.dispose());
    this.#live = undefined;
    this.#host.cellGone(this, outcome.kind === "free" ? waiting : []);
    this.#move?.roomSettled(outcome);
  }
}
