import {
  beginMembership,
  giveEvidence,
  inStateMs,
  type Judgement,
  type Member,
  type MemberId,
  type Membership,
  type MembershipEvent,
  observe,
} from "../cluster/membership.ts";
import { judgeRenewal, mayHaveLapsed, neverRenewed, type Renewal, renewed } from "../cluster/renewal.ts";
import { RoomgateError } from "../wire/errors.ts";
import type { Runtime, Timer } from "../wire/runtime.ts";
import type { MemberRecord, MemberStore } from "./port.ts";

export interface MemberAgentOptions {
  readonly runtime: Runtime;
  readonly members: MemberStore;
  readonly timing: { readonly heartbeatMs: number; readonly leaseMs: number };
  /** The own row as it is now, without its counter. `undefined` for an observer that is no member. */
  readonly self: (() => Omit<MemberRecord, "counter">) | undefined;
  /** The own row has been stored. */
  readonly onWritten?: ((row: MemberRecord) => void) | undefined;
  /** After each look, also where nothing happened. */
  readonly onLook?: (events: readonly MembershipEvent[]) => void;
}

const leasesBeforeSweep = 20;

/** The heartbeat of one process: writes the own row, looks at everybody's, and keeps the judgement. */
export class MemberAgent {
  readonly #options: MemberAgentOptions;
  #membership: Membership<MemberRecord> = beginMembership();
  #renewal: Renewal = neverRenewed;
  #counter = 0;
  readonly #timers = new Set<Timer>();
  #beating: Promise<void> | undefined;
  #writing: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;

  constructor(options: MemberAgentOptions) {
    this.#options = options;
  }

  get membership(): Membership<MemberRecord> {
    return this.#membership;
  }

  member(id: MemberId): Member<MemberRecord> | undefined {
    return this.#membership.members.get(id);
  }

  /** Writes and looks once, then every `heartbeatMs`. Throws `id-in-use` where a living process has the id already, `store-unavailable` where the store does not answer. */
  async start(): Promise<void> {
    await this.#assertIdFree();
    await this.beat();
    if (this.#membership.lookedMs === undefined) {
      throw new RoomgateError("store-unavailable", "the store does not answer", { retryable: true });
    }
    // LIVE-16: each in its own time, so that a look without an answer does not hold up the own heartbeat, nor the other way round.
    this.#repeat(() => this.#write());
    this.#repeat(() => this.#look());
  }

  /** Writes and looks now. Calls that come while one is under way share the next one. */
  beat(): Promise<void> {
    this.#beating ??= this.#beatOnce().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  /**
   * Looks, and writes nothing. What others had written before the call is seen: a look that is under way may have come too early. Calls
   * that come while one is under way share the next one.
   */
  async lookAgain(): Promise<void> {
    await this.#looking;
    await this.#look();
  }

  renewal(selfFreezeMs: number): "fresh" | "stale" {
    return judgeRenewal(this.#renewal, this.#options.runtime.nowMs(), selfFreezeMs);
  }

  /** Whether others may have taken this process for lost at any time since `sinceMs`. */
  mayHaveLapsed(sinceMs: number): boolean {
    const { runtime, timing } = this.#options;
    return mayHaveLapsed(this.#renewal, sinceMs, runtime.nowMs(), timing.leaseMs);
  }

  /**
   * A connection to this process was refused, or it is known to have ended: the member is lost until it is seen to live.
   * LIVE-13: `instance` is the process that was asked; once another has the id, nothing changes.
   */
  giveEvidence(id: MemberId, instance: string): void {
    this.#accept(giveEvidence(this.#membership, id, instance, this.#options.runtime.nowMs()));
  }

  /** Stops and removes the own row. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    await this.#beating;
    await this.#writing;
    const self = this.#options.self?.();
    if (self) await this.#options.members.remove(self.id, self.instance);
  }

  #repeat(work: () => Promise<void>): void {
    if (this.#stopped) return;
    const { runtime, timing } = this.#options;
    const timer = runtime.after(timing.heartbeatMs, () => {
      this.#timers.delete(timer);
      void work().then(() => this.#repeat(work));
    });
    this.#timers.add(timer);
  }

  async #beatOnce(): Promise<void> {
    if (this.#stopped) return;
    const written = this.#write();
    if (this.#membership.lookedMs === undefined) await written;
    await this.#look();
    await written;
  }

  #write(): Promise<void> {
    this.#writing ??= this.#writeOnce().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeOnce(): Promise<void> {
    if (this.#stopped) return;
    const { runtime, members, self, timing } = this.#options;
    if (!self) return;
    const startedMs = runtime.nowMs();
    this.#counter += 1;
    const row: MemberRecord = { ...self(), counter: this.#counter };
    const put = await members.put(row);
    if (put.kind === "stored") {
      this.#renewal = renewed(this.#renewal, { startedMs, answeredMs: runtime.nowMs() }, timing.leaseMs);
      this.#options.onWritten?.(row);
    } else runtime.log.warn({ reason: put.reason }, "heartbeat not stored");
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const { runtime, members } = this.#options;
    const askedMs = runtime.nowMs();
    const answer = await members.list();
    if (answer.kind !== "members" || this.#stopped) return;
    const rows = answer.members.map((record) => ({ ...record, info: record }));
    this.#accept(observe(this.#membership, { rows, askedMs, answeredMs: runtime.nowMs() }, this.#options.timing));
    this.#sweep();
  }

  /** Rows that dead processes left behind: those who are members themselves remove them, much later than anybody asks for them. */
  #sweep(): void {
    const { members, self, timing } = this.#options;
    if (!self) return;
    for (const member of this.#membership.members.values()) {
      const isOld = member.state === "lost" && inStateMs(this.#membership, member) > leasesBeforeSweep * timing.leaseMs;
      if (isOld) void members.remove(member.id, member.instance);
    }
  }

  #accept({ membership, events }: Judgement<MemberRecord>): void {
    this.#membership = membership;
    for (const event of events) this.#options.runtime.log.debug({ event }, "membership");
    this.#options.onLook?.(events);
  }

  /** A fixed id may be in use by a process that lives: its counter moves within a heartbeat or two. */
  async #assertIdFree(): Promise<void> {
    const { runtime, members, self, timing } = this.#options;
    const mine = self?.();
    if (!mine) return;
    const counterOf = async (): Promise<number | undefined> => {
      const answer = await members.list();
      if (answer.kind !== "members") return undefined;
      return answer.members.find((row) => row.id === mine.id && row.instance !== mine.instance)?.counter;
    };
    const before = await counterOf();
    if (before === undefined) return;
    await new Promise<void>((resolve) => runtime.after(timing.heartbeatMs * 2, resolve));
    const after = await counterOf();
    if (after === undefined || after === before) return;
    throw new RoomgateError("id-in-use", `a process with the id ${mine.id} is running already`);
  }
}
