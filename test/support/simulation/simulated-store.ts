import { createMemoryBacking } from "../../../gateway/store/memory/backing.ts";
import { createMemoryStore } from "../../../gateway/store/memory/memory-store.ts";
import type { MemberRecord, MemberStore, Store, Unavailable, Unknown } from "../../../gateway/store/port.ts";
import type { VirtualRuntime } from "../virtual-runtime.ts";
import type { Chance } from "./chance.ts";
import type { DurableTruth } from "./durable-truth.ts";
import type { StoreTrouble } from "./plan.ts";

/** How a process at the store is named: a restarted one is another. */
export interface StoreUser {
  readonly host: string;
  readonly process: string;
  readonly isDead: boolean;
}

/** What becomes of one request. */
type Fate =
  | { readonly kind: "answered" }
  /** Happens, and nobody is told. */
  | { readonly kind: "done, not told" }
  /** Does not happen, and nobody is told. */
  | { readonly kind: "lost" }
  /** Happens long after `unknown` was answered. */
  | { readonly kind: "late"; readonly byMs: number }
  | { readonly kind: "unavailable" }
  /** Answered long after everybody has stopped waiting, or never; done at some time, or never. */
  | { readonly kind: "hung"; readonly doneInMs: number | undefined; readonly answeredInMs: number | undefined };

const unknown: Unknown = { kind: "unknown", reason: "no answer in time" };
const unavailable: Unavailable = { kind: "unavailable", reason: "the store cannot be reached" };
const full: Unavailable = { kind: "unavailable", reason: "no space left on the device" };

/**
 * The memory store behind a network and with the moods of a real one: a request takes effect at one moment, whole, and is answered at
 * a later one, or answered without certainty, or takes effect long after everybody has stopped waiting. What a process has
 * asked for and what had not taken effect when it was killed may be lost.
 */
export class SimulatedStore {
  readonly #world: VirtualRuntime;
  readonly #chance: Chance;
  readonly #truth: DurableTruth;
  readonly #engine = createMemoryStore(createMemoryBacking());
  readonly #members = new Map<string, MemberRecord>();
  /** How many troubles of a kind there are now, by `host kind`; host `all` is everybody's. */
  readonly #troubles = new Map<string, number>();

  constructor(world: VirtualRuntime, chance: Chance, truth: DurableTruth) {
    this.#world = world;
    this.#chance = chance;
    this.#truth = truth;
  }

  /** As it is, without its moods. */
  get engine(): Store {
    return this.#engine;
  }

  begin(host: string, trouble: StoreTrouble): void {
    const key = `${host} ${trouble}`;
    this.#troubles.set(key, (this.#troubles.get(key) ?? 0) + 1);
  }

  end(host: string, trouble: StoreTrouble): void {
    const key = `${host} ${trouble}`;
    this.#troubles.set(key, Math.max(0, (this.#troubles.get(key) ?? 0) - 1));
  }

  endAll(): void {
    this.#troubles.clear();
  }

