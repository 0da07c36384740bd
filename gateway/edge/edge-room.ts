import { closeCodes } from "../wire/close-codes.ts";
import type { Control } from "../wire/control.ts";
import type { Channel, Epoch, RoomKey, ServerId, SessionNumber } from "../wire/ids.ts";
import type { TrunkLink } from "../wire/link.ts";
import type { Timer } from "../wire/runtime.ts";
import { DownLine } from "./down-line.ts";
import { numberBytes, packNumbers, pairBytes, readNumber, readPairs } from "./number-pairs.ts";
import type { Known } from "./owner-search.ts";
import { PauseClock } from "./pause-clock.ts";
import {
  type Binding,
  type BindingEffect,
  type BindingEvent,
  type Moment,
  open,
  step,
  wakeAtMs,
} from "./room-binding.ts";
import type { ChannelRequest, RoomSetting } from "./room-setting.ts";
import type { Session, SessionRoom } from "./session.ts";
import { UpFlow } from "./up-flow.ts";

const silentAcksMsMax = 5_000;

/** `BindingEvent` without the moment, which is added where it is handed to the machine. */
type News = BindingEvent extends infer E ? (E extends BindingEvent ? Omit<E, "at"> : never) : never;

/**
 * One room as its gateway has it: its sessions, the way up and the line down, and the thin shell around the machine of
 * `room-binding.ts`. There is one per room with sessions; it ends with the last of them.
 */
export class EdgeRoom implements SessionRoom {
  readonly key: RoomKey;
  readonly sessions = new Map<SessionNumber, Session>();
  readonly line = new DownLine();
  readonly #setting: RoomSetting;
  readonly #up: UpFlow;
  #binding: Binding | undefined = undefined;
  #known: Known;
  #request: ChannelRequest | undefined = undefined;
  #link: TrunkLink | undefined = undefined;
  #channel: Channel = 0;
  /** The channel's epoch; 0 until it is bound. */
  #epoch: Epoch = 0;
  #isForced = false;
  #boundMessage: Control<"bound"> | undefined = undefined;
  readonly #pauses: PauseClock;
  #timer: Timer | undefined = undefined;
  #timerAtMs: number | undefined = undefined;
  #news: News[] | undefined = undefined;
  #isSeenQueued = false;
  #freedBytes = 0;
  #progressAtMs = 0;

  constructor(key: RoomKey, known: Known, setting: RoomSetting) {
    this.key = key;
    this.#known = known;
    this.#setting = setting;
    this.#up = new UpFlow(() => setting.runtime.nowMs());
    this.#pauses = new PauseClock(setting);
  }

  /** The state's name, for logs and tests. */
  get standing(): Binding["kind"] {
    return this.#binding?.kind ?? "seeking";
  }

  get epochSeen(): Epoch {
    return this.#known.epochSeen;
  }

