import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteReader, ByteWriter } from "../../../demo-game/server/rules/bytes.ts";
import { type ArenaEvent, decodeEvent, encodeEvent } from "../../../demo-game/server/rules/events.ts";
import { carriedMax, itemKinds, pointsForFelling, pointsForGems } from "../../../demo-game/server/rules/items.ts";
import { Ledger } from "../../../demo-game/server/rules/ledger.ts";
import { readLedger, writeLedger } from "../../../demo-game/server/rules/ledger-codec.ts";
import { anyEvent } from "./arbitraries.ts";

const anyNumber = fc.integer({ min: 1, max: 5 });
/** Raced, repeated, stale and impossible ones too: nobody has looked at what is. */
const anyHistory = fc.array(anyEvent(anyNumber, fc.integer({ min: 1, max: 14 })), { maxLength: 150 });

function fold(events: readonly ArenaEvent[], ledger = new Ledger()): Ledger {
  for (const event of events) ledger.apply(event);
  return ledger;
}

const enter = (number: number): ArenaEvent => ({
  kind: "entered",
  number,
  id: number.toString(16).padStart(16, "0"),
  hue: 0,
  name: "Ada",
});
const spawn = (item: number, itemKind: (typeof itemKinds)[number] = "gem"): ArenaEvent => ({
  kind: "spawned",
  item,
  itemKind,
  at: { x: 1000, y: 1000 },
});

describe("the ledger of an arena", () => {
  it("GAME-7: has each thing that ever was in exactly one place, after any events at all", () => {
    fc.assert(
      fc.property(anyHistory, (events) => {
        const ledger = new Ledger();
        for (const event of events) {
          ledger.apply(event);
          expect(ledger.items.size + ledger.itemsUsed).toBe(ledger.itemsSpawned);
          const held = [...ledger.players.keys()].flatMap((number) => ledger.heldBy(number));
          const lying = [...ledger.items.values()].filter((item) => item.holder === undefined);
          expect(held.length + lying.length).toBe(ledger.items.size);
          for (const player of ledger.players.values()) {
            for (const kind of itemKinds) {
              expect(player.carried[kind]).toBe(
                ledger.heldBy(player.number).filter((item) => item.kind === kind).length,
              );
              expect(player.carried[kind]).toBeLessThanOrEqual(carriedMax[kind]);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("GAME-7: never takes a point from anybody", () => {
    fc.assert(
      fc.property(anyHistory, (events) => {
        const ledger = new Ledger();
        for (const event of events) {
          const before = new Map([...ledger.players].map(([number, { id, score }]) => [number, { id, score }]));
          ledger.apply(event);
          for (const [number, { id, score }] of before) {
            const after = ledger.players.get(number);
            if (after?.id === id) expect(after.score).toBeGreaterThanOrEqual(score);
          }
        }
      }),
    );
  });

  it("GAME-7: is the same from its snapshot and the events behind it as from all events", () => {
    fc.assert(
      fc.property(anyHistory, fc.nat(150), (events, cut) => {
        const writer = new ByteWriter();
        writeLedger(writer, fold(events.slice(0, cut)).save());
        const reader = new ByteReader(writer.finish());
        const restored = new Ledger(readLedger(reader));
        expect(reader.isWhole).toBe(true);
        const replayed = events.slice(cut).map((event) => decodeEvent(encodeEvent(event)));
        for (const event of replayed) if (event !== undefined) restored.apply(event);
        const whole = fold(events);
        expect(restored.save()).toEqual(whole.save());
        expect([...restored.players.values()]).toEqual([...whole.players.values()]);
      }),
    );
  });

  it("GAME-7: gives a thing to the first of two who take it, and to nobody twice", () => {
    const ledger = fold([enter(1), enter(2), spawn(1)]);
    expect(ledger.apply({ kind: "taken", item: 1, number: 1 })).toBe(true);
    expect(ledger.apply({ kind: "taken", item: 1, number: 2 })).toBe(false);
    expect(ledger.apply({ kind: "taken", item: 1, number: 1 })).toBe(false);
    expect(ledger.items.get(1)?.holder).toBe(1);
    expect(ledger.apply(spawn(1))).toBe(false);
    expect(ledger.apply({ kind: "used", item: 1, number: 2 })).toBe(false);
    expect(ledger.apply({ kind: "used", item: 1, number: 1 })).toBe(true);
    expect(ledger.apply({ kind: "taken", item: 1, number: 2 })).toBe(false);
    expect([ledger.items.size, ledger.itemsUsed]).toEqual([0, 1]);
  });

  it("keeps what a player has while it is away, and puts it down when it is gone or felled", () => {
    const ledger = fold([enter(1), enter(2), spawn(1), spawn(2, "boots"), spawn(3)]);
    fold(
      [1, 2, 3].map((item) => ({ kind: "taken", item, number: 1 }) as const),
      ledger,
    );
    ledger.apply({ kind: "away", number: 1 });
    expect(ledger.apply({ kind: "taken", item: 1, number: 1 })).toBe(false);
    expect(ledger.players.get(1)?.carried).toMatchObject({ gem: 2, boots: 1 });
    ledger.apply({ kind: "back", number: 1 });
    ledger.apply({ kind: "felled", victim: 1, by: 2, drops: [{ item: 1, at: { x: 5, y: 6 } }] });
    expect(ledger.items.get(1)).toMatchObject({ holder: undefined, at: { x: 5, y: 6 } });
    expect(ledger.items.get(3)).toMatchObject({ holder: undefined, at: { x: 1000, y: 1000 } });
    expect(ledger.players.get(2)).toMatchObject({ score: pointsForFelling, felled: 1 });
    expect(ledger.players.get(1)).toMatchObject({ falls: 1, carried: { gem: 0, boots: 0 } });
  });

  it("makes points of gems, more of more at once", () => {
    const ledger = fold([enter(1), spawn(1), spawn(2), spawn(3, "heart")]);
    fold(
      [1, 2, 3].map((item) => ({ kind: "taken", item, number: 1 }) as const),
      ledger,
    );
    ledger.apply({ kind: "banked", number: 1 });
    expect(ledger.players.get(1)).toMatchObject({ score: 30, carried: { gem: 0, heart: 1 } });
    expect(ledger.apply({ kind: "banked", number: 1 })).toBe(false);
    expect([1, 2, 3, 4].map(pointsForGems)).toEqual([10, 30, 60, 100]);
  });

  it("knows an identity once, remembers the last lines of chat, and gives numbers in turn", () => {
    const ledger = fold([enter(1)]);
    expect(ledger.apply({ ...enter(1), number: 2 } as ArenaEvent)).toBe(false);
    for (let line = 0; line < 30; line += 1) ledger.apply({ kind: "said", number: 1, text: `line ${line}` });
    expect(ledger.chat.map(({ text }) => text)).toEqual(Array.from({ length: 20 }, (_, line) => `line ${line + 10}`));
    expect(ledger.freeNumber()).toBe(2);
    ledger.apply({ kind: "left", number: 1, drops: [] });
    expect(ledger.freeNumber()).toBe(2);
    expect(fold([enter(0xffff), enter(1)], new Ledger()).freeNumber()).toBe(2);
  });
});
