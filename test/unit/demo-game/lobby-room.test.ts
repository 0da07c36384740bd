import { describe, expect, it } from "vitest";
import { ArenaRoom } from "../../../demo-game/server/arena-room.ts";
import { LobbyRoom, lobbyRoom } from "../../../demo-game/server/lobby-room.ts";
import { comfortableMax, Matchmaker } from "../../../demo-game/server/matchmaker.ts";
import { playersMax } from "../../../demo-game/server/rules/messages.ts";
import { createFakeRoom, type FakeSession } from "../../support/fake-room.ts";

const openLobby = (nowMs = () => 0) => createFakeRoom((context) => new LobbyRoom(context, nowMs));
const answerTo = (session: FakeSession) => JSON.parse(String(session.received.at(-1)));
const invent = () => "fresh";

describe("the matchmaker", () => {
  it("sends players where others are, until it is comfortably full, and then somewhere new", () => {
    const matchmaker = new Matchmaker();
    const sent = Array.from({ length: 45 }, () => matchmaker.choose({}, 0, invent).arena);
    expect(new Set(sent)).toEqual(new Set(["fresh"]));
    matchmaker.report("few", 3);
    matchmaker.report("many", 15);
    matchmaker.report("full", comfortableMax);
    expect(matchmaker.choose({}, 20_000, invent)).toEqual({ arena: "many", players: 15 });
    const next = Array.from({ length: 10 }, () => matchmaker.choose({}, 20_000, invent).arena);
    expect(next.filter((name) => name === "many").length).toBe(4);
    expect(next.slice(4)).toEqual(Array(6).fill("few"));
  });

  it("puts friends together while there is a place, and says why where there is none", () => {
    const matchmaker = new Matchmaker();
    matchmaker.report("plaza", 99);
    expect(matchmaker.choose({ friends: "plaza" }, 0, invent)).toEqual({ arena: "plaza", players: 99 });
    // The one who was just sent has the last place.
    expect(matchmaker.choose({ friends: "plaza" }, 0, invent)).toMatchObject({ arena: "fresh", note: "plaza is full" });
    expect(matchmaker.choose({ friends: "plaza", not: ["plaza"] }, 30_000, invent).arena).toBe("fresh");
    expect(matchmaker.choose({ friends: "nobody-yet" }, 0, invent).arena).toBe("nobody-yet");
  });

  it("never sends anybody where they were refused, and forgets who has not come", () => {
    const matchmaker = new Matchmaker();
    matchmaker.report("plaza", 5);
    expect(matchmaker.choose({ not: ["plaza"] }, 0, invent).arena).toBe("fresh");
    expect(matchmaker.arenas.size).toBe(2);
    expect(matchmaker.choose({}, 11_000, invent).arena).toBe("plaza");
    expect(matchmaker.arenas.size).toBe(1);
    matchmaker.report("plaza", 0);
    expect(matchmaker.arenas.size).toBe(0);
  });

  it("GAME-12: keeps nobody out of an arena because its clock has gone back", () => {
    const matchmaker = new Matchmaker();
    const hourMs = 3_600_000;
    for (let count = 0; count < playersMax; count += 1) matchmaker.choose({ friends: "plaza" }, hourMs, invent);
    expect(matchmaker.choose({ friends: "plaza" }, hourMs, invent)).toMatchObject({ note: "plaza is full" });
    expect(matchmaker.choose({ friends: "plaza" }, 0, invent)).toEqual({ arena: "plaza", players: 0 });
    // And who was sent where nobody has come is forgotten as ever.
    matchmaker.choose({ friends: "fjord" }, 11_000, invent);
    expect([...matchmaker.arenas.keys()]).toEqual(["fjord"]);
  });

  it("forgets a few at a time of many arenas to which nobody has come, and all of them in the end", () => {
    const matchmaker = new Matchmaker();
    for (let count = 0; count < 1_000; count += 1) matchmaker.choose({ friends: `a${count}` }, 0, invent);
    matchmaker.choose({ friends: "plaza" }, 11_000, invent);
    expect(matchmaker.arenas.size).toBeGreaterThan(980);
    for (let count = 0; count < 200; count += 1) {
      matchmaker.report("plaza", 1);
      matchmaker.choose({ friends: "plaza" }, 11_000, invent);
    }
    expect([...matchmaker.arenas.keys()]).toEqual(["plaza"]);
  });
});

