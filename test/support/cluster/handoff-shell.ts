import type { MoveInEvent } from "../../../gateway/cluster/move-in.ts";
import { beginMoveOut, type MoveOutEvent } from "../../../gateway/cluster/move-out.ts";
import type { OwnershipEvent, Version } from "../../../gateway/cluster/ownership.ts";
import { type Answer, type Bounds, type Call, ids, type Name, type World } from "./handoff-world.ts";

/** The shell around the machines of a world, as thin as the real one. Changes the world that it is given. */
export class HandoffShell {
  readonly #world: World;
  readonly #bounds: Bounds;

  constructor(world: World, bounds: Bounds) {
    this.#world = world;
    this.#bounds = bounds;
  }

  // ---- the store ----

  serve(name: Name, index: number): void {
    const call = this.#callOf(name, index);
    call.answer = this.#do(name, call);
  }

  fail(name: Name, index: number, kind: "unknown" | "unavailable"): void {
    const call = this.#callOf(name, index);
    this.#world.left.faults -= 1;
    call.answer = { kind };
    if (kind === "unknown") this.#world.floating.push({ from: name, call: { ...call, answer: null } });
  }

  land(index: number): void {
    const [floating] = this.#world.floating.splice(index, 1);
    if (floating) this.#do(floating.from, floating.call);
  }

  #do(name: Name, call: Call): Answer {
    const { head } = this.#world;
    if (call.kind === "readHead") return { kind: "head", head };
    const fits = this.#bounds.rules.fits(head, call.expect);
    if (call.kind === "release") {
      if (!fits || head.owner !== ids[name]) return { kind: "fenced", head };
      this.#world.head = { ...head, owner: null };
      return { kind: "released" };
    }
    if (!fits) return { kind: "fenced", head };
    const tail = head.tail + (this.#bounds.journaled ? 1 : 0);
    this.#world.head = { epoch: head.epoch + 1, tail, owner: ids[name] };
    return { kind: "taken", head: this.#world.head };
  }

  hear(name: Name, index: number, suspects: boolean): void {
    const [call] = this.#world[name].calls.splice(index, 1);
    const answer = call?.answer;
    if (!call || !answer) return;
    if (call.by === "moveIn") this.#hearIn(answer);
    else this.#hearCell(name, answer, suspects);
  }

  #hearCell(name: Name, answer: Answer, suspects: boolean): void {
    const me = ids[name];
    switch (answer.kind) {
      case "unknown":
        this.tellCell(name, { kind: "storeUnknown" });
        return;
      case "unavailable":
        this.tellCell(name, { kind: "storeUnavailable" });
        return;
      case "released":
        this.tellCell(name, { kind: "released" });
        return;
      case "fenced":
        this.tellCell(name, { kind: "fenced", head: answer.head, me });
        return;
      case "taken":
        this.#world[name].position = { epoch: answer.head.epoch, tail: answer.head.tail };
        this.tellCell(name, { kind: "taken", head: answer.head });
        return;
      case "head": {
        const { head } = answer;
        if (suspects) this.#world.left.suspicions -= 1;
        const standing = head.owner === null ? "nobody" : head.owner === me ? "me" : suspects ? "dead" : "live";
        this.tellCell(name, { kind: "headRead", head, me, standing, claim: "yes" });
      }
    }
  }

