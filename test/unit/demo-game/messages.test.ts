import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Ledger } from "../../../demo-game/server/rules/ledger.ts";
import {
  type DownMessage,
  decodeDown,
  decodeUp,
  encodeDown,
  encodeUp,
  gameVersion,
} from "../../../demo-game/server/rules/messages.ts";
import { StateReader } from "../../../demo-game/server/rules/state-reader.ts";
import { anyEvent, anyU16, anyU32, anyUp } from "./arbitraries.ts";

const wide = fc.integer({ min: 1, max: 0xffff_ffff });
const anyEvents = fc.array(anyEvent(fc.integer({ min: 1, max: 0xffff }), wide), { maxLength: 30 });
const byte = fc.integer({ min: 0, max: 255 });

const anyLedger = fc
  .array(anyEvent(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 12 })), { maxLength: 60 })
  .map((events) => {
    const ledger = new Ledger();
    for (const event of events) ledger.apply(event);
    return ledger.save();
  });

const anyDown: fc.Arbitrary<DownMessage> = fc.oneof(
  fc.record({
    kind: fc.constant("welcome" as const),
    version: fc.constant(gameVersion),
    you: anyU16,
    ledger: anyLedger,
  }),
  fc.record({ kind: fc.constant("events" as const), serial: anyU32, events: anyEvents }),
  fc.record({ kind: fc.constant("full" as const), placesMax: byte }),
  fc.record({ kind: fc.constant("pong" as const), token: anyU32 }),
  fc.record({
    kind: fc.constant("radar" as const),
    blips: fc.array(fc.record({ number: anyU16, x: byte, y: byte }), { maxLength: 100 }),
  }),
  fc.record({ kind: fc.constant("quiet" as const), seconds: byte }),
  fc.record({ kind: fc.constant("home" as const), server: fc.stringMatching(/^[a-z0-9-]{1,64}$/) }),
);

/** A view into the middle of larger bytes, as messages of a trunk are. */
function inTheMiddle(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length + 9).fill(0xaa);
  larger.set(bytes, 5);
  return larger.subarray(5, 5 + bytes.length);
}

describe("messages of the game", () => {
  it("come back from their bytes as they were", () => {
    fc.assert(
      fc.property(anyUp, (message) => {
        expect(decodeUp(inTheMiddle(encodeUp(message)))).toEqual(message);
      }),
    );
    fc.assert(
      fc.property(anyDown, (message) => {
        expect(decodeDown(inTheMiddle(encodeDown(message)), new StateReader())).toEqual(message);
      }),
    );
  });

  it("GAME-3: are refused when cut short or lengthened", () => {
    fc.assert(
      fc.property(anyUp, (message) => {
        const bytes = encodeUp(message);
        for (let length = 0; length < bytes.length; length += 1) {
          expect(decodeUp(bytes.subarray(0, length))).toBeUndefined();
        }
        expect(decodeUp(new Uint8Array([...bytes, 0]))).toBeUndefined();
      }),
    );
  });

  it("GAME-3: of any bytes at all are either refused or within their bounds", () => {
    const biased = fc.tuple(fc.integer({ min: 0, max: 8 }), fc.uint8Array({ maxLength: 80 }));
    fc.assert(
      fc.property(biased, ([type, rest]) => {
        const bytes = new Uint8Array([type, ...rest]);
        const up = decodeUp(bytes);
        if (up?.kind === "steps") {
          expect(up.first).toBeGreaterThanOrEqual(1);
          expect(up.steps.length).toBeGreaterThanOrEqual(1);
          expect(up.steps.length).toBeLessThanOrEqual(12);
          for (const { x, y } of up.steps) expect(Math.min(x, y)).toBeGreaterThanOrEqual(-127);
        }
        if (up !== undefined) expect(encodeUp(up)).toEqual(bytes);
        const down = decodeDown(bytes, new StateReader());
        const isOtherVersion = down?.kind === "welcome" && down.version !== gameVersion;
        if (down !== undefined && down.kind !== "state" && !isOtherVersion) expect(encodeDown(down)).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["nothing", []],
    ["an unknown type", [9]],
    ["no steps", [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]],
    ["step 0", [1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]],
    ["too many steps", [1, 1, 0, 0, 0, 0, 0, 0, 0, 13, ...new Array<number>(52).fill(0)]],
    ["numbers beyond the last", [1, 255, 255, 255, 255, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]],
    ["a direction of -128", [1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 128, 0, 0, 0]],
    ["a wish that there is not", [1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]],
    ["malformed UTF-8", [3, 2, 0xc3, 0x28]],
    ["half a surrogate in UTF-8", [5, 3, 0xed, 0xa0, 0x80]],
  ])("GAME-3: refuse %s", (_what, bytes) => {
    expect(decodeUp(new Uint8Array(bytes))).toBeUndefined();
  });

  it("keep their bytes, so that a page of yesterday understands a server of today", () => {
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
    const steps = [{ x: 127, y: -127, aim: 64, isFiring: true }];
    expect(hex(encodeUp({ kind: "steps", first: 258, seenTick: 3, steps }))).toBe("01020100000300000001" + "7f814001");
    expect(hex(encodeUp({ kind: "say", text: "Ä" }))).toBe("0502c384");
    const events = [
      { kind: "taken", item: 300, number: 7 },
      { kind: "felled", victim: 7, by: 2, drops: [{ item: 300, at: { x: 0x1234, y: 0xff00 } }] },
    ] as const;
    expect(hex(encodeDown({ kind: "events", serial: 130, events }))).toBe(
      "028201" + "02" + "07ac0207" + "0b070201ac02341200ff",
    );
  });

  it("tell a page of another version so, whatever else that version says", () => {
    expect(decodeDown(new Uint8Array([1, gameVersion + 1, 200, 201]), new StateReader())).toMatchObject({
      kind: "welcome",
      version: gameVersion + 1,
    });
  });

  it("are not written with numbers that do not fit", () => {
    expect(() => encodeDown({ kind: "quiet", seconds: 300 })).toThrow(RangeError);
    const steps = [{ x: 0.5, y: 0, aim: 0, isFiring: false }];
    expect(() => encodeUp({ kind: "steps", first: 1, seenTick: 0, steps })).toThrow(RangeError);
  });
});
