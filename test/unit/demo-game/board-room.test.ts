import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArenaRoom } from "../../../demo-game/server/arena-room.ts";
import { Board, boardLinesMax, decodeGain, encodeGain, type Gain } from "../../../demo-game/server/board.ts";
import { BoardRoom, boardRoom } from "../../../demo-game/server/board-room.ts";
import { decodeOwing, encodeOwing, OwedGains, type Owing, owedMax } from "../../../demo-game/server/owed-gains.ts";
import { encodeEvent } from "../../../demo-game/server/rules/events.ts";
import { createFakeRoom, type FakeSession } from "../../support/fake-room.ts";
import { anyHue, anyName } from "./arbitraries.ts";

const anyGain: fc.Arbitrary<Gain> = fc.record({
  id: fc.integer({ min: 0, max: 9 }).map((id) => `abcdef00000000${id.toString().padStart(2, "0")}`),
  name: anyName,
  hue: anyHue,
  points: fc.integer({ min: 1, max: 500 }),
});
const openBoard = () => createFakeRoom((context) => new BoardRoom(context));
const shownTo = (session: FakeSession) =>
  JSON.parse(String(session.received.at(-1))) as { top: { name: string; points: number }[] };
const gain = (id: number, points: number, name = `P${id}`): Gain => ({
  id: id.toString(16).padStart(16, "0"),
  name,
  hue: 0,
  points,
});

