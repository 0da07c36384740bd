import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  chatLengthMax,
  nameLengthMax,
  parseHue,
  sanitizeChat,
  sanitizeName,
} from "../../../demo-game/server/rules/names.ts";

describe("names", () => {
  it("GAME-4: are short, visible and without markup, whatever was typed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const name = sanitizeName(text);
        expect(name.length).toBeGreaterThanOrEqual(1);
        expect(name.length).toBeLessThanOrEqual(nameLengthMax);
        expect(name).not.toMatch(/[\p{C}\p{Zl}\p{Zp}<>&"'`\\]/u);
        expect(name).not.toMatch(/\p{M}{3}/u);
        expect(name).toBe(name.trim());
        expect(Buffer.from(name).toString()).toBe(name);
      }),
      { numRuns: 500 },
    );
  });

  it("GAME-4: stay as they are when cleaned again", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        const name = sanitizeName(text);
        expect(sanitizeName(name)).toBe(name);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["Ada Lovelace", "Ada Lovelace"],
    ["  Ada \t\n Lovelace  ", "Ada Lovelace"],
    ["<img src=x onerror=alert(1)>", "img src=x onerror=al"],
    ["a\u0000\u001b[31mb", "a[31mb"],
    ["\u202Eevil\u2066", "evil"],
    ["zero\u200Bwidth", "zerowidth"],
    ["", "Guest"],
    ["   ", "Guest"],
    ["\u0301\u0302", "Guest"],
    ["🙂".repeat(30), "🙂".repeat(10)],
    [`${"a".repeat(19)}🙂`, "a".repeat(19)],
    ["Zoë e\u0301", "Zoë é"],
  ])("GAME-4: %j becomes %j", (typed, name) => {
    expect(sanitizeName(typed)).toBe(name);
  });

  it("come with a colour of 0 to 359 degrees, or with none", () => {
    expect([parseHue("0"), parseHue("359"), parseHue("12")]).toEqual([0, 359, 12]);
    expect([null, "", "360", "-1", "1e2", "12.5", "0x1"].map(parseHue)).toEqual(Array(7).fill(undefined));
  });
});

describe("lines of chat", () => {
  it("GAME-4: are one short line that can be sent and read, whatever was typed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 600 }), (typed) => {
        const text = sanitizeChat(typed);
        expect(text.length).toBeLessThanOrEqual(chatLengthMax);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(255);
        expect(text).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
        expect(text).not.toMatch(/\p{M}{3}/u);
        expect(text).toBe(text.trim());
        expect(Buffer.from(text).toString()).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['<b>5 > 3 & "so"</b>', '<b>5 > 3 & "so"</b>'],
    ["two\nlines\u0007", "two lines"],
    ["\u202Etxt", "txt"],
    [" \u0000 ", ""],
    ["字".repeat(200), "字".repeat(80)],
  ])("GAME-4: %j becomes %j", (typed, text) => {
    expect(sanitizeChat(typed)).toBe(text);
  });
});
