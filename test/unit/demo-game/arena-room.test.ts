import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArenaRoom, awayMsMax } from "../../../demo-game/server/arena-room.ts";
import { apps } from "../../../demo-game/server/rooms.ts";
import { encodeDown, encodeUp } from "../../../demo-game/server/rules/messages.ts";
import { type Step, speedMax } from "../../../demo-game/server/rules/motion.ts";
import { allowanceMax } from "../../../demo-game/server/step-queue.ts";
import { createFakeRoom, type FakeSession } from "../../support/fake-room.ts";
import { heardBy } from "./arena-listener.ts";

const openArena = () => createFakeRoom((context) => new ArenaRoom(context));
type Arena = ReturnType<typeof openArena>;

const token = (letter: string): string => `token=${letter.repeat(24)}`;
const step = (x: number, y = 0, isFiring = false): Step => ({ x, y, aim: 0, isFiring });
const run = (first: number, steps: readonly Step[] = [step(127), step(127)]) =>
  encodeUp({ kind: "steps", first, seenTick: 0, steps });
const say = (text: string) => encodeUp({ kind: "say", text });
/** First byte of what asks to wait. */
const quietType = encodeDown({ kind: "quiet", seconds: 1 })[0];
const numberOf = (session: FakeSession): number => heardBy(session).you;

/** Each page's fold of what it was told is the room's own. */
function expectSameLedgers(arena: Arena, ...sessions: FakeSession[]): void {
  for (const session of sessions) {
    const { ledger, line } = heardBy(session);
    expect([line.missed, line.repeated]).toEqual([0, 0]);
    expect(ledger.save()).toEqual(arena.room.ledger.save());
  }
}

/** Puts a figure somewhere, as no player can. */
function place(arena: Arena, number: number, x: number, y: number): void {
  const figure = arena.room.world.figures.get(number);
  if (figure === undefined) throw new Error(`player ${number} has no figure`);
  figure.body = { x, y, vx: 0, vy: 0 };
  figure.safeUntilTick = 0;
}

