import { deriveHashKey } from "../cluster/keyed-hash.ts";
import type { ClaimVerdict, HeadView, Standing } from "../cluster/ownership.ts";
import { WatchedClock } from "../cluster/watched-time.ts";
import { boundStore, storeBoundsOf } from "../store/bounded-store.ts";
import { MemberAgent } from "../store/member-agent.ts";
import type { MemberRecord, Position, Store } from "../store/port.ts";
import type { AppName, RoomKey, ServerId } from "../wire/ids.ts";
import type { LinkHandler, TrunkLink, TrunkListener } from "../wire/link.ts";
import { Milestone } from "../wire/milestone.ts";
import type { Logger, Runtime } from "../wire/runtime.ts";
import { gatewayJudge } from "./absent-gateway.ts";
import { definitionOf, isJournaled, readApps, tellRefusal } from "./apps.ts";
import { Candidates } from "./candidates.ts";
import type { BindRequest, CellHost } from "./cell-ports.ts";
import { ClaimJudge } from "./claim-judge.ts";
import { Committer } from "./committer.ts";
import { Drainer } from "./drainer.ts";
import { GatewayHandler, type GatewayHandlerHost } from "./gateway-handler.ts";
import type { LiveRoom } from "./live-room.ts";
import { MoveDesk, type MoveDeskHost } from "./move-desk.ts";
import { OperatedRooms } from "./operated-rooms.ts";
import { moveTiming } from "./outgoing-move.ts";
import { OwnerStanding } from "./owner-standing.ts";
import type { PeerLinks } from "./peer-links.ts";
import { Rebalancer } from "./rebalancer.ts";
import { RecoveryQueue } from "./recovery-queue.ts";
import { RegularDuties } from "./regular-duties.ts";
import { releaseAll, requestReleases } from "./release-all.ts";
import { refuse } from "./room-answers.ts";
import { RoomCell } from "./room-cell.ts";
import type { RoomServerDeps, RoomServerOptions, RunningRoomServer, ServerStats } from "./room-server-ports.ts";
import type { AppDefinition, Apps } from "./sdk.ts";
import { createServerCounters } from "./server-counters.ts";
import { answerRequest, type OperatedServer, requestHandler } from "./server-requests.ts";
import { type SnapshotAfter, snapshotAfterDefault } from "./snapshot-keeper.ts";
import { TakeoverDesk } from "./takeover-desk.ts";
import { type HearRequest, hearAt, TellDesk, type TellDeskHost } from "./tell-desk.ts";
import type { TurnMarker } from "./turn-marker.ts";
import { unstoredMs } from "./unstored.ts";
import { Waker } from "./waker.ts";

export type { RoomServerDeps, RoomServerOptions, RunningRoomServer, ServerStats } from "./room-server-ports.ts";

const recoveriesAtOnceMax = 32;
const sweepMs = 1_000;

/** Starts a room server: listens for trunks, joins the members, and runs rooms from then on. Rejects with a `RoomgateError`. */
export async function startRoomServer(
  options: RoomServerOptions,
  deps: RoomServerDeps,
  apps: Apps,
): Promise<RunningRoomServer> {
  const bounds = options.storeBounds ?? storeBoundsOf(options.timing);
  const store = boundStore(deps.store, deps.runtime, bounds);
  const server = new RoomServer(options, { ...deps, store }, readApps(apps));
  await server.start();
  return server;
}