  /** Takes a new session in. With the first the search for an owner begins. */
  join(session: Session): void {
    this.sessions.set(session.number, session);
    this.#up.offer(session);
    if (this.#binding === undefined) this.#start();
  }

  // What sessions say.

  offer(session: Session): void {
    this.#up.offer(session);
  }

  sessionEnded(session: Session): void {
    if (this.sessions.get(session.number) !== session) return;
    this.#setting.stats.leaving += 1;
    // Nobody knows of it, and there is nothing to tell.
    if (session.sentAtMs === undefined && session.up.saysNothing) this.#remove(session);
    else this.#up.offer(session);
  }

  // What the trunk says.

  channelOpened(link: TrunkLink, channel: Channel): void {
    this.#link = link;
    this.#channel = channel;
    this.#epoch = 0;
    const sessions: number[] = [];
    for (const session of this.sessions.values()) sessions.push(session.number, session.up.acked);
    link.control({
      t: "bind",
      channel,
      room: this.key,
      epochSeen: this.#known.epochSeen,
      line: this.line.line,
      seen: this.line.seen,
      sessions: packNumbers(sessions),
      unreachable: [...this.#setting.deadServers(this.#known.owner)],
      force: this.#isForced,
      holdFramesMax: this.#setting.limits.holdFramesMax,
      holdMs: this.#setting.holdMs,
    });
  }

  channelLost(): void {
    this.#request = undefined;
    this.#dispatch({ kind: "trunkLost" });
  }

  trunkDrained(): void {
    this.#up.pump();
  }

  onBound(message: Control<"bound">): void {
    this.#boundMessage = message;
    const { epoch, windowBytes, gap } = message;
    this.#dispatch({ kind: "boundReceived", epoch, windowBytes, hasGap: gap });
    this.#boundMessage = undefined;
  }

  onRedirect(message: Control<"redirect">): void {
    const { server, address, epoch } = message;
    this.#dispatch({ kind: "redirectReceived", server, address, epoch });
  }

  onRefused(message: Control<"refused">): void {
    const { code, retryAfterMs, detail } = message;
    this.#setting.runtime.log.debug({ room: this.key, code, detail }, "a server refused the room");
    this.#dispatch({ kind: "refusalReceived", code, retryAfterMs });
  }

  onFlow(windowBytes: number): void {
    this.#dispatch({ kind: "flowReceived", windowBytes });
  }

  /**
   * GATE-6: what an owner of a lower epoch than the highest seen says is not shown; nor is what is not of the channel's own
   * epoch, since it was overtaken on its way.
   */
  accepts(epoch: Epoch): boolean {
    if (epoch === this.#epoch && epoch >= this.#known.epochSeen) return true;
    if (epoch < this.#known.epochSeen) this.#setting.stats.droppedLowEpoch += 1;
    else this.#setting.stats.droppedStale += 1;
    return false;
  }

  onAck(pairs: Uint8Array): void {
    for (let at = 0; at + pairBytes <= pairs.length; at += pairBytes) {
      const session = this.sessions.get(readNumber(pairs, at));
      if (session === undefined) continue;
      const { up } = session;
      const before = up.count;
      this.#up.free(up.ack(readNumber(pairs, at + numberBytes)));
      this.#setting.stats.heldFrames += up.count - before;
      if (up.count === 0 && session.phase === "leaving") this.#remove(session);
    }
    this.#up.pump();
  }

  /** GATE-7: `false` for a reliable message that was received already. */
  acceptsRseq(rseq: number, bytes: number): boolean {
    if (rseq === 0) return true;
    if (!this.line.accept(rseq, bytes)) {
      this.#setting.stats.droppedRepeated += 1;
      return false;
    }
    if (this.line.isFarBehind) {
      this.tellSeen();
    } else if (!this.#isSeenQueued) {
      this.#isSeenQueued = true;
      this.#setting.tellSeenSoon(this);
    }
    return true;
  }

  tellSeen(): void {
    this.#isSeenQueued = false;
    if (this.#epoch === 0 || !this.line.isUntold) return;
    this.#link?.seen(this.#channel, this.#epoch, this.line.seen);
    this.line.told();
  }

  /** The room closes one of its sessions, or with 0 all of them. It does not hear of them any more. */
  closeByRoom(number: SessionNumber, code: number, reason: string): void {
    if (number === 0) {
      this.#drop(code, reason);
      return;
    }
    const session = this.sessions.get(number);
    if (session !== undefined) this.#dismiss(session, code, reason);
  }

  /** To be called every second or so. GATE-11: an owner that acknowledges nothing for 5 s is asked again. */
  checkProgress(): void {
    const nowMs = this.#setting.clock.nowMs();
    const { underWayBytes, freedBytes } = this.#up;
    if (underWayBytes === 0 || freedBytes !== this.#freedBytes) {
      this.#freedBytes = freedBytes;
      this.#progressAtMs = nowMs;
    } else if (nowMs - this.#progressAtMs >= silentAcksMsMax) {
      this.#progressAtMs = nowMs;
      this.#dispatch({ kind: "stalled" });
    }
  }

  // What the cluster says.

  membersChanged(): void {
    if (this.#binding?.kind === "seeking") this.#dispatch({ kind: "membersChanged" });
  }

  /** The gateway stops: nothing is waited for. */
  abandon(): void {
    this.#drop(closeCodes.goingAway, "the gateway is going away");
  }

  #start(): void {
    this.#setting.stats.rooms += 1;
    this.#handle([], () => open(this.#known, this.#moment()));
  }

  /** Events that come while one is being handled wait for it: the queue is as long as the news that one event can make. */
  #dispatch(news: News): void {
    if (this.#news !== undefined) this.#news.push(news);
    else if (this.#binding !== undefined) this.#handle([news]);
  }

  #handle(queue: News[], first?: () => ReturnType<typeof step>): void {
    this.#news = queue;
    if (first !== undefined) this.#carryOut(first());
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (this.#binding === undefined) break;
      this.#carryOut(step(this.#binding, { ...next, at: this.#moment() } as BindingEvent));
    }
    this.#news = undefined;
    this.#afterwards();
  }

  #moment(): Moment {
    const { runtime, clock, holdMs } = this.#setting;
    return {
      nowMs: clock.nowMs(),
      chance: () => runtime.random(),
      candidates: () => this.#setting.candidates(this.key),
      isUnreachable: (server) => this.#setting.isUnreachable(server),
      holdMs,
    };
  }

  #carryOut(next: ReturnType<typeof step>): void {
    const wasBound = this.#binding?.kind === "bound";
    this.#binding = next.state;
    if (next.state.kind !== "over") this.#known = next.state.known;
    this.#pauses.changed(wasBound, next.state.kind === "bound");
    for (const effect of next.effects) this.#perform(effect);
  }

  #perform(effect: BindingEffect): void {
    switch (effect.kind) {
      case "ask":
        this.#isForced = effect.force;
        this.#ask(effect.server, effect.address);
        return;
      case "unbind":
        this.#link?.control({ t: "unbind", channel: this.#channel });
        this.#forgetChannel();
        return;
      case "forgetChannel":
        this.#forgetChannel();
        return;
      case "resume":
        this.#resume();
        return;
      case "setWindow":
        this.#up.setWindow(effect.windowBytes);
        return;
      case "closeSessions":
        for (const session of [...this.sessions.values()]) session.end(effect.code, effect.reason);
        return;
      case "dropSessions":
        this.#drop(effect.code, effect.reason);
        return;
    }
  }

  #ask(server: ServerId, address: string): void {
    this.#request = this.#setting.requestChannel(this, server, address);
  }

  #forgetChannel(): void {
    this.#request?.giveUp();
    this.#request = undefined;
    this.#link = undefined;
    this.#channel = 0;
    this.#epoch = 0;
    this.#up.shut();
  }

