import { Chance } from "./chance.ts";
import { doerRooms, earRooms } from "./doer-room.ts";

/** How large a run is. Names are fixed, so that a plan that was made shorter means the same. */
export interface Scene {
  readonly servers: number;
  readonly gateways: number;
  /** Places of clients: one after the other may sit in each. */
  readonly seats: readonly { readonly gateway: number; readonly room: string }[];
  /** How many of the servers are there from the start. */
  readonly serversAtFirst: number;
}

/** `hung`: calls have no answer while it lasts, or ever; what they ask for may be done at once, much later, or never. */
export type StoreTrouble = "slow" | "uncertain" | "away" | "full" | "hung";

/** One thing that happens to the cluster or is done with it. Faults that last end by themselves after `forMs`. */
export type Action = { readonly atMs: number } & (
  | { readonly kind: "say"; readonly seat: number; readonly count: number; readonly bytes: number }
  | { readonly kind: "join"; readonly seat: number }
  | { readonly kind: "leave"; readonly seat: number }
  | { readonly kind: "move"; readonly room: string; readonly to: number }
  | { readonly kind: "drain"; readonly server: number; readonly backAfterMs: number }
  | { readonly kind: "stopServer"; readonly server: number; readonly backAfterMs: number }
  | { readonly kind: "kill"; readonly server: number; readonly backAfterMs: number; readonly sameId: boolean }
  | { readonly kind: "start"; readonly server: number }
  | { readonly kind: "killGateway"; readonly gateway: number; readonly backAfterMs: number; readonly sameId: boolean }
  | { readonly kind: "pause"; readonly host: string; readonly forMs: number }
  | { readonly kind: "jump"; readonly host: string; readonly byMs: number }
  | {
      readonly kind: "cut";
      readonly one: string;
      readonly other: string;
      readonly isOneWay: boolean;
      readonly forMs: number;
    }
  | { readonly kind: "reset"; readonly one: string; readonly other: string }
  | { readonly kind: "store"; readonly host: string; readonly trouble: StoreTrouble; readonly forMs: number }
);

export interface Plan {
  readonly seed: number;
  readonly scene: Scene;
  readonly actions: readonly Action[];
  /** At the end everything is killed at once, and recovered from what is stored. */
  readonly endsCold: boolean;
}

export const calmMs = 600;
const troubleMs = 5_000;
const rooms = ["ledger/a", "tally/x", "pulse/p", "ledger/b", "tally/y"] as const;

/** What a run of this seed consists of. Each run has only some of the kinds of trouble, so that also rare pairs meet often. */
export function drawPlan(seed: number): Plan {
  const chance = new Chance(seed);
  const scene = drawScene(chance);
  const kinds = weights.filter(() => chance.happens(0.45));
  const actions: Action[] = [];
  for (const [seat] of scene.seats.entries()) {
    const isThere = chance.happens(0.85);
    if (isThere) actions.push({ kind: "join", seat, atMs: chance.between(300, calmMs) });
    addTalk(actions, chance, seat);
  }
  const troubles = chance.between(1, 10);
  for (let index = 0; index < troubles && kinds.length > 0; index += 1) {
    const atMs = chance.between(calmMs, calmMs + troubleMs);
    actions.push(...chance.pick(kinds)(chance, scene, atMs));
    // Troubles that follow closely meet in the middle of what the first one has started.
    if (chance.happens(0.4)) actions.push(...chance.pick(kinds)(chance, scene, atMs + chance.below(300)));
  }
  const endsCold = chance.happens(0.25);
  // Kinds that came later have chance of their own, so that seeds go on meaning what they meant.
  actions.push(...drawHangs(new Chance(seed ^ hangsSeed), scene));
  const stretched = stretchJumps(actions, new Chance(seed ^ stretchSalt));
  const doings = drawDoings(new Chance(seed ^ doingsSalt), scene);
  return {
    seed,
    scene: { ...scene, seats: [...scene.seats, ...doings.seats] },
    endsCold,
    actions: [...stretched, ...doings.actions].sort((one, other) => one.atMs - other.atMs),
  };
}

/** Of several that would do, one that leaves the plans of remembered seeds as they were when those found something. */
const stretchSalt = 0x1ec5;

/** LIVE-15: some clocks of gateways jump by a minute, too. Drawn apart, so that all else of a seed is as it was before they did. */
function stretchJumps(actions: readonly Action[], chance: Chance): Action[] {
  return actions.map((action) => {
    const isGateways = action.kind === "jump" && action.host.startsWith("g");
    return isGateways && chance.happens(0.5) ? { ...action, byMs: 60_000 } : action;
  });
}

