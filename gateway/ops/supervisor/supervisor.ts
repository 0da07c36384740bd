import { randomBytes, randomInt } from "node:crypto";
import { RoomgateError } from "../../wire/errors.ts";
import { afterWatched } from "../../wire/patient-timer.ts";
import type { Runtime, Timer } from "../../wire/runtime.ts";
import type { ProcessReport } from "../process-report.ts";
import type { FromChild } from "./child-messages.ts";
import type { Child, ChildPlan, Launch } from "./launch.ts";
import { addedSlot, firstSlot, type Slot, type SlotEffect, type SlotEvent, stepSlot } from "./slot.ts";

export interface SupervisorOptions {
  readonly servers: number;
  readonly gateways: number;
  /** For clients; with 0 the first gateway picks one and the others share it. */
  readonly port: number;
  readonly restart: boolean;
  /** A child that has not said that it is ready by then has failed. Default 30 000. */
  readonly startMsMax?: number;
  /** Gateways, and then servers, that have not stopped by then are killed. Default 7 000. */
  readonly stopMsMax?: number;
  /** The process with this id has ended. */
  readonly onGone?: (id: string) => void;
}

export interface Supervisor {
  /** Resolves with the clients' port when all are ready. Rejects with a `RoomgateError` (`start-failed`), everything stopped again. */
  start(): Promise<number>;
  /** Of every child that answers within a second. */
  reports(): Promise<readonly ProcessReport[]>;
  /** Gateways first, so that clients are told; then servers, which store their rooms. Safe to repeat. */
  stop(): Promise<void>;
  /** Kills what is left, without asking. */
  kill(): void;
}

interface Place {
  readonly kind: ChildPlan["kind"];
  slot: Slot;
  child: Child | undefined;
  plan: ChildPlan | undefined;
  /** Why it says that it failed. */
  failure: string | undefined;
  timer: Timer | undefined;
}

interface Waiter {
  readonly resolve: (report: ProcessReport | undefined) => void;
  readonly timer: Timer;
}

const reportMsMax = 1_000;

