import { expect, test, vi } from "vitest";
import { stepMoveIn } from "../../../gateway/cluster/move-in.ts";
import { step } from "../../../gateway/cluster/ownership.ts";
import { type Explored, explore } from "../../support/cluster/explore.ts";
import { successors } from "../../support/cluster/handoff-model.ts";
import { type Bounds, firstWorld, type Rules, realRules, type World } from "../../support/cluster/handoff-world.ts";

// Some explorations take seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const planned: Bounds = {
  rules: realRules,
  journaled: false,
  faults: 1,
  moves: 1,
  turns: 2,
  suspicions: 0,
  releases: 0,
  silences: 0,
};

function runs(world: World): { epoch: number; turns: number }[] {
  return [world.a, world.b].flatMap(({ cell, turns }) =>
    cell?.kind === "running" ? [{ epoch: cell.epoch, turns }] : [],
  );
}

/** Where nobody is suspected wrongly a room runs once, and what was shown is never taken back. */
function brokenInPeace(world: World): string | undefined {
  const running = runs(world);
  if (running.length > 1) return "two servers run the room";
  const [only] = running;
  if (only && only.epoch >= world.gateway.epoch && only.turns < world.gateway.shown)
    return "a turn that was shown is lost";
  return undefined;
}

/** Where a living owner may be taken for dead: the store still names one server per epoch. */
function brokenInSuspicion(world: World): string | undefined {
  const [one, other] = runs(world);
  if (one && other && one.epoch === other.epoch) return "two servers run the room at one epoch";
  return undefined;
}

/** What is in the journal is never forgotten by whoever may append to it. */
function brokenJournal(world: World): string | undefined {
  for (const server of [world.a, world.b]) {
    const isOwner = server.cell?.kind === "running" && server.cell.epoch === world.head.epoch;
    if (isOwner && server.turns < world.stored) return "a record that was acknowledged is lost";
  }
  return undefined;
}

const isServed = (world: World): boolean => runs(world).some(({ epoch }) => epoch === world.head.epoch);

function explored(bounds: Bounds, broken: (world: World) => string | undefined): Explored {
  return explore(firstWorld(bounds), (world) => successors(world, bounds), broken, isServed, 400_000);
}

const sound = { violation: undefined, deadEnd: undefined };

test.each<[name: string, bounds: Partial<Bounds>]>([
  ["an unknown answer and one that is refused, or two of a kind", { faults: 2 }],
  ["a second move", { moves: 2 }],
  ["a room that is let go", { releases: 1, turns: 1 }],
  ["a source that is cut off", { silences: 1 }],
])("MOVE-1: with %s, one server runs the room, no turn is lost, and there is always a way on", (_name, bounds) => {
  expect(explored({ ...planned, ...bounds }, brokenInPeace)).toMatchObject(sound);
});

test("OWN-1: where a living owner is taken for dead, no two servers run the room at one epoch", () => {
  expect(explored({ ...planned, suspicions: 1, turns: 1 }, brokenInSuspicion)).toMatchObject(sound);
  expect(explored({ ...planned, suspicions: 1, silences: 1, turns: 0 }, brokenInSuspicion)).toMatchObject(sound);
});

test("MOVE-1: in a journaled room no owner lacks a record, moved or taken over", () => {
  const bounds = { ...planned, journaled: true, suspicions: 1, turns: 1 };
  expect(explored(bounds, brokenJournal)).toMatchObject(sound);
});

// What follows is wrong on purpose: a model that does not notice would show nothing.

function violationWith(
  rules: Partial<Rules>,
  bounds: Partial<Bounds>,
  broken: typeof brokenInPeace,
): string | undefined {
  return explored({ ...planned, ...bounds, rules: { ...realRules, ...rules } }, broken).violation?.rule;
}

/** A source that goes on by itself when its move is called off. */
const resumesAlone: typeof step = (state, event) =>
  state.kind === "frozen" && event.kind === "moveCalledOff"
    ? { state: { kind: "running", epoch: state.epoch }, effects: [{ kind: "run", epoch: state.epoch }] }
    : step(state, event);

test("MOVE-4: a memory room that goes on without winning its head again is caught", () => {
  expect(violationWith({ ownership: resumesAlone }, {}, brokenInPeace)).toBe("two servers run the room");
});

test("MOVE-1: a target that runs before it has taken is caught", () => {
  const runsEarly: typeof stepMoveIn = (state, event) =>
    state.kind === "restoring" && event.kind === "restored"
      ? {
          state: { kind: "over" },
          effects: [{ kind: "run", head: { epoch: state.expect.epoch + 1, tail: state.expect.tail, owner: null } }],
        }
      : stepMoveIn(state, event);
  expect(violationWith({ moveIn: runsEarly }, {}, brokenInPeace)).toBe("two servers run the room");
});

test("MOVE-1: a commit on the epoch alone is caught where sources go on by themselves, and on the whole position it is none", () => {
  const bounds = { journaled: true };
  const onEpochAlone: Rules["fits"] = (head, expect) => head.epoch === expect.epoch;
  expect(violationWith({ ownership: resumesAlone, fits: onEpochAlone }, bounds, brokenJournal)).toBe(
    "a record that was acknowledged is lost",
  );
  expect(violationWith({ ownership: resumesAlone }, bounds, brokenJournal)).toBeUndefined();
});

test("MOVE-10: a target that takes its own earlier try for somebody else's is caught", () => {
  const forgetsItself: typeof stepMoveIn = (state, event) =>
    stepMoveIn(state, event.kind === "fenced" ? { ...event, head: undefined } : event);
  expect(violationWith({ moveIn: forgetsItself }, {}, brokenInPeace)).toBe("a turn that was shown is lost");
});

test("MOVE-10: a target that gives up while an earlier try may land is caught", () => {
  const forgetsTries: typeof stepMoveIn = (state, event) =>
    stepMoveIn(state.kind === "taking" ? { ...state, attempts: 0 } : state, event);
  expect(violationWith({ moveIn: forgetsTries }, { faults: 2 }, brokenInPeace)).toBe("a turn that was shown is lost");
});

test("MOVE-11: a target that goes on looking a room up while it comes in is caught", () => {
  expect(violationWith({ cedes: false }, {}, brokenInPeace)).toBe("a turn that was shown is lost");
});

test("OWN-6: an ownership that waits for an answer nobody asked for is caught", () => {
  const neverAsks: typeof step = (state, event) => {
    const next = step(state, event);
    return { state: next.state, effects: next.effects.filter((effect) => effect.kind !== "retryLater") };
  };
  const bounds = { ...planned, rules: { ...realRules, ownership: neverAsks } };
  expect(explored(bounds, brokenInPeace).deadEnd).toBeDefined();
});