  /** The store as one process has it. */
  storeOf(user: StoreUser): Store {
    const truth = this.#truth;
    const engine = this.#engine;
    const { process } = user;
    return {
      durability: "disk",
      members: this.#membersOf(user),
      readHead: (room) => this.#read(user, () => engine.readHead(room)),
      listHeads: (filter) => this.#read(user, () => engine.listHeads(filter)),
      loadSnapshot: (room) => this.#read(user, () => engine.loadSnapshot(room)),
      readJournal: (room, after, limit) => this.#read(user, () => engine.readJournal(room, after, limit)),
      takeover: (requests) =>
        Promise.all(
          requests.map((request) =>
            this.#change(user, false, async () => {
              const [answer = unknown] = await engine.takeover([request]);
              truth.takeover(process, request, answer);
              return answer;
            }),
          ),
        ),
      append: (requests) =>
        Promise.all(
          requests.map((request) =>
            this.#change(user, true, async () => {
              const [answer = unknown] = await engine.append([request]);
              truth.append(process, request, answer);
              return answer;
            }),
          ),
        ),
      release: (room, expect, owner) =>
        this.#change(user, false, async () => {
          const answer = await engine.release(room, expect, owner);
          if (answer.kind === "released") truth.released(process, room);
          return answer;
        }),
      saveSnapshot: (room, epoch, snapshot) =>
        this.#change(user, true, async () => {
          const answer = await engine.saveSnapshot(room, epoch, snapshot);
          if (answer.kind !== "stored") return answer;
          const kept = await engine.loadSnapshot(room);
          if (kept.kind === "snapshot") truth.snapshotKept(process, room, kept.snapshot);
          return answer;
        }),
      trimJournal: (room, epoch, upTo) =>
        this.#change(user, false, async () => {
          const answer = await engine.trimJournal(room, epoch, upTo);
          if (answer.kind === "trimmed") truth.trimmed(process, room, upTo);
          return answer;
        }),
      close: async () => {},
    };
  }

  #membersOf(user: StoreUser): MemberStore {
    const members = this.#members;
    return {
      put: (member) =>
        this.#read(user, async () => {
          members.set(member.id, Object.freeze({ ...member }));
          return { kind: "stored" } as const;
        }),
      list: () => this.#read(user, async () => ({ kind: "members", members: [...members.values()] }) as const),
      remove: (id, instance) =>
        this.#read(user, async () => {
          if (members.get(id)?.instance === instance) members.delete(id);
          return { kind: "removed" } as const;
        }),
    };
  }

  /** What changes nothing that matters: answered, or not to be had. */
  #read<T>(user: StoreUser, work: () => Promise<T>): Promise<T | Unavailable> {
    return new Promise((resolve) => {
      if (this.#has(user, "hung")) {
        this.#leaveHanging(user, this.#hang(), work, resolve);
        return;
      }
      if (this.#has(user, "away")) {
        this.#world.after(this.#chance.between(1, 400), () => resolve(unavailable));
        return;
      }
      this.#world.after(this.#travelMs(user), () => {
        void work().then((answer) => this.#world.after(this.#travelMs(user), () => resolve(answer)));
      });
    });
  }

  #change<T>(user: StoreUser, takesSpace: boolean, work: () => Promise<T>): Promise<T | Unknown | Unavailable> {
    return new Promise((resolve) => {
      if (takesSpace && this.#has(user, "full")) {
        this.#world.after(this.#travelMs(user), () => resolve(full));
        return;
      }
      this.#carryOut(user, this.#fate(user), work, resolve);
    });
  }

  #carryOut<T>(
    user: StoreUser,
    fate: Fate,
    work: () => Promise<T>,
    resolve: (answer: T | Unknown | Unavailable) => void,
  ): void {
    const answerLater = (answer: T | Unknown | Unavailable) => {
      this.#world.after(this.#travelMs(user), () => resolve(answer));
    };
    const apply = this.#applying(user, work);
    switch (fate.kind) {
      case "answered":
        apply(this.#travelMs(user), answerLater);
        return;
      case "done, not told":
        apply(this.#travelMs(user), () => answerLater(unknown));
        return;
      case "lost":
        answerLater(unknown);
        return;
      case "late":
        apply(fate.byMs, () => {});
        answerLater(unknown);
        return;
      case "unavailable":
        answerLater(unavailable);
        return;
      case "hung":
        this.#leaveHanging(user, fate, work, resolve);
        return;
    }
  }

  #leaveHanging<T>(
    user: StoreUser,
    { doneInMs, answeredInMs }: Extract<Fate, { kind: "hung" }>,
    work: () => Promise<T>,
    resolve: (answer: T) => void,
  ): void {
    if (doneInMs === undefined) return;
    this.#applying(user, work)(doneInMs, (answer) => {
      if (answeredInMs !== undefined) this.#world.after(answeredInMs, () => resolve(answer));
    });
  }

  #applying<T>(user: StoreUser, work: () => Promise<T>): (delayMs: number, then: (answer: T) => void) => void {
    // What has not taken effect when its process is killed is lost, or is under way already: nobody can tell.
    const isLostWithProcess = this.#chance.happens(0.5);
    return (delayMs, then) => {
      this.#world.after(delayMs, () => {
        if (user.isDead && isLostWithProcess) return;
        void work().then(then);
      });
    };
  }

  #hang(): Extract<Fate, { kind: "hung" }> {
    const chance = this.#chance;
    return {
      kind: "hung",
      doneInMs: chance.happens(0.7) ? chance.delayMs(20, 6_000, 3) : undefined,
      answeredInMs: chance.happens(0.6) ? chance.delayMs(1_000, 8_000, 2) : undefined,
    };
  }

  #fate(user: StoreUser): Fate {
    if (this.#has(user, "hung")) return this.#hang();
    const isAway = this.#has(user, "away");
    if (!isAway && !this.#has(user, "uncertain")) return { kind: "answered" };
    const chance = this.#chance;
    if (!isAway && chance.happens(0.4)) return { kind: "answered" };
    switch (chance.below(isAway ? 3 : 4)) {
      case 0:
        return { kind: "unavailable" };
      case 1:
        return { kind: "lost" };
      case 2:
        return { kind: "late", byMs: chance.delayMs(60, 1_500, 3) };
      default:
        return { kind: "done, not told" };
    }
  }

  #travelMs(user: StoreUser): number {
    return this.#has(user, "slow") ? 5 + this.#chance.delayMs(40, 400, 8) : 0.05 + this.#chance.delayMs(1, 12, 30);
  }

  #has(user: StoreUser, trouble: StoreTrouble): boolean {
    if (this.#troubles.size === 0) return false;
    const own = this.#troubles.get(`${user.host} ${trouble}`) ?? 0;
    return own > 0 || (this.#troubles.get(`all ${trouble}`) ?? 0) > 0;
  }
}