  /** GATE-2: what the owner does not have is sent again, in the order in which it was said. */
  #resume(): void {
    const message = this.#boundMessage;
    const link = this.#link;
    if (message === undefined || link === undefined) return;
    this.#epoch = message.epoch;
    this.#progressAtMs = this.#setting.clock.nowMs();
    this.line.begin(message.line, message.rseq);
    const heldUp = () => this.#request?.awaitDrain();
    this.#up.open({ link, channel: this.#channel, epoch: message.epoch, heldUp }, message.windowBytes);
    const positions = readPairs(message.positions);
    for (const session of [...this.sessions.values()]) {
      this.#rewind(session, positions.get(session.number));
    }
    this.#up.pump();
  }

  /** ROOM-34: no `position` says nothing of what the room has; it finds out what it has already. */
  #rewind(session: Session, position: number | undefined): void {
    const { up } = session;
    const before = up.count;
    const isStreamWhole = !this.#isAmbiguous(session, position) && (position === undefined || up.rewindTo(position));
    if (position === undefined) up.rewind();
    this.#setting.stats.heldFrames += up.count - before;
    if (!isStreamWhole) {
      this.#dismiss(session, closeCodes.roomRestarted, "the room has lost track of this session");
      return;
    }
    const isUnknown = position === 0 && up.saysNothing;
    if (session.phase === "leaving" && (isUnknown || up.count === 0)) this.#remove(session);
    else if (up.hasUnsent) this.#up.lineUp(session);
  }

  /**
   * GATE-13: of a session without any ack nobody can tell whether a room that does not know it has never had it, or has applied some of
   * it and given it up. The latter takes a silence of this gateway.
   */
  #isAmbiguous({ up, sentAtMs }: Session, position: number | undefined): boolean {
    return position === 0 && up.acked === 0 && sentAtMs !== undefined && this.#setting.mayBeGivenUp(sentAtMs);
  }

  #drop(code: number, reason: string): void {
    for (const session of [...this.sessions.values()]) this.#dismiss(session, code, reason);
  }

  #dismiss(session: Session, code: number, reason: string): void {
    const wasLeaving = session.phase === "leaving";
    // From here on the room has nothing to do with it, whatever its socket says in the meantime.
    this.sessions.delete(session.number);
    if (wasLeaving) this.#setting.stats.leaving -= 1;
    this.#up.free(session.dismiss(code, reason));
    this.#checkEmpty();
  }

  #remove(session: Session): void {
    this.sessions.delete(session.number);
    this.#setting.stats.leaving -= 1;
    this.#up.free(session.forget());
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    if (this.sessions.size === 0) this.#dispatch({ kind: "emptied" });
  }

  #afterwards(): void {
    const binding = this.#binding;
    if (binding === undefined) return;
    const atMs = wakeAtMs(binding);
    if (atMs !== this.#timerAtMs) {
      this.#timer?.cancel();
      this.#timerAtMs = atMs;
      this.#timer = atMs === undefined ? undefined : this.#wakeAt(atMs);
    }
    if (binding.kind !== "over") return;
    this.#binding = undefined;
    this.#setting.stats.rooms -= 1;
    this.#setting.roomOver(this, this.#known);
  }

  #wakeAt(atMs: number): Timer {
    const { runtime, clock } = this.#setting;
    return runtime.after(Math.max(0, atMs - clock.nowMs()), () => {
      this.#timerAtMs = undefined;
      this.#dispatch({ kind: "timePassed" });
    });
  }
}
