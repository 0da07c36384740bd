import { createMemoryNetwork, type MemoryNetwork } from "../../../gateway/wire/memory-pipe.ts";
import { ledger } from "../../../load/ledger.ts";
import { LedgerChecker } from "../../../load/ledger-checker.ts";
import { createVirtualRuntime, type VirtualRuntime } from "../virtual-runtime.ts";
import { Chance } from "./chance.ts";
import { earApp, isDoingRoom, withDoings } from "./doer-room.ts";
import { type DoingKind, Doings } from "./doings.ts";
import { DurableTruth } from "./durable-truth.ts";
import { type Finding, Findings } from "./findings.ts";
import { Machines } from "./machines.ts";
import { LedgerStream, type MemberStream, TallyLives, TallyStream } from "./member-streams.ts";
import { withNamedSessions } from "./named-sessions.ts";
import { type Action, calmMs, type Plan } from "./plan.ts";
import { PulseLines, PulseStream } from "./pulse-lines.ts";
import { type PulseFrame, pulseApp } from "./pulse-room.ts";
import { RestCheck } from "./rest-check.ts";
import { SimulatedClient } from "./simulated-client.ts";
import { SimulatedStore } from "./simulated-store.ts";
import { tallyApp } from "./tally-room.ts";
import { Trace } from "./trace.ts";

export interface Outcome {
  readonly seed: number;
  readonly findings: readonly Finding[];
  /** Of everything that happened: the same plan gives the same. */
  readonly hash: string;
  readonly events: number;
  /** When the cluster was at rest again. */
  readonly endedMs: number;
  /** What rooms have done by themselves. */
  readonly doings: Readonly<Record<DoingKind, number>>;
  /** Only where `keepsTrace`. */
  readonly trace: readonly string[];
}

const stepMs = 50;
/** Longer than a room keeps the sessions of a gateway of which it does not know that it is dead. */
const restMsMax = 45_000;
const connectAgainMs = 100;
const connectTriesMax = 100;

/** Carries out a plan on a cluster of its own and says what was wrong with it. */
export async function simulate(plan: Plan, options: { readonly keepsTrace?: boolean } = {}): Promise<Outcome> {
  const simulation = new Simulation(plan, options.keepsTrace ?? false);
  return simulation.run();
}

interface Seat {
  readonly gateway: number;
  readonly room: string;
  client: SimulatedClient | undefined;
  taken: number;
}

class Simulation {
  readonly #plan: Plan;
  readonly #world: VirtualRuntime;
  readonly #chance: Chance;
  readonly #network: MemoryNetwork;
  readonly #trace: Trace;
  readonly #findings: Findings;
  readonly #doings: Doings;
  readonly #truth: DurableTruth;
  readonly #store: SimulatedStore;
  readonly #machines: Machines;
  readonly #lives: TallyLives;
  readonly #pulses: PulseLines;
  readonly #rest: RestCheck;
  readonly #seats: readonly Seat[];
  readonly #clients: SimulatedClient[] = [];
  /** Of rooms whose acks promise nothing. */
  readonly #unheldSessions = new Set<string>();
  readonly #cuts = new Set<string>();

