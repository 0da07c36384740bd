/**
 * Opens clients and lets them talk, as told by its parent through the channel between them. A process of its own, so that what it
 * costs is known and is not in anybody's way.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientEvents } from "./client.ts";
import { CrowdTalk } from "./crowd-talk.ts";
import { dialects } from "./dialect.ts";
import type { Counts, CrowdPlan, Order, Report } from "./orders.ts";

const openingAtOnceMax = 64;

class Generator {
  #clients: Client[] = [];
  #talk: CrowdTalk | undefined;
  #closed = 0;
  #pings = 0;
  readonly #closes = new Map<string, number>();
  readonly #events: ClientEvents = {
    received: (client, count) => this.#talk?.answered(client, count),
    pinged: () => {
      this.#pings += 1;
    },
    closed: (why) => {
      this.#closed += 1;
      this.#closes.set(why, (this.#closes.get(why) ?? 0) + 1);
    },
  };

  async follow(order: Order): Promise<Report> {
    switch (order.do) {
      case "open":
        return { said: "opened", tookMs: await this.#open(order.plan) };
      case "talk":
        this.#talk?.begin(order.talk);
        return { said: "talks" };
      case "count":
        return { said: "counts", counts: this.#count() };
    }
  }

  async #open(plan: CrowdPlan): Promise<number> {
    const dialect = dialects[plan.dialect];
    const startMs = performance.now();
    const clients: Client[] = [];
    let next = 0;
    const opener = async (): Promise<void> => {
      for (let index = next; index < plan.clients; index = next) {
        next += 1;
        await sleepUntil(startMs + (index / plan.openPerSecond) * 1000);
        clients.push(await Client.open(targetOf(plan, index), dialect, this.#events));
      }
    };
    await Promise.all(Array.from({ length: openingAtOnceMax }, opener));
    const tookMs = performance.now() - startMs;
    this.#clients = clients;
    const scripts = dialect.script === undefined ? [] : plan.rooms.map((room) => dialect.script?.(room) ?? []);
    this.#talk = new CrowdTalk(clients, dialect.message(plan.contentBytes), scripts);
    return tookMs;
  }

  #count(): Counts {
    const { sent = 0, received = 0, roomMs = [] } = this.#talk ?? {};
    if (this.#talk !== undefined) this.#talk.roomMs = [];
    return {
      open: this.#clients.length - this.#closed,
      closed: this.#closed,
      sent,
      received,
      pings: this.#pings,
      closes: [...this.#closes],
      roomMs,
    };
  }
}

function targetOf(plan: CrowdPlan, index: number) {
  const take = <T>(items: readonly T[]): T => items[index % items.length] as T;
  const roomIndex = index % plan.rooms.length;
  const localAddress = plan.localAddresses === undefined ? undefined : take(plan.localAddresses);
  return { port: take(plan.ports), room: take(plan.rooms), roomIndex, localAddress };
}

async function sleepUntil(atMs: number): Promise<void> {
  const leftMs = atMs - performance.now();
  if (leftMs > 1) await sleep(leftMs);
}

const generator = new Generator();
process.on("message", (order: Order) => {
  generator.follow(order).then(
    (report) => process.send?.(report),
    (error: unknown) => process.send?.({ said: "failed", problem: String(error) } satisfies Report),
  );
});
process.on("disconnect", () => process.exit(0));
