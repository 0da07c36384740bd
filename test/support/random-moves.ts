import type { Store, TakeoverAnswer, TakeoverRequest } from "../../gateway/store/port.ts";
import { clusterOf } from "./cluster-of.ts";
import { expectOneLine, LineSpeaker, lineRoom } from "./line-room.ts";
import { storeWith } from "./store-with.ts";
import type { VirtualCluster } from "./virtual-cluster.ts";
import type { VirtualHost } from "./virtual-host.ts";
import { seededRandom } from "./virtual-runtime.ts";

const rooms = ["room/a", "room/b"];
const gateways = ["g1", "g2"];
const stepsMax = 250;
const serversMax = 5;

/**
 * One cluster of memory rooms with everything that must cost them nothing: moves, drains, broken trunks, links and servers that
 * stand still for a while, slow answers and unknown ones of the store. No crashes: those cost memory rooms their state.
 */
export class RandomMoves {
  readonly #draw: () => number;
  readonly #fences: boolean;
  readonly #speakers = new Map<string, LineSpeaker[]>(rooms.map((room) => [room, []]));
  readonly #gone = new Set<LineSpeaker>();
  readonly #draining = new Set<string>();
  #world: VirtualCluster | undefined;
  #serversMade = 3;
  #isCalm = false;
  readonly counts = { moved: 0, notMoved: 0, drained: 0 };

  /** `fences`: `false` for a store that takes every takeover for right, to see that the simulation notices. */
  constructor(seed: number, options: { readonly fences: boolean } = { fences: true }) {
    this.#fences = options.fences;
    this.#draw = seededRandom(seed * 7_919);
  }