  constructor(plan: Plan, keepsTrace: boolean) {
    this.#plan = plan;
    this.#world = createVirtualRuntime({ seed: plan.seed });
    this.#chance = new Chance(plan.seed ^ 0x5eed);
    const nowMs = (): number => this.#world.nowMs();
    this.#trace = new Trace(nowMs, keepsTrace);
    this.#findings = new Findings(nowMs, (what) => this.#trace.note("!", what));
    this.#pulses = new PulseLines(this.#findings, nowMs, !plan.actions.some(({ kind }) => kind === "store"));
    const isSteady = !plan.actions.some(({ kind }) => kind === "store" || kind === "jump");
    this.#doings = new Doings(this.#findings, nowMs, isSteady);
    this.#truth = new DurableTruth(this.#findings, this.#trace, this.#pulses, this.#doings);
    this.#store = new SimulatedStore(this.#world, this.#chance, this.#truth);
    this.#network = createMemoryNetwork(this.#world, { delayMs: () => 0.1 + this.#chance.delayMs(1.5, 25, 40) });
    this.#lives = new TallyLives(this.#findings);
    this.#seats = plan.scene.seats.map((seat) => ({ ...seat, client: undefined, taken: 0 }));
    let lives = 0;
    let ids = 0;
    const doerWatch = {
      seed: plan.seed,
      nowMs,
      nextId: () => {
        ids += 1;
        return ids;
      },
      taskBegan: (room: string, name: string) => this.#doings.taskBegan(room, name),
    };
    const watch = {
      nextLife: () => {
        lives += 1;
        return lives;
      },
      joined: ({ id }: { id: string }) => void this.#unheldSessions.add(id),
      said: (room: string, frame: PulseFrame) => this.#pulses.said(room, frame),
    };
    this.#machines = new Machines(
      {
        world: this.#world,
        network: this.#network,
        chance: this.#chance,
        store: this.#store,
        appsOn: (host) => ({
          ledger: withNamedSessions({ ...ledger, idleMs: 600 }),
          tally: tallyApp(watch),
          pulse: withNamedSessions(pulseApp(watch)),
          doer: withNamedSessions(withDoings({ ...ledger, idleMs: 600 }, doerWatch, host)),
          drip: withNamedSessions(withDoings(pulseApp(watch), doerWatch, host)),
          ear: earApp(),
        }),
        stopped: (instance) => {
          this.#pulses.stopped(instance);
          this.#doings.stopped(instance);
        },
        acknowledged: (session, cseq) => {
          if (!this.#unheldSessions.has(session)) this.#truth.acknowledged(session, cseq);
        },
      },
      plan.scene,
      (who, what) => this.#trace.note(who, what),
    );
    this.#rest = new RestCheck(plan, this.#machines, this.#truth, this.#doings, this.#findings, this.#clients);
  }

  async run(): Promise<Outcome> {
    const stopWatching = this.#watchRejections();
    try {
      await this.#act();
      await this.#heal("after the troubles");
      if (this.#plan.endsCold && this.#isSound) {
        await this.#beginDoings();
        this.#machines.replaceAllServers();
        await this.#heal("after a cold start");
      }
      this.#lives.check();
      if (this.#isSound) this.#checkLedgers();
    } catch (error) {
      this.#findings.report("crash", error instanceof Error ? (error.stack ?? error.message) : String(error));
    } finally {
      stopWatching();
    }
    const { list } = this.#findings;
    const { hash, events, lines } = this.#trace;
    return {
      seed: this.#plan.seed,
      findings: list,
      hash,
      events,
      endedMs: this.#world.nowMs(),
      doings: this.#doings.counts,
      trace: lines,
    };
  }

  get #isSound(): boolean {
    return this.#findings.list.length === 0;
  }

