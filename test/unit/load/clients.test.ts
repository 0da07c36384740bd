import { describe, expect, it } from "vitest";
import { Doc, encodeStateAsUpdate } from "yjs";
import { encodeAnswer, encodeUpdate } from "../../../demo-editor/server/rules/messages.ts";
import { emptyLedger } from "../../../demo-game/server/rules/ledger.ts";
import {
  decodeUp,
  encodeDown,
  encodeUp,
  gameVersion,
  stepsPerMessageMax,
} from "../../../demo-game/server/rules/messages.ts";
import { arenaCrowd, encodeHeldStep } from "../../../load/k6/clients/arena-player.ts";
import { documentCrowd } from "../../../load/k6/clients/document-writer.ts";
import { echoCrowd } from "../../../load/k6/clients/echo-client.ts";
import { fanCrowd } from "../../../load/k6/clients/fan-client.ts";
import { ledgerCrowd } from "../../../load/k6/clients/ledger-client.ts";
import { writeText } from "../../../load/k6/clients/numbered-text.ts";
import type { ClientLink, Crowd, LoadClient } from "../../../load/k6/load-client.ts";

type Sent = string | ArrayBuffer | Uint8Array;

/** What one room's clients share. */
function oneEngine(): <T extends object>(make: () => T) => T {
  let made: object | undefined;
  return <T extends object>(make: () => T) => {
    made ??= make();
    return made as T;
  };
}

/** A link without a socket: what the client says lies in `sent`, what it found in `faults`. */
class FakeLink implements ClientLink {
  readonly index = 0;
  readonly name = "t-0";
  readonly room = "load-t-0";
  readonly strictUntilMs = 1_000;
  readonly sent: Sent[] = [];
  readonly faults: Record<string, number> = {};
  readonly answers: number[] = [];
  timeMs = 0;
  heardSecond: ((data: string | ArrayBuffer) => void) | undefined;
  readonly #engine: <T extends object>(make: () => T) => T;

  constructor(engine = oneEngine()) {
    this.#engine = engine;
  }

  nowMs(): number {
    return this.timeMs;
  }

  send(data: Sent): void {
    this.sent.push(data);
  }

  answered(sentMs: number): void {
    this.answers.push(this.timeMs - sentMs);
  }

  waited(): void {}

  found(fault: string, count: number): void {
    if (count > 0) this.faults[fault] = (this.faults[fault] ?? 0) + count;
  }

  broken(): void {
    this.faults["broken"] = (this.faults["broken"] ?? 0) + 1;
  }

  shared<T extends object>(make: () => T): T {
    return this.#engine(make);
  }

  second(heard: (data: string | ArrayBuffer) => void, opened: (send: (data: Uint8Array) => void) => void): void {
    this.heardSecond = heard;
    opened(() => {});
  }
}

function enter(crowd: Crowd, link = new FakeLink()): { client: LoadClient; link: FakeLink } {
  const client = crowd.create(link);
  client.opened?.();
  return { client, link };
}

const bufferOf = (bytes: Uint8Array): ArrayBuffer => bytes.slice().buffer as ArrayBuffer;
const said = (link: FakeLink): string[] => link.sent.filter((data): data is string => typeof data === "string");

/** Speaks three times; `deliver` says what comes back of the three. */
function faultsOf(crowd: Crowd, welcome: readonly string[], deliver: (said: string[]) => string[]) {
  const { client, link } = enter(crowd);
  for (const frame of welcome) client.heard(frame, 0);
  for (let times = 0; times < 3; times += 1) client.speak?.(0);
  for (const frame of deliver(said(link))) client.heard(frame, 1);
  const isSettled = client.isSettled?.(1);
  client.finish?.(1);
  return { faults: link.faults, isSettled };
}

const courses: [string, (all: string[]) => string[], Record<string, number>][] = [
  ["all", (all) => all, {}],
  ["not the second", ([a = "", , c = ""]) => [a, c], { gaps: 1 }],
  ["not the last", ([a = "", b = ""]) => [a, b], { gaps: 1 }],
  ["nothing", () => [], { gaps: 3 }],
  ["the second twice", ([a = "", b = "", c = ""]) => [a, b, b, c], { doubles: 1 }],
  ["the last two swapped", ([a = "", b = "", c = ""]) => [a, c, b], { reorderings: 1 }],
];

describe("an echo client", () => {
  it.each(courses)("that hears %s", (_what, deliver, faults) => {
    expect(faultsOf(echoCrowd, [], deliver)).toEqual({ faults, isSettled: faults["gaps"] === undefined });
  });

  it("takes what it never said for a fault", () => {
    const { client, link } = enter(echoCrowd);
    client.heard("what?", 0);
    client.heard(writeText({ sender: "t-9", number: 1, sentMs: 0, isLast: false }), 0);
    expect(link.faults).toEqual({ broken: 2 });
  });
});