  /** Throws what is wrong. */
  async run(seed: number): Promise<void> {
    const world = await clusterOf(lineRoom, {
      seed,
      servers: 3,
      gateways: gateways.length,
      app: { idleMs: 700, snapshotEveryMs: 500 },
      delayMs: () => this.#delayMs(),
      wrapStore: (store, host) => this.#unsteady(store, host),
    });
    this.#world = world;
    for (const room of rooms) for (const gateway of gateways) await this.#join(room, gateway);
    for (let steps = 0; steps < stepsMax; steps += 1) {
      await this.#step();
      await world.advance(this.#below(12));
    }
    this.#isCalm = true;
    for (const one of [...world.servers.keys(), ...gateways]) {
      for (const other of [...world.servers.keys(), ...gateways]) world.network.release(one, other);
    }
    await world.advance(12_000);
    for (const room of rooms) await this.#join(room, "g1");
    await world.advance(1_000);
    for (const speakers of this.#speakers.values()) expectOneLine(speakers, this.#gone);
  }

  async #step(): Promise<void> {
    const world = this.#assertWorld();
    const drawn = this.#draw();
    if (drawn < 0.75) this.#say();
    else if (drawn < 0.84) this.#move();
    else if (drawn < 0.88) world.network.reset(this.#pick(gateways), this.#pick([...world.servers.keys()]));
    else if (drawn < 0.91) this.#hold(this.#pick([...world.servers.keys()]), this.#pick([...world.servers.keys()]));
    else if (drawn < 0.93) this.#hold(this.#pick(gateways), this.#pick([...world.servers.keys()]));
    else if (drawn < 0.95) this.#pause(this.#pick([...world.servers.values()]).host);
    else if (drawn < 0.97) await this.#join(this.#pick(rooms), this.#pick(gateways));
    else if (drawn < 0.99) this.#leave();
    else await this.#drain();
  }

  #say(): void {
    const speakers = (this.#speakers.get(this.#pick(rooms)) ?? []).filter((one) => !this.#gone.has(one));
    if (speakers.length === 0) return;
    const speaker = this.#pick(speakers);
    for (let count = this.#below(3); count >= 0; count -= 1) speaker.say();
  }

  #move(): void {
    const world = this.#assertWorld();
    void world.move(this.#pick(rooms), this.#pick([...world.servers.keys()]))?.then(({ kind }) => {
      if (kind === "moved") this.counts.moved += 1;
      else this.counts.notMoved += 1;
    });
  }

  #hold(one: string, other: string): void {
    const { network, world } = this.#assertWorld();
    if (one === other) return;
    network.hold(one, other);
    world.after(this.#draw() < 0.1 ? 3_500 : this.#below(400), () => network.release(one, other));
  }

  /** Shorter than a lease: nobody takes anything from it. */
  #pause(host: VirtualHost): void {
    const { world } = this.#assertWorld();
    host.stop();
    world.after(this.#below(900), () => host.continue());
  }

  async #join(room: string, gateway: string): Promise<void> {
    const speaker = new LineSpeaker(await this.#assertWorld().client(gateway, room));
    this.#speakers.get(room)?.push(speaker);
  }

  /** It may be the last one: then the room is let go. */
  #leave(): void {
    const speakers = (this.#speakers.get(this.#pick(rooms)) ?? []).filter((one) => !this.#gone.has(one));
    if (speakers.length === 0) return;
    const speaker = this.#pick(speakers);
    speaker.client.leave();
    this.#gone.add(speaker);
  }

  async #drain(): Promise<void> {
    const world = this.#assertWorld();
    if (this.#serversMade >= serversMax) return;
    this.#serversMade += 1;
    await world.addServer(`s${this.#serversMade}`);
    const server = this.#pick([...world.servers.values()].filter(({ id }) => !this.#draining.has(id)));
    this.#draining.add(server.id);
    void server.running.drain().then(() => {
      world.servers.delete(server.id);
      this.counts.drained += 1;
    });
  }

  #delayMs(): number {
    if (this.#isCalm) return 1;
    return this.#draw() < 0.02 ? this.#below(80) : this.#below(6);
  }

  #unsteady(store: Store, host: VirtualHost): Store {
    const late = async <T>(ask: () => Promise<T>): Promise<T> => {
      const waitMs = this.#isCalm ? 0 : this.#draw() < 0.05 ? this.#below(150) : this.#below(4);
      if (this.#draw() < 0.5) {
        await this.#wait(host, waitMs);
        return ask();
      }
      const answer = await ask();
      await this.#wait(host, waitMs);
      return answer;
    };
    return storeWith(store, {
      readHead: (...given) => late(() => store.readHead(...given)),
      loadSnapshot: (...given) => late(() => store.loadSnapshot(...given)),
      saveSnapshot: (...given) => late(() => store.saveSnapshot(...given)),
      release: (...given) => late(() => store.release(...given)),
      takeover: (requests) => late(() => this.#takeover(store, host, requests)),
    });
  }

  /** Sometimes the answer is `unknown`: it has happened, will happen, or will not. */
  async #takeover(
    store: Store,
    host: VirtualHost,
    asked: readonly TakeoverRequest[],
  ): Promise<readonly TakeoverAnswer[]> {
    const requests = this.#fences ? asked : await Promise.all(asked.map((request) => asIfRight(store, request)));
    const drawn = this.#isCalm ? 1 : this.#draw();
    const unknown = requests.map((): TakeoverAnswer => ({ kind: "unknown", reason: "nobody knows" }));
    if (drawn < 0.03) await store.takeover(requests);
    else if (drawn < 0.06) host.after(this.#below(300), () => void store.takeover(requests));
    else if (drawn > 0.09) return store.takeover(requests);
    return unknown;
  }

  #wait(host: VirtualHost, ms: number): Promise<void> {
    return ms === 0 ? Promise.resolve() : new Promise((resolve) => host.after(ms, resolve));
  }

  #below(bound: number): number {
    return Math.floor(this.#draw() * bound);
  }

  #pick<T>(of: readonly T[]): T {
    const picked = of[this.#below(of.length)];
    if (picked === undefined) throw new Error("nothing to pick from");
    return picked;
  }

  #assertWorld(): VirtualCluster {
    if (!this.#world) throw new Error("the cluster is not there yet");
    return this.#world;
  }
}

/** The request as if its sender had just read the head. */
async function asIfRight(store: Store, request: TakeoverRequest): Promise<TakeoverRequest> {
  const answer = await store.readHead(request.room);
  return answer.kind === "head" ? { ...request, expect: answer.head } : request;
}
