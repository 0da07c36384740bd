import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArenaRoom } from "../../../demo-game/server/arena-room.ts";
import { apps } from "../../../demo-game/server/rooms.ts";
import { type DownMessage, decodeDown, encodeUp, type FigureState } from "../../../demo-game/server/rules/messages.ts";
import { createFakeRoom, type FakeSession } from "../../support/fake-room.ts";

const openArena = () => createFakeRoom((context) => new ArenaRoom(context));

function heard(session: FakeSession): DownMessage[] {
  return session.received.map((data) => {
    const message = typeof data === "string" ? undefined : decodeDown(data);
    if (message === undefined) throw new Error("the room has sent something that a page does not understand");
    return message;
  });
}

function heardOf<Kind extends DownMessage["kind"]>(session: FakeSession, kind: Kind) {
  return heard(session).filter((message) => message.kind === kind) as Extract<DownMessage, { kind: Kind }>[];
}

function numberOf(session: FakeSession): number {
  return heardOf(session, "welcome").at(-1)?.you ?? -1;
}

function figureOf(session: FakeSession): FigureState | undefined {
  const number = numberOf(session);
  return heardOf(session, "state")
    .at(-1)
    ?.figures.find((figure) => figure.number === number);
}

const run = (first: number, x = 127, y = 0) => encodeUp({ kind: "steps", first, directions: Array(3).fill({ x, y }) });

describe("the arena room", () => {
  it("welcomes a player with everybody, and tells everybody else", () => {
    const arena = openArena();
    const ada = arena.join("name=Ada+L&hue=40");
    const bob = arena.join("name=%3Cb%3EBob&hue=999");
    expect(heardOf(bob, "welcome")[0]?.players.map((player) => player.name)).toEqual(["Ada L", "bBob"]);
    expect(heardOf(bob, "welcome")[0]?.players[0]?.hue).toBe(40);
    expect(heardOf(ada, "entered").map((message) => message.player.name)).toEqual(["bBob"]);
    expect(heardOf(bob, "entered")).toEqual([]);
    arena.leave(bob);
    expect(heardOf(ada, "left")).toEqual([{ kind: "left", number: numberOf(bob) }]);
  });

  it("moves a figure by its player's steps, and says which of them are done", () => {
    const arena = openArena();
    const [ada, bob] = [arena.join(), arena.join()];
    arena.tick();
    const start = figureOf(ada);
    arena.say(ada, run(1));
    arena.tick();
    expect(figureOf(ada)?.lastStep).toBe(3);
    expect(figureOf(ada)?.body.x).toBeGreaterThan(start?.body.x ?? Number.POSITIVE_INFINITY);
    expect(figureOf(bob)?.lastStep).toBe(0);
  });

  it("GAME-3: closes whoever sends what is malformed with 4400, and nobody else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => {
        const arena = openArena();
        const [good, bad] = [arena.join(), arena.join()];
        arena.say(bad, new Uint8Array([9, ...noise]));
        expect(bad.closed?.code).toBe(4400);
        expect(good.closed).toBeUndefined();
        expect(heardOf(good, "left").length).toBe(1);
        arena.tick();
        expect(heardOf(good, "state").at(-1)?.figures.length).toBe(1);
      }),
      { numRuns: 50 },
    );
    const arena = openArena();
    const talker = arena.join();
    arena.say(talker, "hello");
    expect(talker.closed?.code).toBe(4400);
  });

  it("answers a ping to its sender alone", () => {
    const arena = openArena();
    const [ada, bob] = [arena.join(), arena.join()];
    arena.say(ada, encodeUp({ kind: "ping", token: 77 }));
    expect(heardOf(ada, "pong")).toEqual([{ kind: "pong", token: 77 }]);
    expect(heardOf(bob, "pong")).toEqual([]);
  });

  it("GAME-4: renames once a second at most, with a clean name", () => {
    const arena = openArena();
    const [ada, bob] = [arena.join("name=Ada"), arena.join()];
    for (const name of ["<i>One", "Two", "Three"]) arena.say(ada, encodeUp({ kind: "rename", name }));
    arena.tick(20);
    arena.say(ada, encodeUp({ kind: "rename", name: "Four" }));
    const names = heardOf(bob, "entered").map((message) => message.player.name);
    expect(names).toEqual(["iOne", "Four"]);
  });

  it("is full at 100 players, and says so to the next", () => {
    const arena = openArena();
    for (let player = 0; player < 100; player += 1) arena.join();
    const late = arena.join();
    expect(late.closed?.code).toBe(1013);
    expect(Object.values(apps).map((app) => app.sessionsMax)).toEqual([100]);
  });

  it("GAME-2: shows a player the same with and without a move, whatever happens before and after", () => {
    const script = fc.array(
      fc.record({
        steps: fc.array(fc.record({ x: fc.integer({ min: -127, max: 127 }), y: fc.constant(100) }), {
          minLength: 1,
          maxLength: 3,
        }),
        isMoveHere: fc.boolean(),
      }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(script, (ticks) => {
        const [moving, staying] = [openArena(), openArena()];
        const players = [moving, staying].map((arena) => [arena.join("name=Ada"), arena.join("name=Bob")]);
        let first = 1;
        for (const { steps, isMoveHere } of ticks) {
          for (const [index, arena] of [moving, staying].entries()) {
            const ada = players[index]?.[0];
            if (ada !== undefined) arena.say(ada, encodeUp({ kind: "steps", first, directions: steps }));
            if (arena === moving && isMoveHere) arena.moved();
            arena.tick();
          }
          first += steps.length;
        }
        expect(players[0]?.map(heard)).toEqual(players[1]?.map(heard));
      }),
      { numRuns: 60 },
    );
  });

  it("GAME-2: forgets a player who was lost while the room moved", () => {
    const arena = openArena();
    const [ada, bob] = [arena.join(), arena.join()];
    const snapshot = arena.room.snapshot();
    arena.leave(bob);
    arena.room.restore(snapshot);
    arena.tick();
    expect(
      heardOf(ada, "state")
        .at(-1)
        ?.figures.map((figure) => figure.number),
    ).toEqual([numberOf(ada)]);
  });

  it.each([
    ["from nothing", false],
    ["from its last snapshot", true],
  ])(
    "GAME-6: after a crash begins again %s, with everybody in once, at a spawn, under the same name",
    (_how, isSaved) => {
      const arena = openArena();
      const [ada, bob] = [arena.join("name=Ada&hue=10"), arena.join("name=Bob&hue=20")];
      arena.say(ada, run(1));
      arena.tick(3);
      arena.restarted(isSaved ? arena.room.snapshot() : undefined);
      // Steps that the old server had not acknowledged come again.
      arena.say(ada, run(4));
      arena.tick();
      const welcome = heardOf(bob, "welcome").at(-1);
      expect(welcome?.players.map((player) => [player.name, player.hue])).toContainEqual(["Bob", 20]);
      const names = new Map(
        heardOf(ada, "welcome")
          .at(-1)
          ?.players.map((player) => [player.number, player.name]),
      );
      for (const message of heardOf(ada, "entered")) names.set(message.player.number, message.player.name);
      const last = heardOf(ada, "state").at(-1);
      expect(last?.figures.map((figure) => names.get(figure.number)).sort()).toEqual(["Ada", "Bob"]);
      expect(figureOf(ada)?.lastStep).toBe(6);
    },
  );

  it("refuses a damaged snapshot", () => {
    const arena = openArena();
    expect(() => arena.room.restore(new Uint8Array([1, 2, 3]))).toThrow("damaged");
  });
});