describe("a member of a fan", () => {
  const line = (numbers: readonly number[], isLast = false) =>
    numbers.map((number, at) =>
      writeText({ sender: "t-1", number, sentMs: 0, isLast: isLast && at === numbers.length - 1 }),
    );

  it.each([
    ["from the middle to the end", line([7, 8, 9], true), {}],
    ["with a hole", line([7, 9], true), { gaps: 1 }],
    ["without its end", line([7, 8]), { gaps: 1 }],
    ["one twice", line([7, 8, 8, 9], true), { doubles: 1 }],
    ["two swapped", line([7, 9, 8, 10], true), { reorderings: 1 }],
  ])("hears another's line %s", (_what, frames, faults) => {
    const { client, link } = enter(fanCrowd);
    for (const frame of frames) client.heard(frame, 1);
    client.isSettled?.(2);
    for (const frame of said(link)) client.heard(frame, 2);
    client.finish?.(3);
    expect(link.faults).toEqual(faults);
  });
});

describe("a member of a ledger", () => {
  const welcome = [JSON.stringify({ total: 4, digest: "" })];
  const placed = (all: string[], places: readonly number[]) =>
    all.map((body, at) => JSON.stringify({ n: places[at], body }));

  it.each(courses.slice(0, 4))("that hears %s", (_what, deliver, faults) => {
    const delivered = (all: string[]) => placed(deliver(all), [5, 6, 7]);
    expect(faultsOf(ledgerCrowd, welcome, delivered).faults).toEqual(faults);
  });

  it("notices a hole between places, a place that comes twice, and a body that comes twice", () => {
    expect(faultsOf(ledgerCrowd, welcome, (all) => placed(all, [5, 7, 8])).faults).toEqual({ gaps: 1 });
    expect(faultsOf(ledgerCrowd, welcome, (all) => placed(all, [5, 5, 6])).faults).toEqual({ doubles: 1 });
    const twice = ([a = "", b = "", c = ""]: string[]) => placed([a, b, b, c], [5, 6, 7, 8]);
    expect(faultsOf(ledgerCrowd, welcome, twice).faults).toEqual({ doubles: 1 });
  });

  it("notices a second welcome, and a body before the first", () => {
    expect(faultsOf(ledgerCrowd, [...welcome, ...welcome], (all) => placed(all, [5, 6, 7])).faults).toEqual({
      broken: 1,
    });
    expect(faultsOf(ledgerCrowd, [], (all) => placed(all, [5, 6, 7])).faults).toEqual({ broken: 3, gaps: 3 });
  });
});