  /** The same verdict as over real processes, by nothing but what clients were shown. */
  #checkLedgers(): void {
    for (const room of this.#rooms()) {
      const fold = this.#truth.foldOf(room);
      if (!fold?.isExact) continue;
      const checker = new LedgerChecker(room);
      const sent = new Map<string, number>();
      for (const client of this.#clients) {
        if (client.room !== room) continue;
        const member = checker.member(client.name);
        for (const frame of client.frames) member.heard(frame);
        const isCertain = client.state === "open" && !client.isCutOff;
        sent.set(client.name, isCertain ? client.said : fold.saidBy(client.name));
      }
      // What was said while nobody was there to hear it cannot be judged by what was heard.
      const isWhole = checker.total === fold.bodies.length;
      const { lost, doubled, wrongDigests } = checker.verdict(sent);
      if (isWhole && lost + doubled + wrongDigests > 0) {
        this.#findings.report("ledger", `${room}: ${lost} lost, ${doubled} doubled, ${wrongDigests} wrong digests`);
      }
      for (const example of checker.examples) this.#findings.report("ledger", example);
    }
  }

  async #act(): Promise<void> {
    const { scene, actions } = this.#plan;
    for (let index = 0; index < scene.serversAtFirst; index += 1) this.#machines.startServer(index, true);
    for (let index = 0; index < scene.gateways; index += 1) this.#machines.startGateway(index, true);
    for (const action of actions) this.#world.after(action.atMs, () => this.#carryOut(action));
    const lastMs = Math.max(calmMs, ...actions.map(({ atMs }) => atMs));
    await this.#advanceTo(lastMs + 500, () => false);
  }

  /** Ends all trouble; then everything that was promised must come true within {@link restMsMax}. */
  async #heal(when: string): Promise<void> {
    if (!this.#isSound) return;
    this.#trace.note("-", "all trouble ends");
    this.#store.endAll();
    for (const cut of this.#cuts) this.#network.release(...(cut.split(" ") as [string, string]));
    this.#cuts.clear();
    this.#machines.heal();
    await this.#finishDoings(when);
    for (const client of this.#clients) client.say(0);
    for (const room of this.#rooms()) this.#seatLate(room);
    await this.#comesTrue(when, () => this.#rest.whatIsMissing());
  }

  /** RUN-1: what rooms do by themselves comes true before anybody comes to see. */
  async #finishDoings(when: string): Promise<void> {
    if (!this.#hasDoings) return;
    this.#leaveDoings();
    await this.#comesTrue(when, () => this.#rest.whatDoingsMiss());
    const page = await this.#store.engine.listHeads({ mustRun: true, limit: 1 });
    if (page.kind === "heads" && page.heads.length > 0 && this.#isSound)
      this.#findings.report("liveness", `${when}: the store lists ${page.heads[0]?.room}, which has nothing to do`);
  }

  /** Then everything dies with much that is still to be done. */
  async #beginDoings(): Promise<void> {
    if (!this.#hasDoings) return;
    this.#leaveDoings();
    const untilMs = this.#world.nowMs() + this.#chance.between(50, 400);
    await this.#advanceTo(untilMs, () => false);
  }

  /** Half of those who are in rooms that do things by themselves say something last, and leave. */
  #leaveDoings(): void {
    for (const client of this.#clients) {
      if (!isDoingRoom(client.room) || this.#chance.happens(0.5)) continue;
      client.say(0);
      client.leave();
    }
  }

  get #hasDoings(): boolean {
    return this.#plan.scene.seats.some(({ room }) => isDoingRoom(room));
  }

  async #comesTrue(when: string, whatIsMissing: () => string | undefined): Promise<void> {
    const untilMs = this.#world.nowMs() + restMsMax;
    let missing: string | undefined = "";
    await this.#advanceTo(untilMs, () => {
      missing = whatIsMissing();
      return missing === undefined;
    });
    if (missing !== undefined && this.#isSound) this.#findings.report("liveness", `${when}: ${missing}`);
  }

  async #advanceTo(untilMs: number, isOver: () => boolean): Promise<void> {
    while (this.#world.nowMs() < untilMs && this.#isSound && !isOver()) {
      await this.#world.advanceAsync(stepMs);
      this.#rest.checkBounds();
    }
  }

  #carryOut(action: Action): void {
    const machines = this.#machines;
    switch (action.kind) {
      case "say": {
        const client = this.#seats[action.seat]?.client;
        for (let count = 0; count < action.count; count += 1) client?.say(action.bytes);
        return;
      }
      case "join": {
        const seat = this.#seats[action.seat];
        if (seat && (seat.client === undefined || seat.client.state !== "open" || seat.client.isCutOff)) {
          this.#seat(seat, `c${action.seat}`);
        }
        return;
      }
      case "leave":
        this.#seats[action.seat]?.client?.leave();
        return;
      case "move":
        machines.move(action.room, action.to);
        return;
      case "drain":
        machines.leave(action.server, "drain", action.backAfterMs);
        return;
      case "stopServer":
        machines.leave(action.server, "stop", action.backAfterMs);
        return;
      case "kill":
        machines.killServer(action.server, action.backAfterMs, action.sameId);
        return;
      case "start":
        machines.startServer(action.server, false);
        return;
      case "killGateway":
        machines.killGateway(action.gateway, action.backAfterMs, action.sameId);
        return;
      case "pause":
        machines.pause(action.host, action.forMs);
        return;
      case "jump":
        this.#trace.note(action.host, `its clock jumps by ${action.byMs}`);
        machines.hostOn(action.host)?.jump(action.byMs);
        if (action.host.startsWith("s")) this.#doings.clockJumped(action.byMs);
        return;
      case "cut":
        this.#cut(action.one, action.other, action.isOneWay, action.forMs);
        return;
      case "reset":
        this.#trace.note(action.one, `is reset from ${action.other}`);
        this.#network.reset(action.one, action.other);
        return;
      case "store":
        this.#trace.note(action.host, `its store is ${action.trouble} for ${action.forMs}`);
        this.#store.begin(action.host, action.trouble);
        this.#world.after(action.forMs, () => this.#store.end(action.host, action.trouble));
        return;
    }
  }

  #cut(one: string, other: string, isOneWay: boolean, forMs: number): void {
    const cut = `${one} ${other}`;
    if (this.#cuts.has(cut)) return;
    this.#trace.note(one, `is cut off from ${other}${isOneWay ? ", one way" : ""} for ${forMs}`);
    this.#cuts.add(cut);
    if (isOneWay) this.#network.holdOneWay(one, other);
    else this.#network.hold(one, other);
    this.#world.after(forMs, () => {
      if (this.#cuts.delete(cut)) this.#network.release(one, other);
    });
  }

  #seat(seat: Seat, name: string): void {
    seat.taken += 1;
    const turn = seat.taken;
    const isCurrent = (): boolean => seat.taken === turn;
    this.#connect(seat, `${name}.${turn}`, isCurrent, (client) => {
      seat.client = client;
    });
  }

  /** Somebody who comes late hears the whole state. */
  #seatLate(room: string): void {
    const gateway = this.#chance.below(this.#plan.scene.gateways);
    const name = `late${this.#clients.length}`;
    this.#connect(
      { gateway, room },
      name,
      () => true,
      () => {},
    );
  }

  #connect(
    { gateway, room }: { readonly gateway: number; readonly room: string },
    name: string,
    isWanted: () => boolean,
    entered: (client: SimulatedClient) => void,
    tries = 0,
  ): void {
    const again = (): void => {
      if (tries >= connectTriesMax) this.#findings.report("liveness", `${name} is not let in`);
      else
        this.#world.after(connectAgainMs, () => this.#connect({ gateway, room }, name, isWanted, entered, tries + 1));
    };
    if (!isWanted()) return;
    const at = this.#machines.gatewayOn(gateway);
    if (!at) {
      again();
      return;
    }
    at.process.host.deliver(() => {
      const client = new SimulatedClient(name, room, at.process, this.#streamOf(name, room), this.#trace);
      void client.connect(at.site).then((isIn) => {
        if (!isIn) {
          again();
          return;
        }
        this.#clients.push(client);
        entered(client);
      });
    });
  }

  #streamOf(client: string, room: string): MemberStream {
    if (room.startsWith("ledger/") || room.startsWith("doer/"))
      return new LedgerStream(client, room, this.#truth, this.#findings);
    if (room.startsWith("pulse/") || room.startsWith("drip/"))
      return new PulseStream(client, room, this.#pulses, this.#findings);
    return new TallyStream(client, room, this.#lives, this.#findings);
  }

  #rooms(): Set<string> {
    return new Set(this.#clients.map(({ room }) => room));
  }

  /** A promise that nobody catches is an error of the code under test. */
  #watchRejections(): () => void {
    const heard = (error: unknown): void => {
      this.#findings.report("crash", error instanceof Error ? (error.stack ?? error.message) : String(error));
    };
    process.on("unhandledRejection", heard);
    return () => process.off("unhandledRejection", heard);
  }
}