class RoomServer
  implements RunningRoomServer, CellHost, GatewayHandlerHost, MoveDeskHost, TellDeskHost, OperatedServer
{
  readonly operated: OperatedRooms;
  readonly id: ServerId;
  readonly me: ServerId;
  readonly runtime: Runtime;
  /** For all that is given up because it is away. */
  readonly clock: WatchedClock;
  readonly log: Logger;
  readonly store: Store;
  readonly committer: Committer;
  readonly takeovers: TakeoverDesk;
  readonly recoveries: RecoveryQueue;
  readonly marker: TurnMarker | undefined;
  readonly counters = createServerCounters();
  readonly snapshotAfter: SnapshotAfter;
  readonly cells: CellHost = this;
  readonly tells: TellDesk;
  readonly #options: RoomServerOptions;
  readonly #deps: RoomServerDeps;
  readonly #apps: ReadonlyMap<AppName, AppDefinition>;
  readonly #cells = new Map<RoomKey, RoomCell>();
  readonly #members: MemberAgent;
  readonly #candidates: Candidates;
  readonly #desk: MoveDesk;
  readonly #standing: OwnerStanding;
  readonly #rebalancer: Rebalancer;
  /** Only rooms with a journal can have to run though nobody is there. */
  readonly #waker: Waker | undefined;
  readonly #duties: RegularDuties;
  readonly #claims: ClaimJudge;
  #listener: TrunkListener | undefined;
  #state: "live" | "draining" | "stopped" = "live";
  #isStale = false;
  #leaving: Promise<void> | undefined;
  readonly #beganToLeave = new Milestone();
  readonly #hasLeft = new Milestone();
  readonly draining = this.#beganToLeave.reached;
  readonly left = this.#hasLeft.reached;

  constructor(options: RoomServerOptions, deps: RoomServerDeps, apps: ReadonlyMap<AppName, AppDefinition>) {
    this.#options = options;
    this.#deps = deps;
    this.#apps = apps;
    this.#duties = new RegularDuties(deps.runtime);
    this.id = options.id;
    this.me = options.id;
    this.runtime = deps.runtime;
    this.clock = new WatchedClock(() => deps.runtime.nowMs());
    this.log = deps.runtime.log.child({ server: options.id });
    this.store = deps.store;
    this.snapshotAfter = options.snapshotAfter ?? snapshotAfterDefault;
    this.marker = deps.marker;
    this.committer = new Committer(deps.store, deps.runtime, this.log);
    this.recoveries = new RecoveryQueue(recoveriesAtOnceMax, deps.runtime);
    this.takeovers = new TakeoverDesk(deps.store, deps.runtime);
    this.#members = new MemberAgent({
      runtime: deps.runtime,
      members: deps.store.members,
      timing: options.timing,
      self: () => this.#record(),
      onWritten: deps.onHeartbeat,
      onLook: (events) => {
        for (const { id, kind } of events) if (kind !== "memberJoined") this.#waker?.ownerLost(id as ServerId);
        this.#claims.looked();
        this.#candidates.looked();
      },
    });
    this.#candidates = new Candidates(deriveHashKey(deps.placementKey), this.me, this.#members);
    this.#claims = new ClaimJudge({
      clock: this.clock,
      log: this.log,
      members: this.#members,
      candidates: this.#candidates,
      selfFreezeMs: options.timing.selfFreezeMs,
      roomsMax: options.roomsMax,
      weight: options.weight,
      isLive: () => this.#state === "live",
      // The room in question has a cell already.
      roomsHere: () => this.#cells.size - 1 + this.#desk.incomingCount,
    });
    const desk = { timing: moveTiming(options.timing), concurrentMovesMax: options.concurrentMovesMax };
    this.#desk = new MoveDesk(this, desk, deps.dialer, deps.runtime);
    this.operated = new OperatedRooms({
      me: this.me,
      runtime: this.runtime,
      cells: this.#cells,
      candidates: this.#candidates,
      members: this.#members,
      desk: this.#desk,
      claim: (room, skip) => this.#claimSkipping(room, skip),
    });
    this.tells = new TellDesk(this);
    this.#standing = new OwnerStanding(this.me, this.#members, this.#desk.peers, deps.runtime);
    const waker = {
      me: this.me,
      log: this.log,
      clock: this.clock,
      store: this.store,
      isLost: (server: ServerId) => this.isLost(server),
      isMine: (room: RoomKey) => this.taker(room) === this.me,
      mayRun: (room: RoomKey) => definitionOf(apps, room) !== undefined && !this.#claims.isQuarantined(room),
      isHere: (room: RoomKey) => this.#cells.has(room) || this.#desk.incoming(room) !== undefined,
      wake: (room: RoomKey) => void this.#wake(room),
    };
    this.#waker = [...apps.values()].some(isJournaled) ? new Waker(waker) : undefined;
    this.#rebalancer = new Rebalancer(this.#desk, this.#candidates, this.#cells);
  }

  async start(): Promise<void> {
    const { trunkHost, trunkPort, timing } = this.#options;
    this.#listener = await this.#deps.listenTrunk({ host: trunkHost, port: trunkPort }, (link) => this.#attach(link));
    try {
      await this.#members.start();
    } catch (error) {
      await this.#listener.close();
      throw error;
    }
    this.#duties.every(sweepMs, () => this.#sweep());
    this.#duties.every(timing.selfFreezeMs / 8, () => this.#watchRenewal());
    this.log.info({ address: this.address, apps: [...this.#apps.keys()] }, "room server started");
  }

  get peers(): PeerLinks {
    return this.#desk.peers;
  }

  get address(): string {
    return this.#listener?.address ?? "";
  }

  get rooms(): number {
    return this.#cells.size;
  }

  get sessions(): number {
    return this.counters.sessions;
  }

  get state(): "live" | "draining" | "stopped" {
    return this.#state;
  }

  metrics(): ServerStats {
    const unstored = unstoredMs(this.#cells.values(), this.runtime.nowMs());
    return { ...structuredClone(this.counters), rooms: this.rooms, unstoredMs: unstored };
  }

  drain(): Promise<void> {
    this.#leaving ??= this.#drain();
    return this.#leaving;
  }

  stop(): Promise<void> {
    if (this.#state === "live") this.#leaving = this.#stop();
    else if (this.#state === "draining") requestReleases(this.#cells);
    return this.left;
  }

  bind(request: BindRequest): void {
    const { room } = request;
    const definition = definitionOf(this.#apps, room);
    if (!definition) {
      refuse(request, "unknown-app", 1_000, "the app is not known here");
      return;
    }
    const incoming = this.#desk.incoming(room);
    const cell = this.#cells.get(room);
    if (cell) cell.bind(request);
    else if (incoming) incoming.bind(request);
    else this.#claim(room, definition).bind(request);
  }

  hear(...request: HearRequest): void {
    hearAt(this.#wake(request[0]), (server) => this.addressOf(server), request);
  }

  remind(speaker: RoomKey, listener: RoomKey): void {
    this.#wake(speaker)?.wish({ running: (live) => live.tells.remind(listener), refused: () => {} });
  }

  isLost(server: ServerId): boolean {
    return (this.#candidates.member(server)?.state ?? "lost") === "lost";
  }

  taker(room: RoomKey): ServerId | undefined {
    return this.#candidates.taker(room, this.#cells.size, this.#options.weight);
  }

  tellRefusal(to: RoomKey): string | undefined {
    return tellRefusal(this.#apps, to);
  }

  standingOf(owner: ServerId | null, unreachable: ReadonlySet<ServerId>): Promise<Standing> {
    return this.#standing.of(owner, unreachable);
  }

  mayHaveLapsed(sinceMs: number): boolean {
    return this.#members.mayHaveLapsed(sinceMs);
  }

  lookAgain(): Promise<void> {
    return this.#members.lookAgain();
  }

  roomFailed(room: RoomKey): void {
    this.#claims.roomFailed(room);
  }

  claimVerdict(room: RoomKey, force: boolean, isOrdered: boolean): ClaimVerdict {
    return this.#claims.verdict(room, force, isOrdered);
  }

  addressOf(server: ServerId): string | undefined {
    return this.#candidates.member(server)?.info.address;
  }

  cellGone(cell: RoomCell, left: readonly BindRequest[]): void {
    if (this.#cells.get(cell.key) === cell) this.#cells.delete(cell.key);
    this.rebind(left);
  }

  definitionOf(room: RoomKey): AppDefinition | undefined {
    return definitionOf(this.#apps, room);
  }

  refusal(room: RoomKey): string | undefined {
    if (this.#state !== "live") return `${this.id} is draining`;
    if (this.#cells.size + this.#desk.incomingCount >= this.#options.roomsMax) return `${this.id} is full`;
    const kind = this.#cells.get(room)?.kind;
    return kind === undefined || kind === "reading" || kind === "gone" ? undefined : `the room is ${kind} here`;
  }

  endSearch(room: RoomKey): readonly BindRequest[] {
    const cell = this.#cells.get(room);
    if (cell?.kind !== "reading") return [];
    this.#cells.delete(room);
    return cell.cede();
  }

  adopted(room: RoomKey, live: LiveRoom, head: HeadView, isPinned: boolean): RoomCell {
    const definition = definitionOf(this.#apps, room);
    if (!definition) throw new Error(`room ${room} has moved here without its app`);
    const cell = RoomCell.adopt(this, room, definition, live, head);
    cell.isPinned = isPinned;
    this.#cells.set(room, cell);
    return cell;
  }

  rebind(requests: readonly BindRequest[]): void {
    for (const request of requests) this.bind(request);
  }

  /** The room's cell, to run it though nobody is connected; `undefined` where it cannot be here now. */
  #wake(room: RoomKey): RoomCell | undefined {
    const definition = definitionOf(this.#apps, room);
    if (!definition || this.#desk.incoming(room) !== undefined) return undefined;
    return this.#cells.get(room) ?? this.#claim(room, definition);
  }

  #claimSkipping(room: RoomKey, skip: Position): RoomCell | undefined {
    const definition = definitionOf(this.#apps, room);
    if (!definition || this.#cells.has(room) || this.#desk.incoming(room) !== undefined) return undefined;
    return this.#claim(room, definition, skip);
  }

  #claim(room: RoomKey, definition: AppDefinition, skip?: Position): RoomCell {
    const cell = RoomCell.claim(this, room, definition, skip);
    this.#cells.set(room, cell);
    return cell;
  }

  #attach(link: TrunkLink): LinkHandler {
    if (link.peer.role === "server") return this.#desk.handlerOf(link);
    if (link.peer.role === "control") return requestHandler(link, this, (request) => answerRequest(this, request));
    return new GatewayHandler(this, link);
  }

  #record(): Omit<MemberRecord, "counter"> {
    return {
      id: this.id,
      kind: "server",
      instance: this.#options.instance,
      state: this.#state === "live" ? "live" : "draining",
      pid: this.#options.pid,
      address: this.address,
      weight: this.#options.weight,
      apps: [...this.#apps.keys()],
      rooms: this.#cells.size,
      sessions: this.counters.sessions,
    };
  }

  #sweep(): void {
    const now = this.clock.instant();
    const isGone = gatewayJudge(this.#members, now, this.#options.timing);
    for (const cell of [...this.#cells.values()]) cell.sweep(now.watchedMs, isGone);
    if (this.#state !== "live") return;
    void this.#waker?.look();
    this.#rebalancer.look(this.#options.rebalanceRoomsPerSecond, this.#options.weight);
  }

  /** LIVE-2: a server whose heartbeats do not get through stops its turns before others take over. */
  #watchRenewal(): void {
    const isStale = this.#members.renewal(this.#options.timing.selfFreezeMs) === "stale";
    if (isStale && !this.#isStale) this.log.error({}, "heartbeats do not get through: rooms stand still");
    if (!isStale && this.#isStale) this.log.info({}, "heartbeats get through again");
    if (!isStale && !this.#isStale) return;
    this.#isStale = isStale;
    for (const cell of [...this.#cells.values()]) cell.tell({ kind: isStale ? "renewalStale" : "renewalFresh" });
  }

  async #drain(): Promise<void> {
    this.#state = "draining";
    this.#beganToLeave.reach();
    this.log.info({ rooms: this.rooms }, "draining");
    await this.#members.beat();
    const { runtime, clock, log } = this;
    const host = { runtime, clock, log, cells: this.#cells, weight: this.#options.weight };
    await new Drainer(host, this.#desk, this.#candidates, this.#options.concurrentMovesMax).run();
    await this.#leave();
  }

  async #stop(): Promise<void> {
    this.#state = "draining";
    this.#beganToLeave.reach();
    await releaseAll(this.#cells, this.clock, this.runtime);
    await this.#leave();
  }

  async #leave(): Promise<void> {
    this.#state = "stopped";
    this.#duties.stop();
    await this.#members.stop();
    this.#desk.peers.close();
    await this.#listener?.close();
    this.log.info({}, "room server has left");
    this.#hasLeft.reach();
  }
}