describe("a player", () => {
  const welcome = encodeDown({ kind: "welcome", version: gameVersion, you: 1, ledger: emptyLedger });
  const entered = { kind: "entered", number: 1, id: "a".repeat(16), hue: 1, name: "One" } as const;
  const told = (serial: number, words: readonly string[]) =>
    encodeDown({ kind: "events", serial, events: words.map((text) => ({ kind: "said", number: 1, text }) as const) });

  /** A word may be said before each frame, so that a second one is said behind the one that tells the first. */
  function play(frames: readonly Uint8Array[]): FakeLink {
    const { client, link } = enter(arenaCrowd);
    client.heard(bufferOf(welcome), 0);
    for (const [at, frame] of frames.entries()) {
      if (at > 0) client.speak?.(at * 6_000);
      client.heard(bufferOf(frame), at * 6_000);
    }
    client.finish?.(60_000);
    return link;
  }

  const enters = encodeDown({ kind: "events", serial: 1, events: [entered] });

  it("sends steps, pings and words that the arena reads", () => {
    const kinds = play([enters, told(2, ["word 1"])]).sent.map(
      (data) => decodeUp(new Uint8Array(data as ArrayBuffer))?.kind,
    );
    expect(kinds).toEqual(["steps", "ping", "say"]);
  });

  it.each([
    ["all events", [enters, told(2, ["word 1"]), told(3, ["word 2"])], {}],
    ["not the second word", [enters, told(2, ["word 1"]), told(3, [])], { gaps: 1 }],
    ["an event too few", [enters, told(2, ["word 1"]), told(4, ["word 2"])], { gaps: 1 }],
    [
      "an event twice, and with it a word",
      [enters, told(2, ["word 1"]), told(2, ["word 1"]), told(3, ["word 2"])],
      { doubles: 2 },
    ],
  ])("that hears %s", (_what, frames, faults) => {
    expect(play(frames).faults).toEqual(faults);
  });

  it("holds a step as the page's codec would write it", () => {
    const step = { x: -127, y: 90, aim: 255, isFiring: true };
    const steps = Array.from({ length: stepsPerMessageMax }, () => step);
    const whole = encodeUp({ kind: "steps", first: 70_000, seenTick: 300, steps });
    expect([...new Uint8Array(encodeHeldStep(70_000, 300, step))]).toEqual([...whole]);
  });

  /** Two players of one engine; each frame says who hears it. */
  function playTogether(heard: readonly (readonly [0 | 1, Uint8Array])[]) {
    const engine = oneEngine();
    const both = [new FakeLink(engine), new FakeLink(engine)].map((link) => enter(arenaCrowd, link));
    for (const { client } of both) client.heard(bufferOf(welcome), 0);
    for (const [who, frame] of heard) both[who]?.client.heard(bufferOf(frame), 0);
    const settled = both.map(({ client }) => client.isSettled?.(1));
    for (const { client } of both) client.finish?.(1);
    return { settled, faults: both.map(({ link }) => link.faults) };
  }

  const says = (word: string) =>
    encodeDown({ kind: "events", serial: 2, events: [{ kind: "said", number: 9, text: word }] });

  it.each([
    [
      "all",
      [
        [0, enters],
        [0, says("a")],
        [1, enters],
        [1, says("a")],
      ],
      [true, true],
      [{}, {}],
    ],
    [
      "not what the other one heard",
      [
        [0, enters],
        [0, says("a")],
        [1, enters],
      ],
      [true, false],
      [{}, { gaps: 1 }],
    ],
    [
      "less than the other one",
      [
        [1, enters],
        [0, enters],
        [1, says("a")],
      ],
      [false, true],
      [{ gaps: 1 }, {}],
    ],
    [
      "another word than the other one",
      [
        [0, enters],
        [1, enters],
        [0, says("a")],
        [1, says("b")],
      ],
      [true, false],
      [{}, { broken: 1, gaps: 1 }],
    ],
    [
      "an event twice, and the other one once",
      [
        [0, enters],
        [1, enters],
        [1, enters],
      ],
      [true, true],
      [{}, { doubles: 1 }],
    ],
  ] as const)("that shares an engine hears %s", (_what, heard, settled, faults) => {
    expect(playTogether(heard)).toEqual({ settled, faults });
  });

  it("takes what is malformed for a fault", () => {
    expect(play([Uint8Array.of(250, 1)]).faults).toEqual({ broken: 1 });
  });
});

describe("a writer", () => {
  /** What a second socket would fetch: what this writer has sent, but for the updates from `lost` on. */
  function write(changes: number, lost = Number.POSITIVE_INFINITY): Record<string, number> {
    const { client, link } = enter(documentCrowd);
    for (let change = 0; change < changes; change += 1) client.speak?.(change);
    const frames = link.sent.filter((data): data is Uint8Array => data instanceof Uint8Array);
    const isEcho = (frame: Uint8Array) => frame[0] === 64;
    for (const frame of frames.filter(isEcho)) client.heard(bufferOf(frame), changes);
    const updates = frames.filter((frame) => !isEcho(frame)).slice(1);
    client.isSettled?.(changes);
    for (const frame of updates.slice(0, lost)) link.heardSecond?.(bufferOf(frame));
    client.finish?.(changes);
    return link.faults;
  }

  it("finds everything that it has written", () => {
    expect(write(30)).toEqual({});
  });

  it("misses what is not there", () => {
    const faults = write(30, 29);
    expect((faults["gaps"] ?? 0) + (faults["broken"] ?? 0)).toBeGreaterThan(0);
  });

  it("waits for an update that others build on, and for what a new socket is told", () => {
    const other = new Doc();
    const updates: Uint8Array[] = [];
    other.on("update", (update: Uint8Array) => updates.push(update));
    other.getText("text").insert(0, "a");
    other.getText("text").insert(1, "b");
    const { client, link } = enter(documentCrowd);
    client.heard(bufferOf(encodeUpdate(updates[1] ?? new Uint8Array())), 0);
    expect(client.isSettled?.(0)).toBe(false);
    client.heard(bufferOf(encodeUpdate(updates[0] ?? new Uint8Array())), 0);
    expect(client.isSettled?.(0)).toBe(false);
    link.heardSecond?.(bufferOf(encodeAnswer(encodeStateAsUpdate(other))));
    expect(client.isSettled?.(0)).toBe(true);
  });
});