describe("the arena room", () => {
  it("welcomes a player with everybody and everything, and tells everybody else", () => {
    const arena = openArena();
    const ada = arena.join("name=Ada+L&hue=40");
    arena.tick(60);
    const bob = arena.join("name=%3Cb%3EBob&hue=999");
    const names = [...heardBy(bob).ledger.players.values()].map(({ name, hue }) => [name, hue]);
    expect(names[0]).toEqual(["Ada L", 40]);
    expect(names[1]?.[0]).toBe("bBob");
    expect(heardBy(bob).ledger.items.size).toBeGreaterThan(2);
    arena.leave(bob);
    expect(
      heardBy(ada)
        .events.filter(({ kind }) => kind !== "spawned")
        .map(({ kind }) => kind),
    ).toEqual(["entered", "away"]);
    expectSameLedgers(arena, ada);
  });

  it("moves a figure by its player's steps, and says which of them are done", () => {
    const arena = openArena();
    const [ada, bob] = [arena.join(), arena.join()];
    arena.tick();
    const start = heardBy(ada).figure;
    arena.say(ada, run(1));
    arena.tick();
    const { figure, states } = heardBy(ada);
    expect(states.at(-1)?.lastStep).toBe(2);
    expect(figure?.body.x).toBeGreaterThan(start?.body.x ?? Number.POSITIVE_INFINITY);
    expect(heardBy(bob).states.at(-1)?.lastStep).toBe(0);
  });

  it("GAME-3: closes whoever sends what is malformed with 4400, and nobody else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => {
        const arena = openArena();
        const [good, bad] = [arena.join(), arena.join()];
        arena.say(bad, new Uint8Array([9, ...noise]));
        expect(bad.closed?.code).toBe(4400);
        expect(good.closed).toBeUndefined();
        arena.tick();
        expect(heardBy(good).states.at(-1)?.figures.size).toBe(1);
        expectSameLedgers(arena, good);
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
    expect(heardBy(ada).messages.at(-1)).toEqual({ kind: "pong", token: 77 });
    expect(heardBy(bob).messages.some(({ kind }) => kind === "pong")).toBe(false);
  });

  it("GAME-4: renames once a second at most, with a clean name", () => {
    const arena = openArena();
    const [ada, bob] = [arena.join("name=Ada"), arena.join()];
    for (const name of ["<i>One", "Two", "Three"]) arena.say(ada, encodeUp({ kind: "rename", name }));
    arena.tick(30);
    arena.say(ada, encodeUp({ kind: "rename", name: "Four" }));
    expect(heardBy(bob).events.flatMap((event) => (event.kind === "renamed" ? [event.name] : []))).toEqual([
      "iOne",
      "Four",
    ]);
    expectSameLedgers(arena, ada, bob);
  });

  it("GAME-4: tells everybody what is said, clean, and asks who says too much to wait", () => {
    const arena = openArena();
    const [ada, bob] = [arena.join("name=Ada"), arena.join()];
    arena.say(ada, say("hello\u0007\n<b>you</b>"));
    arena.say(ada, say("again"));
    arena.say(ada, say("\u0000"));
    expect(heardBy(bob).ledger.chat.map(({ name, text }) => [name, text])).toEqual([["Ada", "hello <b>you</b>"]]);
    expect(heardBy(ada).messages.filter(({ kind }) => kind === "quiet").length).toBe(1);
    // What was said is gone, so who said it must hear of it, also when the room moves just then.
    expect(ada.unkept.map((data) => (data as Uint8Array)[0])).not.toContain(quietType);
    arena.tick(21);
    arena.say(ada, say("again"));
    expect(heardBy(bob).ledger.chat.map(({ text }) => text)).toEqual(["hello <b>you</b>", "again"]);
    expectSameLedgers(arena, ada, bob);
  });

  it("is full at 100 players, says so to the next, and takes back whoever is away", () => {
    const arena = openArena();
    const first = arena.join(token("a"));
    for (let player = 1; player < 100; player += 1) arena.join();
    const late = arena.join();
    expect(heardBy(late).messages).toEqual([{ kind: "full", placesMax: 100 }]);
    expect(late.closed).toMatchObject({ code: 1013, reason: "the arena is full: 100 players" });
    const again = arena.join(token("a"));
    expect(again.closed).toBeUndefined();
    expect(first.closed?.code).toBe(4409);
    expect(numberOf(again)).toBe(1);
    expect(apps["game"]?.sessionsMax).toBeGreaterThan(100);
  });

  it("GAME-9: lets a player who comes back within a minute be the same, with the same things, at the same place", () => {
    const arena = openArena();
    const [ada, bob] = [arena.join(`name=Ada&${token("a")}`), arena.join()];
    arena.tick(30);
    const { number: item, at } = [...arena.room.ledger.items.values()][0] ?? { number: 0, at: { x: 0, y: 0 } };
    place(arena, numberOf(ada), at.x, at.y);
    arena.tick();
    expect(arena.room.ledger.items.get(item)?.holder).toBe(numberOf(ada));
    arena.leave(ada);
    expect(arena.timers.get(`away ${numberOf(ada)}`)).toBe(awayMsMax);
    arena.tick(90);
    expect(heardBy(bob).states.at(-1)?.figures.has(numberOf(ada))).toBe(false);

    const back = arena.join(`name=Ada&${token("a")}`);
    arena.tick();
    expect(numberOf(back)).toBe(numberOf(ada));
    expect(
      heardBy(back)
        .ledger.heldBy(numberOf(back))
        .map(({ number }) => number),
    ).toContain(item);
    expect(heardBy(back).figure?.body).toMatchObject({ x: at.x, y: at.y });
    expect([...arena.timers.keys()]).toEqual(["occupancy"]);
    expectSameLedgers(arena, back, bob);
  });

  it("GAME-9: gives the place of a player who does not come back to others, and puts its things down", () => {
    const arena = openArena();
    const [ada, bob] = [arena.join(token("a")), arena.join()];
    arena.tick(30);
    const { at, number: item } = [...arena.room.ledger.items.values()][0] ?? { number: 0, at: { x: 0, y: 0 } };
    place(arena, numberOf(ada), at.x, at.y);
    arena.tick();
    arena.leave(ada);
    arena.fire(`away ${numberOf(ada)}`);
    expect(arena.room.ledger.players.size).toBe(1);
    expect(arena.room.ledger.items.get(item)?.holder).toBeUndefined();
    expect(numberOf(arena.join(token("a")))).toBe(3);
    expectSameLedgers(arena, bob);
  });

  it("GAME-9: has one figure for one identity, however often it connects", () => {
    const arena = openArena();
    const windows = Array.from({ length: 5 }, () => arena.join(token("a")));
    arena.tick();
    expect(arena.room.world.figures.size).toBe(1);
    expect(windows.map((window) => window.closed?.code)).toEqual([4409, 4409, 4409, 4409, undefined]);
    // What the old ones still had on the way has no effect.
    const [old, last] = [windows[0], windows[4]];
    if (old !== undefined) arena.say(old, run(1));
    expect(arena.room.ledger.playersHere).toBe(1);
    if (last !== undefined) arena.leave(last);
    expect(arena.room.ledger.playersHere).toBe(0);
  });

  it("GAME-9: lets whoever comes back before the old connection is known to be gone move on, from step 1, and no faster", () => {
    const arena = openArena();
    const first = arena.join(token("a"));
    for (let ticks = 0; ticks < 40; ticks += 1) {
      arena.say(first, run(1 + 2 * ticks));
      arena.tick();
    }
    const second = arena.join(token("a"));
    arena.tick();
    const start = heardBy(second).figure?.body;
    expect(heardBy(second).states.at(-1)?.lastStep).toBe(0);
    arena.say(second, run(1, [step(0, 127), step(0, 127)]));
    arena.tick();
    expect(heardBy(second).states.at(-1)?.lastStep).toBe(2);
    expect(heardBy(second).figure?.body.y).toBeGreaterThan(start?.y ?? Number.POSITIVE_INFINITY);

    // Coming back again and again gives no more steps than time does.
    let [window, before] = [second, arena.room.world.figures.get(1)?.body.y ?? 0];
    for (let comings = 0; comings < 20; comings += 1) {
      window = arena.join(token("a"));
      arena.say(
        window,
        run(
          1,
          Array.from({ length: 12 }, () => step(0, 127)),
        ),
      );
      arena.tick();
      const y = arena.room.world.figures.get(1)?.body.y ?? 0;
      expect(y - before).toBeLessThanOrEqual(2 * speedMax + (comings === 0 ? allowanceMax * speedMax : 0));
      before = y;
    }
  });

  it("GAME-1: is no faster for whoever sends ten times the steps, old ones again, or ones of the future", () => {
    const cheating: readonly ((tick: number) => Uint8Array)[] = [
      (tick) =>
        run(
          1 + 12 * tick,
          Array.from({ length: 12 }, () => step(-127)),
        ),
      () =>
        run(
          1,
          Array.from({ length: 12 }, () => step(-127)),
        ),
      (tick) =>
        run(
          0xf000_0000 + 12 * tick,
          Array.from({ length: 12 }, () => step(-127)),
        ),
      (tick) =>
        run(
          0xffff_fff0 - 12 * tick,
          Array.from({ length: 12 }, () => step(-127)),
        ),
    ];
    for (const cheat of cheating) {
      const arena = openArena();
      const [honest, cheater] = [arena.join(), arena.join()];
      arena.tick();
      for (const session of [honest, cheater]) place(arena, numberOf(session), 30_000, 17_600);
      const ticks = 60;
      for (let tick = 0; tick < ticks; tick += 1) {
        arena.say(honest, run(1 + 2 * tick, [step(-127), step(-127)]));
        for (let times = 0; times < 5; times += 1) arena.say(cheater, cheat(5 * tick + times));
        arena.tick();
      }
      const gone = [honest, cheater].map(
        (session) => 30_000 - (arena.room.world.figures.get(numberOf(session))?.body.x ?? 0),
      );
      expect(gone[0]).toBeGreaterThan(ticks * speedMax);
      expect(gone[1]).toBeLessThanOrEqual((gone[0] ?? 0) + allowanceMax * speedMax);
      expect([honest.closed, cheater.closed]).toEqual([undefined, undefined]);
    }
  });

  it("GAME-10: lets a shot hit, fell, drop what was carried, and be paid for; and the felled come back", () => {
    const arena = openArena();
    const [ada, bob] = [arena.join(), arena.join()];
    arena.tick(2);
    const [{ x, y }] = [{ x: 20_000, y: 17_600 }];
    for (let shot = 0; shot < 3; shot += 1) {
      place(arena, numberOf(ada), x, y);
      place(arena, numberOf(bob), x + 2400, y);
      arena.say(ada, run(1 + shot, [step(0, 0, true)]));
      arena.tick(12);
    }
    const { events, states, ledger } = heardBy(bob);
    expect(events.filter(({ kind }) => kind === "hit").length).toBe(3);
    expect(events.filter(({ kind }) => kind === "felled")).toMatchObject([
      { victim: numberOf(bob), by: numberOf(ada) },
    ]);
    expect(ledger.players.get(numberOf(ada))).toMatchObject({ score: 15, felled: 1 });
    expect(states.at(-1)?.respawnTicks).toBeGreaterThan(0);
    expect(states.at(-1)?.figures.has(numberOf(bob))).toBe(false);
    arena.tick(80);
    expect(heardBy(bob).figure?.health).toBe(3);
    expectSameLedgers(arena, ada, bob);
  });

  it("GAME-1: shoots no faster than time allows, however many steps ask for it", () => {
    const arena = openArena();
    const ada = arena.join();
    const ids = new Set<number>();
    for (let tick = 0; tick < 60; tick += 1) {
      arena.say(ada, run(1 + tick * 12, Array(12).fill(step(0, 0, true))));
      arena.tick();
      for (const { id } of arena.room.world.bolts) ids.add(id);
    }
    expect(ids.size).toBeLessThanOrEqual(6);
    expect(ids.size).toBeGreaterThan(3);
  });

  it("GAME-7: lets a shield take a hit, and a heart heal, and both are gone then", () => {
    const arena = openArena();
    const [ada, bob] = [arena.join(), arena.join()];
    const [one, other] = [ada, bob].map(numberOf);
    for (let ticks = 0; ticks < 3000; ticks += 1) {
      const items = [...arena.room.ledger.items.values()];
      const lying = items.find(
        (item) => (item.kind === "shield" || item.kind === "heart") && arena.room.ledger.canTake(other ?? 0, item),
      );
      if (lying !== undefined) place(arena, other ?? 0, lying.at.x, lying.at.y);
      arena.tick();
      const carried = arena.room.ledger.players.get(other ?? 0)?.carried;
      if (carried?.shield === 1 && carried.heart > 0) break;
    }
    const hearts = arena.room.ledger.players.get(other ?? 0)?.carried.heart ?? 0;
    for (let shot = 0; shot < 2; shot += 1) {
      place(arena, one ?? 0, 20_000, 17_600);
      place(arena, other ?? 0, 22_400, 17_600);
      arena.say(ada, run(1 + shot, [step(0, 0, true)]));
      arena.tick(12);
    }
    expect(heardBy(bob).figure?.health).toBe(2);
    expect(arena.room.ledger.players.get(other ?? 0)?.carried.shield).toBe(0);
    arena.say(bob, encodeUp({ kind: "heal" }));
    arena.say(bob, encodeUp({ kind: "heal" }));
    arena.tick();
    expect(heardBy(bob).figure?.health).toBe(3);
    expect(arena.room.ledger.players.get(other ?? 0)?.carried.heart).toBe(hearts - 1);
    expectSameLedgers(arena, ada, bob);
  });

  const anyScript = fc.array(
    fc.record({
      steps: fc.array(
        fc.record({
          x: fc.integer({ min: -127, max: 127 }),
          y: fc.constant(100),
          aim: fc.nat(255),
          isFiring: fc.boolean(),
        }),
        { minLength: 1, maxLength: 2 },
      ),
      isMoveHere: fc.boolean(),
    }),
    { minLength: 1, maxLength: 40 },
  );

  it("GAME-2: shows a player the same with and without a move, whatever happens before and after", () => {
    fc.assert(
      fc.property(anyScript, (ticks) => {
        const [moving, staying] = [openArena(), openArena()];
        const players = [moving, staying].map((arena) => [arena.join("name=Ada"), arena.join("name=Bob")] as const);
        let first = 1;
        for (const { steps, isMoveHere } of ticks) {
          for (const [index, arena] of [moving, staying].entries()) {
            const ada = players[index]?.[0];
            if (ada !== undefined) arena.say(ada, run(first, steps));
            if (arena === moving && isMoveHere) arena.moved();
            arena.tick();
          }
          first += steps.length;
        }
        const [one, other] = players.map((sessions) => sessions.map(heardBy));
        for (const [index, heard] of (one ?? []).entries()) {
          const twin = other?.[index];
          expect(heard.events).toEqual(twin?.events);
          expect(heard.states.map(({ epoch: _epoch, ...state }) => state)).toEqual(
            twin?.states.map(({ epoch: _epoch, ...state }) => state),
          );
        }
      }),
      { numRuns: 40 },
    );
  });

  it("GAME-2: says which server has it, to whoever joins and to all after a move", () => {
    const arena = openArena();
    const ada = arena.join();
    const homesOf = (session: FakeSession) =>
      heardBy(session).messages.flatMap((message) => (message.kind === "home" ? [message.server] : []));
    expect(homesOf(ada)).toEqual(["s1"]);
    arena.moved();
    arena.tick();
    expect(homesOf(ada)).toEqual(["s1", "s2"]);
    expect(homesOf(arena.join())).toEqual(["s2"]);
  });

  it("GAME-2: forgets a player who was lost while the room moved", () => {
    const arena = openArena();
    const [ada, bob] = [arena.join(), arena.join()];
    arena.tick();
    expect(heardBy(ada).states.at(-1)?.figures.size).toBe(2);
    arena.moved(bob);
    arena.tick();
    expect([...(heardBy(ada).states.at(-1)?.figures.keys() ?? [])]).toEqual([numberOf(ada)]);
    expect(arena.room.ledger.players.get(numberOf(bob))?.isHere).toBe(false);
    expect(arena.timers.has(`away ${numberOf(bob)}`)).toBe(true);
  });

  it.each([
    ["from the journal alone", false],
    ["from an old snapshot and the journal behind it", true],
  ])("GAME-6: after a crash knows %s who has what, and everybody plays on", (_how, isSaved) => {
    const arena = openArena();
    const [ada, bob] = [arena.join("name=Ada&hue=10"), arena.join("name=Bob&hue=20")];
    arena.say(ada, run(1));
    arena.tick(40);
    const disk = isSaved ? arena.save() : undefined;
    const item = [...arena.room.ledger.items.values()].find(({ holder }) => holder === undefined);
    place(arena, numberOf(bob), item?.at.x ?? 0, item?.at.y ?? 0);
    arena.say(ada, say("before"));
    arena.tick(20);
    const before = arena.room.ledger.save();
    arena.crashed(disk);
    expect(arena.room.ledger.save()).toEqual(before);
    expect(arena.room.ledger.items.get(item?.number ?? 0)?.holder).toBe(numberOf(bob));
    arena.say(ada, run(40));
    arena.tick(2);
    arena.say(bob, say("after"));
    expect([...arena.room.world.figures.keys()].sort()).toEqual([1, 2]);
    expect(heardBy(ada).states.at(-1)).toMatchObject({ lastStep: 41, epoch: 2 });
    expect(heardBy(ada).ledger.chat.map(({ text }) => text)).toEqual(["before", "after"]);
    expectSameLedgers(arena, ada, bob);
  });

  const anyTrouble = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant("play" as const), who: fc.nat(3), aim: fc.nat(255) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave" as const), who: fc.nat(3) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("join" as const), who: fc.nat(3) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("save" as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("move" as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("late" as const), who: fc.nat(3) }) },
    ),
    { maxLength: 60 },
  );

  it("GAME-7: has every thing in one place, every point kept and every page agree, through races, reconnects, moves and crashes", () => {
    fc.assert(
      fc.property(anyTrouble, (troubles) => {
        const arena = openArena();
        const watcher = arena.join("name=Watcher");
        const windows = new Map<number, FakeSession>();
        let [disk, first] = [arena.save(), 1];
        const scores = new Map<string, number>();
        for (const trouble of troubles) {
          switch (trouble.kind) {
            case "play": {
              const window = windows.get(trouble.who);
              const lying = [...arena.room.ledger.items.values()].filter(({ holder }) => holder === undefined);
              const item = lying[trouble.aim % Math.max(1, lying.length)];
              // Everybody at the same thing, at the same time.
              for (const number of arena.room.world.figures.keys()) {
                if (item !== undefined) place(arena, number, item.at.x, item.at.y);
              }
              const shot = { ...step(20, 20, true), aim: trouble.aim };
              if (window !== undefined) arena.say(window, run(first, [shot, shot]));
              first += 2;
              break;
            }
            case "join":
              windows.set(trouble.who, arena.join(token("abcd"[trouble.who] ?? "e")));
              break;
            case "leave": {
              const window = windows.get(trouble.who);
              if (window !== undefined) arena.leave(window);
              break;
            }
            case "crash":
              arena.crashed(disk);
              break;
            case "save":
              disk = arena.save();
              break;
            case "move":
              arena.moved();
              break;
            case "late":
              arena.fire(`away ${trouble.who + 2}`);
              break;
          }
          arena.tick(6);
          const { items, itemsSpawned, itemsUsed, players } = arena.room.ledger;
          expect(items.size + itemsUsed).toBe(itemsSpawned);
          for (const { number, holder } of items.values()) {
            if (holder !== undefined) expect(players.has(holder), `item ${number}`).toBe(true);
          }
          for (const { number, id, score } of players.values()) {
            const who = `${number} ${id}`;
            expect(score).toBeGreaterThanOrEqual(scores.get(who) ?? 0);
            scores.set(who, score);
          }
        }
        expectSameLedgers(arena, watcher);
      }),
      { numRuns: 60 },
    );
  });

  it("refuses a damaged snapshot and a damaged journal", () => {
    const arena = openArena();
    expect(() => arena.room.restore(new Uint8Array([1, 2, 3]))).toThrow("damaged");
    expect(() => arena.room.apply(new Uint8Array([1, 2, 3]))).toThrow("damaged");
  });
});
