import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Match, silenceMsMax } from "../../../demo-game/page/play/match.ts";
import { OwnFigure, pendingStepsMax } from "../../../demo-game/page/play/own-figure.ts";
import { Playback, playbackDelayMs } from "../../../demo-game/page/play/playback.ts";
import { arena } from "../../../demo-game/server/rules/arena.ts";
import { encodeDown, type UpMessage } from "../../../demo-game/server/rules/messages.ts";
import { type Body, type Direction, moveBody } from "../../../demo-game/server/rules/motion.ts";
import { World } from "../../../demo-game/server/world.ts";

const start: Body = { x: 2560, y: 2560, vx: 0, vy: 0 };
const right: Direction = { x: 127, y: 0 };
const none: Direction = { x: 0, y: 0 };

describe("one's own figure on the page", () => {
  it("GAME-5: is where the server will put it, however late the server's states are", () => {
    const held = fc.tuple(
      fc.record({ x: fc.integer({ min: -127, max: 127 }), y: fc.integer({ min: -127, max: 127 }) }),
      fc.integer({ min: 1, max: 30 }),
    );
    fc.assert(
      fc.property(fc.array(held, { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), (legs, delay) => {
        const own = new OwnFigure(start);
        const history = [{ body: start, lastStep: 0 }];
        for (const direction of legs.flatMap(([direction, steps]) => Array<Direction>(steps).fill(direction))) {
          const before = own.body;
          const number = own.step(direction);
          if (number !== undefined) history.push({ body: moveBody(before, direction, arena), lastStep: number });
          const known = history[Math.max(0, history.length - 1 - delay)];
          const predicted = own.body;
          if (known !== undefined) own.reconcile(known.body, known.lastStep);
          expect(own.body).toEqual(predicted);
          expect(own.shownAt(1)).toEqual({ x: predicted.x, y: predicted.y });
        }
      }),
    );
  });

  it("stands still without a word while nothing is wanted", () => {
    const own = new OwnFigure(start);
    expect(own.step(none)).toBeUndefined();
    expect(own.nextNumber).toBe(1);
  });

  it("waits for a room that does not answer", () => {
    const own = new OwnFigure(start);
    for (let step = 0; step < 200; step += 1) own.step(right);
    expect(own.nextNumber).toBe(pendingStepsMax + 1);
    expect(own.isWaiting).toBe(true);
    own.reconcile(own.body, pendingStepsMax);
    expect(own.step(right)).toBe(pendingStepsMax + 1);
  });

  it("slides to where the server puts it instead, and jumps only if that is far", () => {
    const own = new OwnFigure(start);
    own.reconcile({ ...start, x: start.x + 160 }, 0);
    expect(own.shownAt(1).x).toBe(start.x);
    own.elapse(1000);
    expect(own.shownAt(1).x).toBeCloseTo(start.x + 160, 0);
    own.reconcile({ ...start, x: start.x + 20_000 }, 0);
    expect(own.shownAt(1).x).toBe(start.x + 20_000);
  });
});

describe("the others on the page", () => {
  const at = (x: number, vx = 0) => [{ number: 1, body: { x, y: 0, vx, vy: 0 }, lastStep: 0 }];

  it("are shown a little in the past, between two states", () => {
    const playback = new Playback();
    for (let tick = 0; tick < 5; tick += 1) playback.add(tick, at(tick * 100), 1000 + tick * 50);
    expect(playback.shownAt(1, 1000 + playbackDelayMs + 75)?.x).toBeCloseTo(150);
    expect(playback.shownAt(1, 1000 + playbackDelayMs + 200)?.x).toBeCloseTo(400);
    expect(playback.shownAt(2, 1000 + playbackDelayMs + 75)).toBeUndefined();
  });

  it("go on as they went for a moment when states are late, then stand", () => {
    const playback = new Playback();
    for (let tick = 0; tick < 3; tick += 1) playback.add(tick, at(tick * 210, 70), tick * 50);
    expect(playback.shownAt(1, playbackDelayMs + 150)?.x).toBeCloseTo(420 + 210);
    const late = playback.shownAt(1, playbackDelayMs + 1000)?.x;
    expect(late).toBeCloseTo(420 + 420);
    expect(playback.shownAt(1, playbackDelayMs + 9000)?.x).toBe(late);
  });

  it("do not slide across the arena when they are somewhere else", () => {
    const playback = new Playback();
    playback.add(0, at(0), 0);
    playback.add(1, at(30_000), 50);
    expect(playback.shownAt(1, playbackDelayMs + 25)?.x).toBe(30_000);
  });

  it("take no notice of a state that comes late", () => {
    const playback = new Playback();
    playback.add(5, at(500), 250);
    playback.add(4, at(0), 260);
    expect(playback.shownAt(1, 250 + playbackDelayMs)?.x).toBe(500);
  });
});

describe("a match on the page", () => {
  function openMatch() {
    const sent: UpMessage[] = [];
    return { sent, match: new Match((message) => sent.push(message)) };
  }
  const card = { number: 7, hue: 1, name: "Ada" };
  const welcome = encodeDown({ kind: "welcome", version: 1, you: 7, tick: 0, players: [card] });
  const state = (tick: number, body = start, lastStep = 0) =>
    encodeDown({ kind: "state", tick, figures: [{ number: 7, body, lastStep }] });

  it("sends steps a tick at a time, and the rest when the figure has come to rest", () => {
    const { sent, match } = openMatch();
    match.receive(welcome, 0);
    match.receive(state(1), 0);
    match.frame(0, right);
    for (let frame = 1; frame <= 8; frame += 1) match.frame(frame * 17, right);
    expect(sent.map((message) => (message.kind === "steps" ? message.first : 0))).toEqual([1, 4]);
    for (let frame = 9; frame <= 60; frame += 1) match.frame(frame * 17, none);
    const steps = sent.flatMap((message) => (message.kind === "steps" ? message.directions : []));
    const count = sent.length;
    expect(steps.slice(0, 8)).toEqual(Array(8).fill(right));
    for (let frame = 61; frame <= 90; frame += 1) match.frame(frame * 17, none);
    expect(sent.length).toBe(count);
  });

  it("GAME-6: begins anew at a second welcome, and goes on numbering", () => {
    const { sent, match } = openMatch();
    match.receive(welcome, 0);
    match.receive(state(1), 0);
    match.frame(0, right);
    for (let frame = 1; frame <= 12; frame += 1) match.frame(frame * 17, right);
    match.receive(encodeDown({ kind: "welcome", version: 1, you: 9, tick: 0, players: [{ ...card, number: 9 }] }), 300);
    expect([...match.players.keys()]).toEqual([9]);
    expect(match.ownPlace).toBeUndefined();
    const spawn = { x: 8000, y: 8000, vx: 0, vy: 0 };
    match.receive(encodeDown({ kind: "state", tick: 1, figures: [{ number: 9, body: spawn, lastStep: 0 }] }), 310);
    expect(match.ownPlace).toEqual({ x: 500, y: 500 });
    const before = sent.length;
    for (let frame = 13; frame <= 30; frame += 1) match.frame(frame * 17, right);
    const next = sent[before];
    expect(next?.kind === "steps" && next.first).toBeGreaterThan(12);
  });

  it("knows when the room is silent", () => {
    const { match } = openMatch();
    expect(match.isWaiting(0)).toBe(true);
    match.receive(welcome, 0);
    match.receive(state(1), 10);
    expect(match.isWaiting(10 + silenceMsMax)).toBe(false);
    expect(match.isWaiting(11 + silenceMsMax)).toBe(true);
  });

  it("measures the way to the room and back, and gives up a ping that is lost", () => {
    const { sent, match } = openMatch();
    match.ping(100);
    match.ping(1100);
    expect(sent).toEqual([{ kind: "ping", token: 1 }]);
    match.receive(encodeDown({ kind: "pong", token: 1 }), 1130);
    expect(match.pingMs).toBe(1030);
    match.ping(1200);
    match.ping(6300);
    expect(sent.length).toBe(3);
    match.receive(encodeDown({ kind: "pong", token: 2 }), 6310);
    expect(match.pingMs).toBe(1030);
  });

  it("tells what it does not understand from a server of another version", () => {
    const { match } = openMatch();
    expect(match.receive(new Uint8Array([99]), 0)).toBe("malformed");
    expect(match.receive(new Uint8Array([1, 2]), 0)).toBe("other-version");
  });

  it("GAME-5: with the server's own world behind a slow network, sees its figure where the server has it in the end", () => {
    const world = new World();
    world.enter("me", { name: "Me", hue: 0 });
    const toServer: { atMs: number; message: UpMessage }[] = [];
    const toPage: { atMs: number; bytes: Uint8Array }[] = [];
    let nowMs = 0;
    const match = new Match((message) => toServer.push({ atMs: nowMs + 70, message }));
    const players = [...world.players.values()].map((player) => player.card);
    toPage.push({ atMs: 70, bytes: encodeDown({ kind: "welcome", version: 1, you: 1, tick: 0, players }) });
    for (; nowMs < 6000; nowMs += 5) {
      // The room is frozen for 150 ms in between, and its ticks are made up.
      const isFrozen = nowMs >= 2000 && nowMs < 2150;
      while (!isFrozen && (toServer[0]?.atMs ?? nowMs + 1) <= nowMs) {
        const message = toServer.shift()?.message;
        if (message?.kind === "steps") world.players.get("me")?.queue.receive(message.first, message.directions);
      }
      const ticksDue = isFrozen ? 0 : Math.floor(nowMs / 50) - world.tick;
      for (let tick = 0; tick < ticksDue; tick += 1) {
        world.advance();
        toPage.push({
          atMs: nowMs + 70,
          bytes: encodeDown({ kind: "state", tick: world.tick, figures: world.figures() }),
        });
      }
      while ((toPage[0]?.atMs ?? nowMs + 1) <= nowMs) match.receive(toPage.shift()?.bytes ?? new Uint8Array(), nowMs);
      const before = match.ownPlace;
      if (nowMs % 15 === 0)
        match.frame(nowMs, nowMs < 5000 ? { x: Math.floor(nowMs / 800) % 2 ? 127 : -127, y: 90 } : none);
      const after = match.ownPlace;
      // Never corrected: each frame goes on from the one before by at most two steps of 70/16 pixels.
      if (before !== undefined && after !== undefined) {
        expect(Math.abs(after.x - before.x)).toBeLessThanOrEqual(2 * 4.5);
        expect(Math.abs(after.y - before.y)).toBeLessThanOrEqual(2 * 4.5);
      }
    }
    const body = world.players.get("me")?.body;
    expect(match.ownPlace).toEqual({ x: (body?.x ?? 0) / 16, y: (body?.y ?? 0) / 16 });
  });
});
