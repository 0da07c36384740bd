import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArenaRoom } from "../../../demo-game/server/arena-room.ts";
import { Board, boardLinesMax, decodeGain, encodeGain, type Gain } from "../../../demo-game/server/board.ts";
import { BoardRoom, boardRoom } from "../../../demo-game/server/board-room.ts";
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

  it("GAME-11: is told each gain of an arena, and nothing else", () => {
    const arena = createFakeRoom((context) => new ArenaRoom(context));
    const ada = arena.join("name=Ada&hue=7");
    arena.tick(30);
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
    const told = arena.tells.filter(({ room }) => room === boardRoom);
    const gains = told.map(({ data }) => (typeof data === "string" ? undefined : decodeGain(data)));
    const score = arena.room.ledger.players.get(1)?.score ?? 0;
    expect(score).toBeGreaterThan(0);
    expect(gains.reduce((sum, one) => sum + (one?.points ?? 0), 0)).toBe(score);
    expect(gains[0]).toMatchObject({ name: "Ada", hue: 7 });
    expect(ada.closed).toBeUndefined();
  });
});