describe("the board of all time", () => {
  it("GAME-11: adds up what it is told, the same live, from its snapshot and from its journal", () => {
    fc.assert(
      fc.property(fc.array(anyGain, { maxLength: 40 }), fc.nat(40), (gains, cut) => {
        const board = openBoard();
        let disk = board.save();
        for (const [index, one] of gains.entries()) {
          if (index === cut) disk = board.save();
          board.hear("game/plaza", encodeGain(one));
        }
        const top = board.room.board.top();
        for (const { id, points } of top) {
          expect(points).toBe(gains.filter((one) => one.id === id).reduce((sum, one) => sum + one.points, 0));
        }
        board.crashed(disk);
        expect(board.room.board.top()).toEqual(top);
        board.crashed();
        expect(board.room.board.top()).toEqual(top);
      }),
      { numRuns: 60 },
    );
  });

  it("shows the best twenty on joining, and again when something has changed, once a second", () => {
    const board = openBoard();
    const [early] = [board.join()];
    expect(shownTo(early)).toEqual({ top: [] });
    for (let id = 1; id <= 30; id += 1) board.hear("game/a", encodeGain(gain(id, id * 10)));
    expect(early.received.length).toBe(1);
    board.fire("show");
    expect(early.received.length).toBe(2);
    expect(shownTo(early).top.map(({ points }) => points)).toEqual(Array.from({ length: 20 }, (_, i) => 300 - i * 10));
    expect(shownTo(board.join())).toEqual(shownTo(early));
  });

  it("keeps a bound on its lines: the least makes room, but not for nothing", () => {
    const board = new Board();
    for (let id = 1; id <= boardLinesMax; id += 1) board.apply(gain(id, 10 + id));
    board.apply(gain(0xffff, 5));
    expect([...board.lines].length).toBe(boardLinesMax);
    expect([...board.lines].some(({ id }) => id === gain(1, 0).id)).toBe(false);
    expect([...board.lines].some(({ id }) => id === gain(0xffff, 0).id)).toBe(true);
  });

  it("does not believe what it cannot read, or who is no arena; closes who talks to it", () => {
    const board = openBoard();
    board.hear("game/a", new Uint8Array([1, 2, 3]));
    board.hear("echo/a", encodeGain(gain(1, 5)));
    expect(board.entries.length).toBe(0);
    const talker = board.join();
    board.say(talker, "me first");
    expect(talker.closed?.code).toBe(1008);
  });

  /** Ada gathers gems and takes them home. */
  const play = (arena: ReturnType<typeof openArena>): void => {
    const figure = arena.room.world.figures.get(1);
    for (let round = 0; round < 40; round += 1) {
      const lying = [...arena.room.ledger.items.values()].find(
        (item) => item.kind === "gem" && arena.room.ledger.canTake(1, item),
      );
      if (figure !== undefined && lying !== undefined) figure.body = { ...lying.at, vx: 0, vy: 0 };
      arena.tick(6);
      if (figure !== undefined && round % 5 === 4) figure.body = { x: 25_600, y: 17_600, vx: 0, vy: 0 };
      arena.tick();
    }
  };
  const openArena = () => createFakeRoom((context) => new ArenaRoom(context));
  const gainsTold = (arena: ReturnType<typeof openArena>) =>
    arena.tells
      .filter(({ room }) => room === boardRoom)
      .map(({ data }) => (typeof data === "string" ? undefined : decodeGain(data)));
  const pointsTold = (arena: ReturnType<typeof openArena>): number =>
    gainsTold(arena).reduce((sum, one) => sum + (one?.points ?? 0), 0);
  const scoreIn = (arena: ReturnType<typeof openArena>): number => arena.room.ledger.players.get(1)?.score ?? 0;

  it("GAME-11: is told each gain of an arena, and nothing else", () => {
    const arena = openArena();
    const ada = arena.join("name=Ada&hue=7");
    arena.tick(30);
    play(arena);
    expect(scoreIn(arena)).toBeGreaterThan(0);
    expect(pointsTold(arena)).toBe(scoreIn(arena));
    expect(gainsTold(arena)[0]).toMatchObject({ name: "Ada", hue: 7 });
    expect(ada.closed).toBeUndefined();
  });

  it.each([
    ["the arena goes on", () => {}],
    ["the arena moves", (arena: ReturnType<typeof openArena>) => arena.moved()],
    ["the arena's server dies", (arena: ReturnType<typeof openArena>) => arena.crashed()],
  ])(
    "GAME-11, TELL-5: is told later what it had no place for, once, in one sum a player, while %s",
    (_name, meanwhile) => {
      const arena = openArena();
      arena.join("name=Ada&hue=7&token=aaaaaaaaaaaaaaaaaaaaaaaa");
      arena.tick(30);
      play(arena);
      const [before, told] = [scoreIn(arena), gainsTold(arena).length];
      arena.deaf.add(boardRoom);
      play(arena);
      expect(scoreIn(arena)).toBeGreaterThan(before);
      expect(pointsTold(arena)).toBe(before);
      meanwhile(arena);
      // Told too early, and there is no place after all.
      arena.room.onTellReady(boardRoom);
      expect(pointsTold(arena)).toBe(before);
      arena.ready(boardRoom);
      expect(pointsTold(arena)).toBe(scoreIn(arena));
      expect(gainsTold(arena)).toHaveLength(told + 1);
      expect(gainsTold(arena).at(-1)).toMatchObject({ name: "Ada", hue: 7 });
      // Nothing is said twice, whatever comes later.
      arena.ready(boardRoom);
      meanwhile(arena);
      arena.ready(boardRoom);
      expect(pointsTold(arena)).toBe(scoreIn(arena));
    },
  );

  it("TELL-5: what an arena owes is one sum a player, under the name of the last gain, until it is paid", () => {
    const owed = new OwedGains();
    for (const id of [1, 2, 3]) owed.apply({ kind: "owed", gain: gain(id, id) });
    owed.apply({ kind: "owed", gain: gain(2, 10, "Renamed") });
    owed.apply({ kind: "paid", id: gain(1, 0).id });
    expect([...owed.gains]).toEqual([gain(2, 12, "Renamed"), gain(3, 3)]);
    expect([...new OwedGains(owed.gains).gains]).toEqual([...owed.gains]);
  });

  it("TELL-5: what an arena owes has a bound: whoever has least makes room", () => {
    const owed = new OwedGains();
    for (let id = 1; id <= owedMax + 1; id += 1) owed.apply({ kind: "owed", gain: gain(id, 10 + id) });
    const ids = new Set([...owed.gains].map(({ id }) => id));
    expect(ids.size).toBe(owedMax);
    expect(ids.has(gain(1, 0).id)).toBe(false);
    expect(ids.has(gain(owedMax + 1, 0).id)).toBe(true);
  });

  it("reads of what an arena owes only what it has written", () => {
    const owings: readonly Owing[] = [
      { kind: "owed", gain: gain(5, 70, "Ada") },
      { kind: "paid", id: gain(5, 0).id },
    ];
    for (const owing of owings) {
      const bytes = encodeOwing(owing);
      expect(decodeOwing(bytes)).toEqual(owing);
      for (let length = 0; length < bytes.length; length += 1)
        expect(decodeOwing(bytes.subarray(0, length))).toBeUndefined();
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => void decodeOwing(noise)));
    // An event of the arena is none.
    expect(decodeOwing(encodeEvent({ kind: "away", number: 3 }))).toBeUndefined();
  });
});
