import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Match, silenceMsMax } from "../../../demo-game/page/play/match.ts";
import { OwnFigure, pendingStepsMax } from "../../../demo-game/page/play/own-figure.ts";
import { OwnShots } from "../../../demo-game/page/play/own-shots.ts";
import { Playback, playbackDelayMs } from "../../../demo-game/page/play/playback.ts";
import { ArenaRoom } from "../../../demo-game/server/arena-room.ts";
import { arena } from "../../../demo-game/server/rules/arena.ts";
import { ByteWriter } from "../../../demo-game/server/rules/bytes.ts";
import { Ledger } from "../../../demo-game/server/rules/ledger.ts";
import {
  encodeDown,
  encodeUp,
  gameVersion,
  stateType,
  type UpMessage,
} from "../../../demo-game/server/rules/messages.ts";
import { type Body, moveBody, type Step, speedMax } from "../../../demo-game/server/rules/motion.ts";
import { type FigureState, writeWholeFigure } from "../../../demo-game/server/rules/states.ts";
import { tickMs } from "../../../demo-game/server/rules/timing.ts";
import { createFakeRoom } from "../../support/fake-room.ts";
import { anyPart } from "./arbitraries.ts";

const start: Body = { x: 2560, y: 2560, vx: 0, vy: 0 };
const right: Step = { x: 127, y: 0, aim: 0, isFiring: false };
const none: Step = { x: 0, y: 0, aim: 0, isFiring: false };
const figureAt = (number: number, body: Body): FigureState => ({ number, body, aim: 0, health: 3, isSafe: false });