  #hearIn(answer: Answer): void {
    if (answer.kind === "taken") this.tellIn({ kind: "taken", head: answer.head });
    else if (answer.kind === "fenced") this.tellIn({ kind: "fenced", head: answer.head, me: ids.b });
    else if (answer.kind === "head") this.tellIn({ kind: "headRead", head: answer.head, me: ids.b });
    else if (answer.kind === "unknown") this.tellIn({ kind: "storeUnknown" });
    else this.tellIn({ kind: "storeUnavailable", reason: "" });
  }

  #ask(name: Name, by: Call["by"], kind: Call["kind"], expect: Version): void {
    this.#world[name].calls.push({ by, kind, expect: { epoch: expect.epoch, tail: expect.tail }, answer: null });
  }

  #callOf(name: Name, index: number): Call {
    const call = this.#world[name].calls[index];
    if (!call) throw new Error("no such call");
    return call;
  }

  // ---- the room at one server ----

  claim(name: Name): void {
    this.#world[name].cell = { kind: "reading", attempts: 0 };
    this.#ask(name, "cell", "readHead", this.#world[name].position);
  }

  retry(name: Name): void {
    this.#world[name].retryDue = false;
    this.tellCell(name, { kind: "retryDue" });
  }

  release(name: Name): void {
    this.#world.left.releases -= 1;
    this.tellCell(name, { kind: "releaseRequested" });
  }

  cutOff(name: Name): void {
    this.#world.left.silences -= 1;
    this.tellCell(name, { kind: "renewalStale" });
  }

  /** A turn, shown at once where the gateway takes it. In a journaled room it is in the store before. */
  turn(name: Name): void {
    const { head, gateway, left } = this.#world;
    const server = this.#world[name];
    if (server.cell?.kind !== "running") return;
    const { epoch } = server.cell;
    left.turns -= 1;
    if (this.#bounds.journaled) {
      if (head.epoch !== server.position.epoch || head.tail !== server.position.tail) {
        this.tellCell(name, { kind: "fenced", head, me: ids[name] });
        return;
      }
      this.#world.head = { ...head, tail: head.tail + 1 };
      server.position = { ...server.position, tail: head.tail + 1 };
      this.#world.stored += 1;
    }
    server.turns += 1;
    if (epoch < gateway.epoch) return;
    gateway.epoch = epoch;
    gateway.shown = server.turns;
  }

  tellCell(name: Name, event: OwnershipEvent): void {
    const server = this.#world[name];
    if (!server.cell) return;
    const next = this.#bounds.rules.ownership(server.cell, event);
    server.cell = next.state;
    for (const effect of next.effects) {
      switch (effect.kind) {
        case "readHead":
          this.#ask(name, "cell", "readHead", server.position);
          break;
        case "takeOver":
          this.#ask(name, "cell", "takeOver", effect.expect ?? { epoch: 0, tail: 0 });
          break;
        case "takeOverAgain":
          this.#ask(name, "cell", "takeOver", server.position);
          break;
        case "restore":
          server.position = effect.at;
          server.turns = this.#world.stored;
          this.tellCell(name, { kind: "restored", mayBeLost: false });
          break;
        case "run":
          server.position = { ...server.position, epoch: effect.epoch };
          break;
        case "release":
          // A snapshot is conditional on the epoch alone.
          if (this.#world.head.epoch === server.position.epoch) this.#world.stored = server.turns;
          this.#ask(name, "cell", "release", server.position);
          break;
        case "retryLater":
          server.retryDue = true;
          break;
        case "halt":
          if (name === "a" && event.kind !== "freezeRequested") this.tellOut({ kind: "roomStopped" });
          break;
        case "leave":
          server.cell = null;
          server.retryDue = false;
          break;
        case "closeMembers":
      }
    }
  }

  // ---- the move ----

  beginMove(): void {
    this.#world.left.moves -= 1;
    this.#applyOut(beginMoveOut);
  }

  tellOut(event: MoveOutEvent): void {
    if (this.#world.moveOut) this.#applyOut(this.#bounds.rules.moveOut(this.#world.moveOut, event));
  }

  #applyOut(next: typeof beginMoveOut): void {
    const world = this.#world;
    world.moveOut = next.state;
    for (const effect of next.effects) {
      switch (effect.kind) {
        case "sendPrepare":
          world.toB.push({ t: "prepare" });
          break;
        case "freezeAndShip":
          this.tellCell("a", { kind: "freezeRequested" });
          if (world.a.cell?.kind === "frozen") world.toB.push({ t: "body", turns: world.a.turns });
          else this.tellOut({ kind: "roomStopped" });
          break;
        case "sendCommit":
          world.toB.push({ t: "commit", expect: world.a.position });
          break;
        case "sendAbort":
          world.toB.push({ t: "abort" });
          break;
        case "handOver":
          this.tellCell("a", { kind: "handedOver", owner: ids.b, epoch: effect.epoch });
          break;
        case "callOff":
          this.tellCell("a", { kind: "moveCalledOff" });
          break;
        case "fail":
        case "succeed":
          world.moveOut = null;
          break;
        case "dial":
        case "precopy":
        case "armTimer":
        case "disarmTimer":
      }
    }
  }

  breakLink(): void {
    const world = this.#world;
    world.left.faults -= 1;
    world.toA = [];
    world.toB = [];
    this.tellOut({ kind: "linkDown", reason: "" });
    world.toB = [];
    this.tellIn({ kind: "linkDown" });
    world.toA = [];
  }

  deliverToA(): void {
    const message = this.#world.toA.shift();
    switch (message?.t) {
      case "prepared":
        this.tellOut({ kind: "prepared", precopy: false });
        return;
      case "refused":
        this.tellOut({ kind: "refused", reason: "" });
        return;
      case "got":
        this.tellOut({ kind: "shipped" });
        return;
      case "taken":
        this.tellOut({ kind: "taken", epoch: message.epoch });
        return;
      case "failed":
        this.tellOut({ kind: "failed", reason: "" });
        return;
      default:
    }
  }

  deliverToB(): void {
    const world = this.#world;
    const message = world.toB.shift();
    switch (message?.t) {
      case "prepare": {
        const isReading = world.b.cell?.kind === "reading";
        const mayCome = world.moveIn === null && (world.b.cell === null || isReading);
        if (mayCome) {
          world.moveIn = { kind: "receiving" };
          world.received = -1;
          // Its look-up may still be answered: nobody hears of it.
          if (isReading && this.#bounds.rules.cedes) {
            world.b.cell = null;
            world.b.calls = world.b.calls.filter((call) => call.by === "moveIn");
          }
        }
        world.toA.push({ t: mayCome ? "prepared" : "refused" });
        return;
      }
      case "body":
        if (world.moveIn?.kind !== "receiving") return;
        world.received = message.turns;
        world.toA.push({ t: "got" });
        return;
      case "commit":
        this.tellIn({ kind: "commitAsked", expect: message.expect });
        return;
      case "abort":
        this.tellIn({ kind: "aborted" });
        return;
      default:
    }
  }

  tellIn(event: MoveInEvent): void {
    const world = this.#world;
    if (!world.moveIn) return;
    const next = this.#bounds.rules.moveIn(world.moveIn, event);
    world.moveIn = next.state;
    for (const effect of next.effects) {
      switch (effect.kind) {
        case "restore":
          this.tellIn(world.received >= 0 ? { kind: "restored" } : { kind: "restoreFailed", reason: "" });
          break;
        case "takeOver":
          this.#ask("b", "moveIn", "takeOver", effect.expect);
          break;
        case "readHead":
          this.#ask("b", "moveIn", "readHead", { epoch: 0, tail: 0 });
          break;
        case "retryLater":
          world.moveInRetryDue = true;
          break;
        case "run":
          // As the server adopts it: in the place of whatever was looking the room up.
          world.b.cell = { kind: "running", epoch: effect.head.epoch };
          world.b.position = { epoch: effect.head.epoch, tail: effect.head.tail };
          world.b.turns = world.received;
          world.toA.push({ t: "taken", epoch: effect.head.epoch });
          this.#endIn();
          break;
        case "discard":
          world.toA.push({ t: "failed" });
          this.#endIn();
          break;
      }
    }
  }

  retryIn(): void {
    this.#world.moveInRetryDue = false;
    this.tellIn({ kind: "retryDue" });
  }

  #endIn(): void {
    this.#world.moveIn = null;
    this.#world.moveInRetryDue = false;
    this.#world.received = -1;
  }
}
