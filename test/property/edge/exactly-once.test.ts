import fc from "fast-check";
import { expect, test } from "vitest";
import { type Client, EdgeFixture, roomKey } from "../../support/edge/edge-fixture.ts";
import type { FakeLink } from "../../support/edge/fake-trunks.ts";
import { ModelCluster } from "../../support/edge/model-cluster.ts";

const clientsMax = 10;
const servers = ["s1", "s2", "s3"] as const;

type Action =
  | { readonly do: "enter" }
  | { readonly do: "freeze" }
  | { readonly do: "say"; readonly client: number; readonly count: number }
  | { readonly do: "go"; readonly client: number }
  | { readonly do: "read"; readonly end: number; readonly count: number }
  | { readonly do: "arrive"; readonly end: number; readonly count: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "crash"; readonly server: string }
  | { readonly do: "restart"; readonly server: string }
  | { readonly do: "depose"; readonly server: string }
  | { readonly do: "cut"; readonly server: string; readonly kind: "reset" | "silent" }
  | { readonly do: "thaw"; readonly target: string | undefined }
  | { readonly do: "repeat"; readonly count: number }
  | { readonly do: "late"; readonly end: number; readonly channel: number; readonly below: number };

const server = fc.constantFrom(...servers);
const end = fc.nat(7);
const act = <Name extends Action["do"]>(name: Name) => fc.constant(name);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: act("enter") }) },
  { weight: 12, arbitrary: fc.record({ do: act("say"), client: fc.nat(9), count: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 2, arbitrary: fc.record({ do: act("go"), client: fc.nat(9) }) },
  { weight: 14, arbitrary: fc.record({ do: act("read"), end, count: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 14, arbitrary: fc.record({ do: act("arrive"), end, count: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 6, arbitrary: fc.record({ do: act("wait"), ms: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 2, arbitrary: fc.record({ do: act("crash"), server }) },
  { weight: 3, arbitrary: fc.record({ do: act("restart"), server }) },
  { weight: 2, arbitrary: fc.record({ do: act("depose"), server }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: act("cut"), server, kind: fc.constantFrom("reset" as const, "silent" as const) }),
  },
  { weight: 3, arbitrary: fc.record({ do: act("freeze") }) },
  { weight: 4, arbitrary: fc.record({ do: act("thaw"), target: fc.option(server, { nil: undefined }) }) },
  { weight: 2, arbitrary: fc.record({ do: act("repeat"), count: fc.integer({ min: 1, max: 9 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: act("late"),
      end,
      channel: fc.integer({ min: 1, max: 6 }),
      below: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

class Run {
  readonly edge = new EdgeFixture({ servers: [...servers] });
  readonly cluster = new ModelCluster(this.edge);
  #epochSeen = 0;
  readonly clients: { client: Client; said: string[]; hasGone: boolean }[] = [];

  perform(next: Action): void {
    this.#carryOut(next);
    const epoch = this.edge.rooms.get(roomKey("r"))?.epochSeen ?? this.#epochSeen;
    // GATE-6: a gateway never goes back to an owner that it has seen passed.
    expect(epoch).toBeGreaterThanOrEqual(this.#epochSeen);
    this.#epochSeen = epoch;
  }

  #carryOut(next: Action): void {
    const { cluster, edge, clients } = this;
    if (next.do === "enter") {
      if (clients.length < clientsMax) clients.push({ client: edge.enter(), said: [], hasGone: false });
    } else if (next.do === "say") this.#say(next.client, next.count);
    else if (next.do === "go") this.#go(next.client);
    else if (next.do === "wait") edge.runtime.advance(next.ms);
    else if (next.do === "crash") cluster.crash(next.server);
    else if (next.do === "restart") cluster.restart(next.server);
    else if (next.do === "depose") cluster.depose(next.server);
    else if (next.do === "cut") cluster.cut(next.server, next.kind);
    else if (next.do === "freeze") cluster.freeze();
    else if (next.do === "thaw") cluster.thaw(next.target);
    else if (next.do === "repeat") cluster.repeat(next.count);
    else this.#atEnd(next);
  }

  #atEnd(next: Extract<Action, { end: number }>): void {
    const { ends } = this.cluster;
    const end = ends[next.end % Math.max(1, ends.length)];
    if (end === undefined) return;
    if (next.do === "read") this.cluster.read(end, next.count);
    else if (next.do === "arrive") this.cluster.arrive(end, next.count);
    else this.#sayLate(end.link, next.channel, next.below);
  }

  /** Everything works from here on: all that is under way comes to rest. */
  heal(): void {
    const { cluster, edge } = this;
    for (const name of servers) cluster.restart(name);
    cluster.thaw(undefined);
    const roundsMax = 700;
    for (let round = 0, quiet = 0; round < roundsMax && quiet < 20; round += 1) {
      edge.runtime.advance(20);
      quiet = edge.stats.heldFrames === 0 && edge.stats.rooms === edge.stats.roomsBound ? quiet + 1 : 0;
      for (const one of cluster.ends) {
        cluster.read(one, 10_000);
        cluster.arrive(one, 10_000);
      }
    }
  }

  #go(index: number): void {
    const one = this.clients[index];
    if (one === undefined || one.hasGone) return;
    one.hasGone = true;
    one.client.go(1001);
  }

  #say(index: number, count: number): void {
    const one = this.clients[index];
    if (one === undefined || one.hasGone) return;
    for (let said = 0; said < count; said += 1) {
      const text = `m${one.said.length + 1}`;
      one.said.push(text);
      one.client.say(text);
    }
  }

  /** Frames of an epoch that the gateway has seen passed, on any channel that it has or had. */
  #sayLate(link: FakeLink, channel: number, below: number): void {
    const epoch = this.#epochSeen - below;
    if (epoch < 1) return;
    const numbers = this.clients.map(({ client }) => client.number);
    const payload = Buffer.from("from a zombie");
    const head = {
      channel,
      epoch,
      delivery: "reliable",
      latestKey: 0,
      rseq: 1_000_000,
      isText: true,
      payload,
    } as const;
    link.deliver(
      { t: "broadcast", except: 0, ...head },
      ...numbers.map((session) => ({ t: "down", session, ...head }) as const),
      { t: "ack", channel, epoch, pairs: numbers.flatMap((session) => [session, 0xffff]) },
      { t: "flow", channel, epoch, windowBytes: 0 },
      { t: "close", channel, epoch, session: 0, code: 1000, rseq: 0, reason: "from a zombie" },
    );
  }
}

test("GATE-1, GATE-2, GATE-6, GATE-7: whatever happens to the room's owners, all is applied and shown exactly once, in order", () => {
  let moves = 0;
  let messages = 0;
  fc.assert(
    fc.property(fc.array(action, { minLength: 1, maxLength: 250, size: "max" }), (actions) => {
      const run = new Run();
      run.perform({ do: "enter" });
      for (const next of actions) run.perform(next);
      run.heal();
      const { cluster, clients, edge } = run;
      for (const { client, said, hasGone } of clients) {
        expect(cluster.applied.get(client.number) ?? []).toEqual(said);
        expect(client.socket.closes).toEqual([]);
        const shown = cluster.sent.filter(({ targets }) => targets.includes(client.number)).map(({ text }) => text);
        if (hasGone) expect(shown.slice(0, client.socket.texts.length)).toEqual(client.socket.texts);
        else expect(client.socket.texts).toEqual(shown);
      }
      expect(edge.stats.heldFrames).toBe(0);
      expect(edge.stats.leaving).toBe(0);
      moves += cluster.epoch;
      messages += cluster.sent.length;
    }),
    { numRuns: 150 },
  );
  // The runs were not empty: on average some changes of owner and some dozen messages each.
  expect(moves).toBeGreaterThan(300);
  expect(messages).toBeGreaterThan(3_000);
});