/** Keeps the processes of a cluster on this machine going. Decisions are those of `slot.ts`. */
export function createSupervisor(runtime: Runtime, launch: Launch, options: SupervisorOptions): Supervisor {
  const places = new Set<Place>();
  const waiters = new Map<number, Waiter>();
  let settleStart: { resolve(port: number): void; reject(error: RoomgateError): void } | undefined;
  const numbers = { server: 0, gateway: 0 };
  let port = options.port;
  let nextReportId = 1;
  let isStopping = false;
  let hasStarted = false;
  let stopped: Promise<void> | undefined;
  let onExited = (): void => {};

  function planFor(kind: ChildPlan["kind"]): ChildPlan {
    numbers[kind] += 1;
    const id = `${kind === "server" ? "s" : "g"}${numbers[kind]}-${randomSuffix()}`;
    return { kind, id, instance: randomBytes(8).toString("hex"), port };
  }

  function addPlace(kind: ChildPlan["kind"], slot: Slot): void {
    const place: Place = { kind, slot, child: undefined, plan: undefined, failure: undefined, timer: undefined };
    places.add(place);
    launchChild(place);
  }

  function launchChild(place: Place): void {
    const plan = planFor(place.kind);
    place.plan = plan;
    place.failure = undefined;
    let isOver = false;
    const child = launch(plan, {
      onMessage: (message) => heard(place, message),
      onExit(how) {
        isOver = true;
        exited(place, how);
      },
    });
    if (isOver) return;
    place.child = child;
    place.timer = afterWatched(runtime, options.startMsMax ?? 30_000, () => {
      place.failure ??= "it did not say in time that it is ready";
      child.kill();
    });
  }

  function heard(place: Place, message: FromChild): void {
    switch (message.t) {
      case "ready":
        place.timer?.cancel();
        if (place.kind === "gateway") port = message.port;
        feed(place, { kind: "ready", nowMs: runtime.nowMs() });
        if (!hasStarted && !isStopping) continueStart();
        break;
      case "failed":
        place.failure = message.message;
        break;
      case "draining":
        feed(place, { kind: "drainBegan", restart: options.restart && !isStopping });
        break;
      case "report":
        answerReport(message.id, message.report);
    }
  }

  function exited(place: Place, how: string): void {
    place.timer?.cancel();
    place.child = undefined;
    if (place.plan !== undefined) options.onGone?.(place.plan.id);
    const restart = options.restart && !isStopping;
    const { kind } = place;
    const kin = [...places].filter((other) => other !== place && other.kind === kind);
    const othersRun = kin.some(({ slot }) => slot.kind === "running");
    feed(place, { kind: "exited", nowMs: runtime.nowMs(), restart, othersRun, how: place.failure ?? how });
    if (!othersRun) for (const other of kin) feed(other, { kind: "leftAlone" });
    onExited();
  }

  function feed(place: Place, event: SlotEvent): void {
    const { state, effects } = stepSlot(place.slot, event);
    place.slot = state;
    for (const effect of effects) carryOut(place, effect);
    if (place.slot.kind === "empty" && place.child === undefined) places.delete(place);
  }

  function carryOut(place: Place, effect: SlotEffect): void {
    const who = place.plan?.id;
    switch (effect.kind) {
      case "start":
        place.timer?.cancel();
        launchChild(place);
        break;
      case "startAfter": {
        const { delayMs, deaths, how } = effect;
        if (deaths <= 1) runtime.log.warn({ who, how }, "a process is gone; starting another");
        else runtime.log.error({ who, how, deaths, delayMs }, "processes die one after the other; waiting");
        place.timer = runtime.after(delayMs, () => feed(place, { kind: "waited" }));
        break;
      }
      case "addSlot":
        runtime.log.info({ who }, "a server drains; starting another");
        addPlace(place.kind, addedSlot);
        break;
      case "failStart":
        failStart(place, effect.how);
        break;
      case "sayGone":
        runtime.log.info({ who, how: effect.how }, "a process has left");
    }
  }

  /** Several children may fail for one reason: the first says it. */
  function failStart(place: Place, how: string): void {
    const message = place.failure ?? `${place.plan?.id ?? place.kind} ${how}`;
    if (!isStopping) void stop().then(() => settleStart?.reject(new RoomgateError("start-failed", message)));
  }

  /** The first gateway finds the port; the others take the same. */
  function continueStart(): void {
    const all = [...places];
    const gateways = all.filter((place) => place.kind === "gateway");
    const first = gateways[0];
    if (gateways.length < options.gateways && first?.slot.kind === "running") {
      for (let count = gateways.length; count < options.gateways; count += 1) addPlace("gateway", firstSlot);
      return;
    }
    if (gateways.length < options.gateways || all.some((place) => place.slot.kind === "starting")) return;
    hasStarted = true;
    // OPS-14: whoever comes now is placed by all of them, not by the first that was there.
    const children = all.flatMap(({ child }) => child ?? []);
    void Promise.all(children.map((child) => ask(child, "look"))).then(() => settleStart?.resolve(port));
  }

  function answerReport(id: number, report: ProcessReport | undefined): void {
    const waiter = waiters.get(id);
    waiters.delete(id);
    waiter?.timer.cancel();
    waiter?.resolve(report);
  }

  function ask(child: Child, t: "report" | "look"): Promise<ProcessReport | undefined> {
    const id = nextReportId;
    nextReportId += 1;
    return new Promise((resolve) => {
      waiters.set(id, { resolve, timer: runtime.after(reportMsMax, () => answerReport(id, undefined)) });
      child.send({ t, id });
    });
  }

  async function stopKind(kind: ChildPlan["kind"]): Promise<void> {
    const children = () => [...places].filter((place) => place.kind === kind && place.child !== undefined);
    for (const place of children()) place.child?.send({ t: "stop" });
    if (children().length === 0) return;
    await new Promise<void>((resolve) => {
      const timer = afterWatched(runtime, options.stopMsMax ?? 7_000, () => {
        const members = children().map((place) => place.plan?.id);
        runtime.log.warn({ members }, "these did not stop in time and are killed");
        for (const place of children()) place.child?.kill();
      });
      onExited = () => {
        if (children().length > 0) return;
        timer.cancel();
        resolve();
      };
    });
  }

  function stop(): Promise<void> {
    stopped ??= (async () => {
      isStopping = true;
      for (const place of [...places]) {
        // A child that still starts may not listen yet; nothing is lost with it.
        if (place.slot.kind === "starting") place.child?.kill();
        place.timer?.cancel();
        feed(place, { kind: "stop" });
      }
      await stopKind("gateway");
      await stopKind("server");
    })();
    return stopped;
  }

  return {
    start() {
      return new Promise((resolve, reject) => {
        settleStart = { resolve, reject };
        for (let count = 0; count < options.servers; count += 1) addPlace("server", firstSlot);
        addPlace("gateway", firstSlot);
      });
    },
    async reports() {
      const children = [...places].flatMap((place) =>
        place.child !== undefined && place.slot.kind !== "starting" ? [place.child] : [],
      );
      const reports = await Promise.all(children.map((child) => ask(child, "report")));
      return reports.filter((report) => report !== undefined);
    },
    stop,
    kill() {
      for (const place of places) place.child?.kill();
    },
  };
}

/** Four characters of base32, so that no id comes back after a restart of the whole cluster. */
function randomSuffix(): string {
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  return Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join("");
}
