import { sleep } from "k6";
import execution from "k6/execution";
import http from "k6/http";
import type { ChaosSettings } from "./chaos-settings.ts";
import type { LoadSettings } from "./load-settings.ts";
import { measured } from "./promises.ts";

interface Server {
  readonly id: string;
  readonly state: "live" | "draining" | "lost";
}

interface Room {
  readonly room: string;
  readonly server: string;
}

const roomsMax = 10_000;
/** Looks in a row without an answer after which the cluster is taken for gone. */
const silentLooksMax = 20;
/** Also the wait after a blow that did not hit, since its server had just gone. */
const lookEveryMs = 1_000;
const adminParams = { tags: { name: "admin" }, timeout: "30s" };
const jsonParams = { ...adminParams, headers: { "content-type": "application/json" } };

/**
 * Moves rooms of this run, drains servers and has them killed, until the run is nearly over. A server is drained only while as many live
 * as in the beginning, and killed only while another one lives: a cluster that does not replace them (`--no-restart`) keeps one.
 */
export function runChaos(settings: LoadSettings, chaos: ChaosSettings): void {
  new Course(settings, chaos).run();
}

class Course {
  readonly #settings: LoadSettings;
  readonly #chaos: ChaosSettings;
  #servers: readonly Server[] = [];
  #rooms: readonly Room[] = [];
  #lookedMs = Number.NEGATIVE_INFINITY;
  #fullCount = 0;
  #silentLooks = 0;
  #nextDrainMs: number;
  #nextKillMs: number;

  constructor(settings: LoadSettings, chaos: ChaosSettings) {
    this.#settings = settings;
    this.#chaos = chaos;
    const { beginMs, drainEveryMs, killEveryMs, killsFromMs } = chaos;
    this.#nextDrainMs = drainEveryMs === 0 ? Number.POSITIVE_INFINITY : beginMs + drainEveryMs / 2;
    this.#nextKillMs = killEveryMs === 0 ? Number.POSITIVE_INFINITY : killsFromMs;
  }

  run(): void {
    const { beginMs, endMs, movesPerSecond } = this.#chaos;
    this.#sleepUntil(beginMs);
    this.#fullCount = this.#live().length;
    const everyMs = 1_000 / (movesPerSecond || 1);
    for (let atMs = beginMs; atMs < endMs; atMs = Math.max(atMs + everyMs, nowMs())) {
      this.#sleepUntil(atMs);
      this.#strike();
      if (this.#silentLooks < silentLooksMax) continue;
      console.warn("the admin side does not answer any more: chaos ends here");
      return;
    }
  }

  #strike(): void {
    const isKillDue = nowMs() >= this.#nextKillMs;
    const isDrainDue = nowMs() >= this.#nextDrainMs;
    if (isKillDue || isDrainDue || nowMs() - this.#lookedMs > lookEveryMs) this.#look();
    const live = this.#live();
    if (isKillDue && live.length > 1) this.#kill(pick(live));
    else if (isDrainDue && live.length > 1 && live.length >= this.#fullCount) this.#drain(pick(live));
    else if (this.#chaos.movesPerSecond > 0) this.#moveOne(live);
  }

  #kill(server: Server | undefined): void {
    if (server === undefined) return;
    this.#lookedMs = Number.NEGATIVE_INFINITY;
    const { status, body } = http.post(`${this.#chaos.killerUrl}/${server.id}`, null, adminParams);
    this.#nextKillMs = nowMs() + (status === 204 ? this.#chaos.killEveryMs : lookEveryMs);
    if (status === 204) measured.kills.add(1);
    else console.warn(`${server.id} is not killed: ${status} ${body}`);
  }

  #drain(server: Server | undefined): void {
    if (server === undefined) return;
    this.#lookedMs = Number.NEGATIVE_INFINITY;
    const { status } = http.post(`${this.#settings.adminUrl}/api/servers/${server.id}/drain`, null, adminParams);
    this.#nextDrainMs = nowMs() + (status === 202 ? this.#chaos.drainEveryMs : lookEveryMs);
    if (status === 202) measured.drains.add(1);
    else console.warn(`${server.id} is not drained: ${status}`);
  }

  #moveOne(live: readonly Server[]): void {
    const room = pick(this.#rooms);
    const target = pick(live.filter(({ id }) => id !== room?.server));
    if (room === undefined || target === undefined) return;
    const url = `${this.#settings.adminUrl}/api/rooms/${room.room}/move`;
    const answer = http.post(url, JSON.stringify({ to: target.id }), jsonParams);
    if (answer.status !== 200) {
      // It has moved by itself meanwhile, or its target has gone: nothing has changed.
      measured.movesRefused.add(1, { app: appOf(room) });
      this.#lookedMs = Number.NEGATIVE_INFINITY;
      return;
    }
    const { pauseMs } = answer.json() as { readonly pauseMs: number };
    measured.moves.add(1, { app: appOf(room) });
    measured.movePause.add(pauseMs, { app: appOf(room) });
    this.#rooms = this.#rooms.map((one) => (one === room ? { room: one.room, server: target.id } : one));
  }

  #look(): void {
    this.#lookedMs = nowMs();
    const servers = this.#ask<Server>("/api/servers");
    this.#silentLooks = servers === undefined ? this.#silentLooks + 1 : 0;
    this.#servers = servers ?? this.#servers;
    if (servers === undefined) return;
    const rooms = this.#ask<Room>(`/api/rooms?limit=${roomsMax}`) ?? this.#rooms;
    this.#rooms = rooms.filter(({ room }) => room.includes(`/load-${this.#settings.runId}-`));
  }

  #live(): readonly Server[] {
    if (this.#servers.length === 0) this.#look();
    return this.#servers.filter(({ state }) => state === "live");
  }

  #ask<Row>(path: string): readonly Row[] | undefined {
    const answer = http.get(this.#settings.adminUrl + path, adminParams);
    if (answer.status === 200) return answer.json() as readonly Row[];
    console.warn(`${path} answered ${answer.status}`);
    return undefined;
  }

  #sleepUntil(ms: number): void {
    const leftMs = ms - nowMs();
    if (leftMs > 0) sleep(leftMs / 1_000);
  }
}

function nowMs(): number {
  return execution.instance.currentTestRunDuration;
}

function appOf({ room }: Room): string {
  return room.slice(0, room.indexOf("/"));
}

function pick<T>(all: readonly T[]): T | undefined {
  return all[Math.floor(Math.random() * all.length)];
}