/** One that leaves the remembered seeds from before there were doers without them. */
const doingsSalt = 0x568;
const doingRooms = [...doerRooms, "drip/a", ...earRooms] as const;

/** Half of the runs have rooms that do things by themselves. Few have members, and those leave soon; some of the rooms have never had any. */
function drawDoings(chance: Chance, scene: Scene): { readonly seats: Scene["seats"]; readonly actions: Action[] } {
  if (chance.happens(0.5)) return { seats: [], actions: [] };
  const actions: Action[] = [];
  const seats = Array.from({ length: chance.between(1, 3) }, () => ({
    gateway: chance.below(scene.gateways),
    room: chance.pick(["doer/a", "doer/a", "doer/b", "drip/a"]),
  }));
  for (const index of seats.keys()) {
    const seat = scene.seats.length + index;
    actions.push({ kind: "join", seat, atMs: chance.between(300, calmMs) });
    const bursts = chance.between(2, 6);
    for (let burst = 0; burst < bursts; burst += 1) {
      const atMs = chance.between(calmMs, calmMs + troubleMs);
      actions.push({ kind: "say", seat, count: chance.between(1, 3), bytes: chance.below(30), atMs });
    }
    if (chance.happens(0.6)) actions.push({ kind: "leave", seat, atMs: chance.between(2_000, calmMs + troubleMs) });
  }
  const troubles = chance.below(5);
  for (let index = 0; index < troubles; index += 1) actions.push(...drawDoingTrouble(chance, scene));
  return { seats, actions };
}

function drawDoingTrouble(chance: Chance, scene: Scene): readonly Action[] {
  const atMs = chance.between(calmMs, calmMs + troubleMs);
  const host = serverHost(chance, scene);
  if (chance.happens(0.15)) return [{ kind: "pause", host, forMs: chance.between(1_000, 3_000), atMs }];
  if (chance.happens(0.15)) return [{ kind: "store", host, trouble: "hung", forMs: chance.between(100, 3_000), atMs }];
  const move: Action = { kind: "move", room: chance.pick(doingRooms), to: chance.below(scene.servers), atMs };
  if (chance.happens(0.5)) return [move];
  const server = chance.below(scene.servers);
  const kill = { server, backAfterMs: chance.between(50, 1_500), sameId: chance.happens(0.3) };
  return [move, { kind: "kill", ...kill, atMs: atMs + chance.below(400) }];
}

const hangsSeed = 0x68756e67;

function drawHangs(chance: Chance, scene: Scene): readonly Action[] {
  const count = chance.happens(0.3) ? chance.between(1, 3) : 0;
  return Array.from({ length: count }, (): Action => {
    const host = chance.happens(0.3) ? "all" : anyHost(chance, scene);
    const forMs = chance.between(100, 3_000);
    return { kind: "store", host, trouble: "hung", forMs, atMs: chance.between(calmMs, calmMs + troubleMs) };
  });
}

function drawScene(chance: Chance): Scene {
  const servers = chance.between(2, 4);
  const gateways = chance.between(1, 2);
  const used = rooms.slice(0, chance.between(1, rooms.length));
  const seats = Array.from({ length: chance.between(3, 8) }, () => ({
    gateway: chance.below(gateways),
    room: chance.pick(used),
  }));
  return { servers, gateways, seats, serversAtFirst: chance.happens(0.8) ? servers : servers - 1 };
}

function addTalk(actions: Action[], chance: Chance, seat: number): void {
  const bursts = chance.between(2, 9);
  for (let burst = 0; burst < bursts; burst += 1) {
    const bytes = chance.below(20) === 0 ? 3_000 : chance.below(30);
    actions.push({
      kind: "say",
      seat,
      atMs: chance.between(calmMs, calmMs + troubleMs),
      count: chance.below(6) === 0 ? chance.between(5, 25) : chance.between(1, 3),
      bytes,
    });
  }
}

const serverHost = (chance: Chance, scene: Scene): string => `s${chance.below(scene.servers)}`;
const anyHost = (chance: Chance, scene: Scene): string =>
  chance.happens(0.7) ? serverHost(chance, scene) : `g${chance.below(scene.gateways)}`;

function pair(chance: Chance, scene: Scene): { one: string; other: string } {
  const one = serverHost(chance, scene);
  const other = anyHost(chance, scene);
  return one === other ? { one, other: "g0" } : { one, other };
}

type Draw = (chance: Chance, scene: Scene, atMs: number) => readonly Action[];

