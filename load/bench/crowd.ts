import { once } from "node:events";
import type { Counts, CrowdPlan, Order, Report, Talk } from "./generator/orders.ts";
import { distFile, type Lab, type Started } from "./lab.ts";

/** Clients in one or more generator processes, seen from the benchmark. */
export class Crowd {
  /** Until the last client was in its room. */
  readonly openedMs: number;
  readonly #generators: readonly Started[];

  private constructor(generators: readonly Started[], openedMs: number) {
    this.#generators = generators;
    this.openedMs = openedMs;
  }

  /** The plans are opened at once, each by a process of its own. Rejects when any client is refused. */
  static async open(lab: Lab, ...plans: readonly CrowdPlan[]): Promise<Crowd> {
    const generators = plans.map(() => lab.fork(distFile("load/bench/generator/generator-process.js")));
    try {
      const reports = await Promise.all(
        generators.map((generator, index) => ask(generator, { do: "open", plan: plans[index] as CrowdPlan })),
      );
      const tookMs = reports.map((report) => (report.said === "opened" ? report.tookMs : 0));
      return new Crowd(generators, Math.max(...tookMs));
    } catch (error) {
      await Promise.all(generators.map((generator) => generator.stop("SIGKILL")));
      throw error;
    }
  }

  get pids(): number[] {
    return this.#generators.map(({ pid }) => pid);
  }

  async talk(talk: Talk): Promise<void> {
    await Promise.all(this.#generators.map((generator) => ask(generator, { do: "talk", talk })));
  }

  async count(): Promise<Counts> {
    const reports = await Promise.all(this.#generators.map((generator) => ask(generator, { do: "count" })));
    const counts = reports.flatMap((report) => (report.said === "counts" ? [report.counts] : []));
    const sum = (of: (one: Counts) => number): number => counts.reduce((total, one) => total + of(one), 0);
    return {
      open: sum(({ open }) => open),
      closed: sum(({ closed }) => closed),
      sent: sum(({ sent }) => sent),
      received: sum(({ received }) => received),
      pings: sum(({ pings }) => pings),
      closes: counts.flatMap(({ closes }) => closes),
      roomMs: counts.flatMap(({ roomMs }) => roomMs),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#generators.map((generator) => generator.stop("SIGKILL")));
  }
}

async function ask(generator: Started, order: Order): Promise<Report> {
  const over = new AbortController();
  const { signal } = over;
  const answered = once(generator.child, "message", { signal }) as Promise<[Report]>;
  const died = once(generator.child, "exit", { signal }).then(() => {
    throw new Error(`the load generator has ended:\n${generator.tail()}`);
  });
  for (const either of [answered, died]) either.catch(() => {});
  generator.child.send(order);
  try {
    const [report] = await Promise.race([answered, died]);
    if (report.said === "failed") throw new Error(`the load generator failed: ${report.problem}`);
    return report;
  } finally {
    over.abort();
  }
}