describe("the lobby", () => {
  it("answers whoever wants to play, by what arenas tell it, also after a move and a crash", () => {
    const lobby = openLobby();
    lobby.hear("game/plaza", JSON.stringify({ players: 7 }));
    const ada = lobby.join();
    for (const change of [() => {}, () => lobby.moved(), () => lobby.crashed()]) {
      change();
      lobby.say(ada, '{"want":"play"}');
      expect(answerTo(ada)).toMatchObject({ arena: "plaza" });
    }
    lobby.say(ada, '{"want":"play","friends":"fjord"}');
    expect(answerTo(ada)).toEqual({ arena: "fjord", players: 0 });
    lobby.say(ada, '{"want":"play","not":["plaza","fjord"]}');
    expect(answerTo(ada).arena).toMatch(/^[a-z]+-[a-z]+-\d{4}$/);
  });

  it.each([
    ["nothing", ""],
    ["no JSON", "{"],
    ["another wish", '{"want":"win"}'],
    ["too much", '{"want":"play","and":1}'],
    ["a bad arena", '{"want":"play","friends":"<b>"}'],
    ["bytes", new Uint8Array([1])],
  ])("GAME-3: closes who says %s with 4400", (_what, said) => {
    const lobby = openLobby();
    const session = lobby.join();
    lobby.say(session, said);
    expect(session.closed?.code).toBe(4400);
  });

  it("GAME-12: counts who is under way by the clock that it is given, not by the time of day", () => {
    let nowMs = 5;
    const lobby = openLobby(() => nowMs);
    const ada = lobby.join();
    for (let count = 0; count < playersMax; count += 1) lobby.say(ada, '{"want":"play","friends":"plaza"}');
    lobby.say(ada, '{"want":"play","friends":"plaza"}');
    expect(answerTo(ada)).toMatchObject({ note: "plaza is full" });
    nowMs += 11_000;
    lobby.say(ada, '{"want":"play","friends":"plaza"}');
    expect(answerTo(ada)).toEqual({ arena: "plaza", players: 0 });
  });

  it("believes arenas alone", () => {
    const lobby = openLobby();
    lobby.hear("echo/plaza", JSON.stringify({ players: 7 }));
    lobby.hear("game/plaza", "seven");
    expect(lobby.entries.length).toBe(0);
  });

  it("is told by an arena how many are in it, once for all who come together", () => {
    const arena = createFakeRoom((context) => new ArenaRoom(context));
    const sessions = [arena.join(), arena.join(), arena.join()];
    arena.fire("occupancy");
    for (const session of sessions) arena.leave(session);
    arena.fire("occupancy");
    expect(arena.tells.filter(({ room }) => room === lobbyRoom).map(({ data }) => data)).toEqual([
      '{"players":3}',
      '{"players":0}',
    ]);
  });

  it("TELL-5: is told by an arena how many are in it now, once it has place again", () => {
    const arena = createFakeRoom((context) => new ArenaRoom(context));
    const [first] = [arena.join(), arena.join(), arena.join()];
    arena.deaf.add(lobbyRoom);
    arena.fire("occupancy");
    arena.moved();
    if (first !== undefined) arena.leave(first);
    arena.fire("occupancy");
    expect(arena.tells.filter(({ room }) => room === lobbyRoom)).toEqual([]);
    arena.ready(lobbyRoom);
    expect(arena.tells.filter(({ room }) => room === lobbyRoom).map(({ data }) => data)).toEqual(['{"players":2}']);
  });
});