function single(draw: (chance: Chance, scene: Scene, atMs: number) => Action): Draw {
  return (chance, scene, atMs) => [draw(chance, scene, atMs)];
}

/** Everybody talks while a server dies: messages, turns, records and broadcasts are all under way at that moment. */
const dieUnderLoad: Draw = (chance, scene, atMs) => {
  const talk = scene.seats.flatMap((_seat, seat) =>
    Array.from({ length: chance.between(2, 6) }, (): Action => {
      return { kind: "say", seat, count: chance.between(1, 4), bytes: chance.below(30), atMs: atMs + chance.below(30) };
    }),
  );
  const server = chance.below(scene.servers);
  const backAfterMs = chance.between(50, 2_000);
  return [...talk, { kind: "kill", server, backAfterMs, sameId: chance.happens(0.3), atMs: atMs + chance.below(30) }];
};

/** The same while a room moves, and its source or its target dies under it. */
const dieInMove: Draw = (chance, scene, atMs) => {
  const { room } = chance.pick(scene.seats);
  const to = chance.below(scene.servers);
  return [{ kind: "move", room, to, atMs: atMs + chance.below(20) }, ...dieUnderLoad(chance, scene, atMs)];
};

/** A kind that stands here twice is twice as likely. */
const weights: readonly Draw[] = [
  dieUnderLoad,
  dieInMove,
  single((chance, scene, atMs) => {
    const { room } = chance.pick(scene.seats);
    return { kind: "move", room, to: chance.below(scene.servers), atMs };
  }),
  single((chance, scene, atMs) => {
    const { room } = chance.pick(scene.seats);
    return { kind: "move", room, to: chance.below(scene.servers), atMs };
  }),
  single((chance, scene, atMs) => ({
    kind: "kill",
    server: chance.below(scene.servers),
    backAfterMs: chance.between(50, 2_000),
    sameId: chance.happens(0.3),
    atMs,
  })),
  single((chance, scene, atMs) => ({
    kind: "drain",
    server: chance.below(scene.servers),
    backAfterMs: chance.between(50, 1_500),
    atMs,
  })),
  single((chance, scene, atMs) => ({
    kind: "stopServer",
    server: chance.below(scene.servers),
    backAfterMs: chance.between(50, 1_500),
    atMs,
  })),
  single((chance, scene, atMs) => ({ kind: "start", server: chance.below(scene.servers), atMs })),
  single((chance, scene, atMs) => ({ kind: "join", seat: chance.below(scene.seats.length), atMs })),
  single((chance, scene, atMs) => ({ kind: "leave", seat: chance.below(scene.seats.length), atMs })),
  single((chance, scene, atMs) => ({
    kind: "killGateway",
    gateway: chance.below(scene.gateways),
    backAfterMs: chance.between(50, 1_500),
    sameId: chance.happens(0.5),
    atMs,
  })),
  single((chance, scene, atMs) => ({
    kind: "pause",
    host: anyHost(chance, scene),
    forMs: chance.pick([30, 200, 700, 1_000, 1_600, 3_000]),
    atMs,
  })),
  single((chance, scene, atMs) => ({
    kind: "pause",
    host: serverHost(chance, scene),
    forMs: chance.between(1_000, 3_000),
    atMs,
  })),
  single((chance, scene, atMs) => ({
    kind: "jump",
    host: serverHost(chance, scene),
    byMs: chance.pick([300, 1_000, 2_500, 60_000]),
    atMs,
  })),
  single((chance, scene, atMs) => ({
    kind: "jump",
    host: `g${chance.below(scene.gateways)}`,
    byMs: chance.pick([300, 1_000, 2_500]),
    atMs,
  })),
  single((chance, scene, atMs) => ({
    kind: "cut",
    ...pair(chance, scene),
    isOneWay: chance.happens(0.4),
    forMs: chance.between(50, 3_000),
    atMs,
  })),
  single((chance, scene, atMs) => ({ kind: "reset", ...pair(chance, scene), atMs })),
  single((chance, scene, atMs) => ({
    kind: "store",
    host: serverHost(chance, scene),
    trouble: chance.pick<StoreTrouble>(["slow", "uncertain", "away", "full"]),
    forMs: chance.between(100, 2_500),
    atMs,
  })),
  single((chance, scene, atMs) => ({
    kind: "store",
    host: chance.happens(0.5) ? "all" : anyHost(chance, scene),
    trouble: "uncertain",
    forMs: chance.between(500, 3_000),
    atMs,
  })),
];
