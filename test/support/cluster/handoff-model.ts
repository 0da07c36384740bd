import { HandoffShell } from "./handoff-shell.ts";
import type { Bounds, World } from "./handoff-world.ts";

export interface Successor {
  readonly name: string;
  readonly world: World;
}

/** Every world that can come next, each with what has happened. */
export function successors(world: World, bounds: Bounds): Successor[] {
  const found: Successor[] = [];
  const add = (name: string, change: (next: HandoffShell) => void): void => {
    const next = JSON.parse(JSON.stringify(world)) as World;
    change(new HandoffShell(next, bounds));
    found.push({ name, world: next });
  };
  for (const name of ["a", "b"] as const) {
    const server = world[name];
    server.calls.forEach((call, index) => {
      if (call.answer !== null) {
        add(`${name} hears ${call.answer.kind} to ${call.kind}`, (next) => next.hear(name, index, false));
        const suspects = call.kind === "readHead" && world.left.suspicions > 0;
        if (suspects) add(`${name} takes the owner for dead`, (next) => next.hear(name, index, true));
        return;
      }
      add(`store does ${call.kind} of ${name}`, (next) => next.serve(name, index));
      if (world.left.faults === 0) return;
      add(`store is unavailable to ${call.kind} of ${name}`, (next) => next.fail(name, index, "unavailable"));
      if (call.kind !== "readHead") {
        add(`store answers unknown to ${call.kind} of ${name}`, (next) => next.fail(name, index, "unknown"));
      }
    });
    if (server.retryDue) add(`${name} tries again`, (next) => next.retry(name));
    const kind = server.cell?.kind;
    if (kind === "running" && world.left.turns > 0) add(`${name} runs a turn`, (next) => next.turn(name));
    if (kind === "running" && world.left.releases > 0) add(`${name} lets the room go`, (next) => next.release(name));
    if (kind === "running" && world.left.silences > 0) add(`${name} is cut off`, (next) => next.cutOff(name));
    if (kind === "suspended") {
      add(`${name} is back`, (next) => next.tellCell(name, { kind: "renewalFresh" }));
    }
    const hasNone = server.cell === null && !(name === "b" && world.moveIn !== null);
    if (hasNone) add(`a gateway asks ${name}`, (next) => next.claim(name));
  }
  world.floating.forEach((floating, index) => {
    add(`an unknown ${floating.call.kind} of ${floating.from} lands`, (next) => next.land(index));
  });
  if (world.moveOut === null && world.a.cell?.kind === "running" && world.left.moves > 0) {
    add("a move begins", (next) => next.beginMove());
  }
  if (world.moveOut?.kind === "connecting") add("link up", (next) => next.tellOut({ kind: "linkUp" }));
  if (world.moveOut !== null) {
    add("the move runs out of time", (next) => next.tellOut({ kind: "timedOut" }));
    if (world.left.faults > 0) add("link breaks", (next) => next.breakLink());
  }
  if (world.moveIn?.kind === "receiving") add("the source is silent", (next) => next.tellIn({ kind: "timedOut" }));
  if (world.moveInRetryDue) add("b looks its takeover up", (next) => next.retryIn());
  if (world.toA.length > 0) add(`a gets ${world.toA[0]?.t}`, (next) => next.deliverToA());
  if (world.toB.length > 0) add(`b gets ${world.toB[0]?.t}`, (next) => next.deliverToB());
  return found;
}
