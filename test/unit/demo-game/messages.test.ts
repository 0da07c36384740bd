import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type DownMessage,
  decodeDown,
  decodeUp,
  encodeDown,
  encodeUp,
  gameVersion,
  type UpMessage,
} from "../../../demo-game/server/rules/messages.ts";
import { sanitizeName } from "../../../demo-game/server/rules/names.ts";

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const part = fc.integer({ min: -127, max: 127 });
const name = fc.string({ unit: "binary", maxLength: 60 }).map(sanitizeName);
const card = fc.record({ number: u16, hue: fc.integer({ min: 0, max: 359 }), name });
const body = fc.record({ x: u16, y: u16, vx: part, vy: part });
const figure = fc.record({ number: u16, body, lastStep: u32 });

const anyUp: fc.Arbitrary<UpMessage> = fc.oneof(
  fc.record({
    kind: fc.constant("steps" as const),
    first: fc.integer({ min: 1, max: 0xffff_ffff - 12 }),
    directions: fc.array(fc.record({ x: part, y: part }), { minLength: 1, maxLength: 12 }),
  }),
  fc.record({ kind: fc.constant("ping" as const), token: u32 }),
  fc.record({ kind: fc.constant("rename" as const), name }),
);

const anyDown: fc.Arbitrary<DownMessage> = fc.oneof(
  fc.record({
    kind: fc.constant("welcome" as const),
    version: fc.constant(gameVersion),
    you: u16,
    tick: u32,
    players: fc.array(card, { maxLength: 100 }),
  }),
  fc.record({ kind: fc.constant("entered" as const), player: card }),
  fc.record({ kind: fc.constant("left" as const), number: u16 }),
  fc.record({ kind: fc.constant("state" as const), tick: u32, figures: fc.array(figure, { maxLength: 100 }) }),
  fc.record({ kind: fc.constant("pong" as const), token: u32 }),
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
        expect(decodeDown(inTheMiddle(encodeDown(message)))).toEqual(message);
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
    const biased = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.uint8Array({ maxLength: 80 }));
    fc.assert(
      fc.property(biased, ([type, rest]) => {
        const bytes = new Uint8Array([type, ...rest]);
        const up = decodeUp(bytes);
        if (up?.kind === "steps") {
          expect(up.first).toBeGreaterThanOrEqual(1);
          expect(up.directions.length).toBeGreaterThanOrEqual(1);
          expect(up.directions.length).toBeLessThanOrEqual(12);
          for (const { x, y } of up.directions) expect(Math.min(x, y)).toBeGreaterThanOrEqual(-127);
        }
        if (up !== undefined) expect(encodeUp(up)).toEqual(bytes);
        const down = decodeDown(bytes);
        const isOtherVersion = down?.kind === "welcome" && down.version !== gameVersion;
        if (down !== undefined && !isOtherVersion) expect(encodeDown(down)).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["nothing", []],
    ["an unknown type", [9]],
    ["no steps", [1, 1, 0, 0, 0, 0]],
    ["step 0", [1, 0, 0, 0, 0, 1, 0, 0]],
    ["too many steps", [1, 1, 0, 0, 0, 13, ...new Array<number>(26).fill(0)]],
    ["numbers beyond the last", [1, 255, 255, 255, 255, 2, 0, 0, 0, 0]],
    ["a direction of -128", [1, 1, 0, 0, 0, 1, 128, 0]],
    ["malformed UTF-8", [3, 2, 0xc3, 0x28]],
    ["half a surrogate in UTF-8", [3, 3, 0xed, 0xa0, 0x80]],
  ])("GAME-3: refuse %s", (_what, bytes) => {
    expect(decodeUp(new Uint8Array(bytes))).toBeUndefined();
  });

  it("keep their bytes, so that a page of yesterday understands a server of today", () => {
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
    expect(hex(encodeUp({ kind: "steps", first: 258, directions: [{ x: 127, y: -127 }] }))).toBe("0102010000017f81");
    expect(hex(encodeUp({ kind: "rename", name: "Ä" }))).toBe("0302c384");
    const figures = [{ number: 3, body: { x: 0x1234, y: 0xff00, vx: 70, vy: -1 }, lastStep: 9 }];
    expect(hex(encodeDown({ kind: "state", tick: 1, figures }))).toBe("04010000000103003412" + "00ff46ff09000000");
    const players = [{ number: 7, hue: 300, name: "Al" }];
    expect(hex(encodeDown({ kind: "welcome", version: 1, you: 7, tick: 2, players }))).toBe(
      "010107000200000001" + "07002c0102416c",
    );
  });

  it("tell a page of another version so, whatever else that version says", () => {
    expect(decodeDown(new Uint8Array([1, gameVersion + 1, 200, 201]))).toMatchObject({
      kind: "welcome",
      version: gameVersion + 1,
    });
  });

  it("are not written with numbers that do not fit", () => {
    expect(() => encodeDown({ kind: "left", number: 70_000 })).toThrow(RangeError);
    expect(() => encodeUp({ kind: "steps", first: 1, directions: [{ x: 0.5, y: 0 }] })).toThrow(RangeError);
  });
});