describe("one's own figure on the page", () => {
  it("GAME-5: is where the server will put it, however late the server's states are", () => {
    const held = fc.tuple(fc.record({ x: anyPart, y: anyPart }), fc.integer({ min: 1, max: 30 }));
    fc.assert(
      fc.property(fc.array(held, { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), (legs, delay) => {
        const own = new OwnFigure(start);
        const history = [{ body: start, lastStep: 0 }];
        for (const way of legs.flatMap(([way, steps]) => Array<{ x: number; y: number }>(steps).fill(way))) {
          const before = own.body;
          const number = own.step({ ...none, ...way }, speedMax);
          if (number !== undefined) history.push({ body: moveBody(before, way, arena), lastStep: number });
          const known = history[Math.max(0, history.length - 1 - delay)];
          const predicted = own.body;
          if (known !== undefined) expect(own.reconcile(known.body, known.lastStep, speedMax)).toBe(0);
          expect(own.body).toEqual(predicted);
          expect(own.shownAt(1)).toEqual({ x: predicted.x, y: predicted.y });
        }
      }),
    );
  });

  it("stands still without a word while nothing is wanted", () => {
    const own = new OwnFigure(start);
    expect(own.step(none, speedMax)).toBeUndefined();
    expect(own.nextNumber).toBe(1);
    expect(own.step({ ...none, aim: 5 }, speedMax)).toBe(1);
    expect(own.step({ ...none, aim: 5 }, speedMax)).toBeUndefined();
    expect(own.step({ ...none, aim: 5, isFiring: true }, speedMax)).toBe(2);
  });

  it("waits for a room that does not answer", () => {
    const own = new OwnFigure(start);
    for (let step = 0; step < 200; step += 1) own.step(right, speedMax);
    expect(own.nextNumber).toBe(pendingStepsMax + 1);
    expect(own.isWaiting).toBe(true);
    own.reconcile(own.body, pendingStepsMax, speedMax);
    expect(own.step(right, speedMax)).toBe(pendingStepsMax + 1);
  });

  it("slides to where the server puts it instead, and jumps only if that is far", () => {
    const own = new OwnFigure(start);
    expect(own.reconcile({ ...start, x: start.x + 160 }, 0, speedMax)).toBe(160);
    expect(own.shownAt(1).x).toBe(start.x);
    own.elapse(1000);
    expect(own.shownAt(1).x).toBeCloseTo(start.x + 160, 0);
    own.reconcile({ ...start, x: start.x + 20_000 }, 0, speedMax);
    expect(own.shownAt(1).x).toBe(start.x + 20_000);
  });
});

describe("one's own shots on the page", () => {
  it("leave at once, no faster than the server shoots, and end at walls and in front of others", () => {
    const shots = new OwnShots();
    let fired = 0;
    for (let step = 0; step < 60; step += 1) if (shots.elapse({ x: 8000, y: 2500 }, 0, true, 10)) fired += 1;
    expect(fired).toBe(3);
    const [first] = shots.shownAt(0, []);
    expect(first?.x).toBeGreaterThan(8000);
    expect(shots.shownAt(0, [{ x: first?.x ?? 0, y: first?.y ?? 0 }]).length).toBe(1);
    for (let step = 0; step < 60; step += 1) shots.elapse(undefined, 0, false, 10);
    expect(shots.shownAt(0, [])).toEqual([]);
  });
});

describe("the others on the page", () => {
  const at = (tick: number, x: number, vx = 0) => ({
    tick,
    figures: new Map([[1, figureAt(1, { x, y: 0, vx, vy: 0 })]]),
    bolts: new Map([[4, { id: 4, by: 1, from: { x: 500, y: 0 }, aim: 0, bornTick: 2 }]]),
  });
  const xOf = (playback: Playback, nowMs: number) => playback.shownAt(1, nowMs)?.body.x;

  it("are shown a little in the past, between two states", () => {
    const playback = new Playback();
    for (let tick = 0; tick < 5; tick += 1) playback.add(at(tick, tick * 100), 1000 + tick * tickMs);
    expect(xOf(playback, 1000 + playbackDelayMs + tickMs * 1.5)).toBeCloseTo(150);
    expect(xOf(playback, 1000 + playbackDelayMs + tickMs * 4)).toBeCloseTo(400);
    expect(playback.shownAt(2, 1000 + playbackDelayMs + tickMs)).toBeUndefined();
  });

  it("shoot where they are shown", () => {
    const playback = new Playback();
    for (let tick = 0; tick < 5; tick += 1) playback.add(at(tick, tick * 100), 1000 + tick * tickMs);
    expect(playback.boltsAt(1000 + playbackDelayMs + tickMs)).toEqual([]);
    expect(playback.boltsAt(1000 + playbackDelayMs + tickMs * 3)[0]?.x).toBeCloseTo(500 + 480);
  });

  it("go on as they went for a moment when states are late, then stand", () => {
    const playback = new Playback();
    for (let tick = 0; tick < 3; tick += 1) playback.add(at(tick, tick * 140, 70), tick * tickMs);
    expect(xOf(playback, playbackDelayMs + 3 * tickMs)).toBeCloseTo(280 + 140);
    const late = xOf(playback, playbackDelayMs + 1000);
    expect(late).toBeCloseTo(280 + 420);
    expect(xOf(playback, playbackDelayMs + 9000)).toBe(late);
  });

  it("do not slide across the arena when they are somewhere else", () => {
    const playback = new Playback();
    playback.add(at(0, 0), 0);
    playback.add(at(1, 30_000), tickMs);
    expect(xOf(playback, playbackDelayMs + tickMs / 2)).toBe(30_000);
  });

  it("take no notice of a state that comes late", () => {
    const playback = new Playback();
    playback.add(at(5, 500), 5 * tickMs);
    playback.add(at(4, 0), 5 * tickMs + 10);
    expect(xOf(playback, 5 * tickMs + playbackDelayMs)).toBe(500);
  });
});

describe("a match on the page", () => {
  function openMatch() {
    const sent: UpMessage[] = [];
    return { sent, match: new Match((message) => sent.push(message)) };
  }
  const ledger = new Ledger();
  ledger.apply({ kind: "entered", number: 7, id: "00000000000000ff", hue: 1, name: "Ada" });
  const welcome = encodeDown({ kind: "welcome", version: gameVersion, you: 7, ledger: ledger.save() });
  const state = (tick: number, { body = start, lastStep = 0, epoch = 1 } = {}) => {
    const writer = new ByteWriter()
      .u8(stateType)
      .varint(epoch)
      .varint(tick)
      .u8(0)
      .varint(lastStep)
      .u8(0)
      .varint(0)
      .varint(1);
    writeWholeFigure(writer, figureAt(7, body));
    return writer.varint(0).varint(0).finish();
  };
  const stepsOf = (sent: readonly UpMessage[]) =>
    sent.flatMap((message) => (message.kind === "steps" ? [message] : []));

  it("sends steps a tick at a time, and the rest when the figure has come to rest", () => {
    const { sent, match } = openMatch();
    match.receive(welcome, 0);
    match.receive(state(1), 0);
    match.frame(0, right);
    for (let frame = 1; frame <= 5; frame += 1) match.frame(frame * 17, right);
    expect(stepsOf(sent).map(({ first, seenTick }) => [first, seenTick])).toEqual([
      [1, 1],
      [3, 1],
    ]);
    for (let frame = 6; frame <= 60; frame += 1) match.frame(frame * 17, none);
    const steps = stepsOf(sent).flatMap((message) => message.steps);
    const count = sent.length;
    expect(steps.slice(0, 5)).toEqual(Array(5).fill(right));
    for (let frame = 61; frame <= 90; frame += 1) match.frame(frame * 17, none);
    expect(sent.length).toBe(count);
  });

  it("says now and then what it has seen, also while its figure stands", () => {
    const { sent, match } = openMatch();
    match.receive(welcome, 0);
    for (let tick = 1; tick <= 12; tick += 1) match.receive(state(tick), tick * tickMs);
    expect(sent).toEqual([
      { kind: "seen", tick: 5 },
      { kind: "seen", tick: 10 },
    ]);
  });

  it("GAME-6: begins anew with an owner that is behind the last one, and goes on numbering", () => {
    const { sent, match } = openMatch();
    match.receive(welcome, 0);
    match.receive(state(100), 0);
    match.frame(0, right);
    for (let frame = 1; frame <= 12; frame += 1) match.frame(frame * 17, right);
    const spawn = { x: 8000, y: 8000, vx: 0, vy: 0 };
    match.receive(state(3, { body: spawn, epoch: 2 }), 310);
    expect(match.ownPlace).toEqual({ x: 500, y: 500 });
    const before = stepsOf(sent).length;
    for (let frame = 13; frame <= 30; frame += 1) match.frame(frame * 17, right);
    expect(stepsOf(sent)[before]?.first).toBeGreaterThan(12);
    // What the old owner had said comes late.
    expect(match.receive(state(101), 320)).toBe("malformed");
  });

  it("GAME-6: gives up steps that the room will never get, where all wait for each other", () => {
    const { sent, match } = openMatch();
    match.receive(welcome, 0);
    match.receive(state(1), 0);
    for (let frame = 0; frame <= 100; frame += 1) match.frame(frame * 17, right);
    const stuck = stepsOf(sent).length;
    for (let tick = 2; tick <= 30; tick += 1) match.receive(state(tick), 1700 + tick * tickMs);
    for (let frame = 101; frame <= 110; frame += 1) match.frame(frame * 17, right);
    expect(stepsOf(sent)[stuck]?.first).toBe(pendingStepsMax + 1);
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
    expect(match.receive(new Uint8Array([1, 1]), 0)).toBe("other-version");
  });

  it("GAME-7: folds events once each, and counts what is missing or comes again", () => {
    const { match } = openMatch();
    match.receive(welcome, 0);
    const said = (serial: number) =>
      encodeDown({ kind: "events", serial, events: [{ kind: "said", number: 7, text: `${serial}` }] });
    for (const serial of [2, 3, 3, 2, 6]) match.receive(said(serial), 0);
    expect(match.ledger.chat.map(({ text }) => text)).toEqual(["2", "3", "6"]);
    expect([match.line.missed, match.line.repeated]).toEqual([2, 2]);
    expect(match.line.takeNews().map(({ serial }) => serial)).toEqual([2, 3, 6]);
    expect(match.line.takeNews()).toEqual([]);
  });

  it("GAME-5: with the server's own room behind a slow network, sees its figure where the server has it in the end", () => {
    const room = createFakeRoom((context) => new ArenaRoom(context));
    const session = room.join("name=Me");
    const toServer: { atMs: number; message: UpMessage }[] = [];
    const toPage: { atMs: number; bytes: Uint8Array }[] = [];
    let [nowMs, taken] = [0, 0];
    const match = new Match((message) => toServer.push({ atMs: nowMs + 70, message }));
    const deliver = (): void => {
      for (; taken < session.received.length; taken += 1) {
        const data = session.received[taken];
        if (data instanceof Uint8Array) toPage.push({ atMs: nowMs + 70, bytes: data });
      }
    };
    const { world } = room.room;
    for (; nowMs < 6000; nowMs += 5) {
      // The room is frozen for 150 ms in between, and its ticks are made up.
      const isFrozen = nowMs >= 2000 && nowMs < 2150;
      while (!isFrozen && (toServer[0]?.atMs ?? nowMs + 1) <= nowMs) {
        const message = toServer.shift()?.message;
        if (message !== undefined) room.say(session, encodeUp(message));
      }
      const ticksDue = isFrozen ? 0 : Math.floor(nowMs / tickMs) - world.tick;
      for (let tick = 0; tick < ticksDue; tick += 1) room.tick();
      deliver();
      while ((toPage[0]?.atMs ?? nowMs + 1) <= nowMs) match.receive(toPage.shift()?.bytes ?? new Uint8Array(), nowMs);
      const before = match.ownPlace;
      const wish = { ...none, x: Math.floor(nowMs / 800) % 2 ? 127 : -127, y: 90, isFiring: nowMs % 900 < 300 };
      if (nowMs % 15 === 0) match.frame(nowMs, nowMs < 5000 ? wish : none);
      const after = match.ownPlace;
      // Never corrected: each frame goes on from the one before by at most two steps of 88/16 pixels.
      if (before !== undefined && after !== undefined) {
        expect(Math.abs(after.x - before.x)).toBeLessThanOrEqual(2 * 5.5);
        expect(Math.abs(after.y - before.y)).toBeLessThanOrEqual(2 * 5.5);
      }
    }
    const body = world.figures.get(1)?.body;
    expect(match.ownPlace).toEqual({ x: (body?.x ?? 0) / 16, y: (body?.y ?? 0) / 16 });
    expect(match.prediction).toMatchObject({ corrections: 0, errorPxMax: 0 });
    expect(match.shotsFired).toBeGreaterThan(4);
  });
});
