import fc from "fast-check";
import type { ArenaEvent } from "../../../demo-game/server/rules/events.ts";
import { itemKinds } from "../../../demo-game/server/rules/items.ts";
import type { UpMessage } from "../../../demo-game/server/rules/messages.ts";
import type { Step } from "../../../demo-game/server/rules/motion.ts";
import { sanitizeChat, sanitizeName } from "../../../demo-game/server/rules/names.ts";

export const anyU16 = fc.integer({ min: 0, max: 0xffff });
export const anyU32 = fc.integer({ min: 0, max: 0xffff_ffff });
export const anyPart = fc.integer({ min: -127, max: 127 });
export const anyAim = fc.integer({ min: 0, max: 255 });
export const anyName = fc.string({ unit: "binary", maxLength: 60 }).map(sanitizeName);
export const anyChat = fc.string({ unit: "binary", maxLength: 200 }).map(sanitizeChat);
export const anyHue = fc.integer({ min: 0, max: 359 });
export const anyPlace = fc.record({ x: anyU16, y: anyU16 });
export const anyStep: fc.Arbitrary<Step> = fc.record({ x: anyPart, y: anyPart, aim: anyAim, isFiring: fc.boolean() });

export const anyUp: fc.Arbitrary<UpMessage> = fc.oneof(
  fc.record({
    kind: fc.constant("steps" as const),
    first: fc.integer({ min: 1, max: 0xffff_ffff - 12 }),
    seenTick: anyU32,
    steps: fc.array(anyStep, { minLength: 1, maxLength: 12 }),
  }),
  fc.record({ kind: fc.constant("ping" as const), token: anyU32 }),
  fc.record({ kind: fc.constant("rename" as const), name: anyName }),
  fc.record({ kind: fc.constant("seen" as const), tick: anyU32 }),
  fc.record({ kind: fc.constant("say" as const), text: anyChat }),
  fc.constant({ kind: "heal" as const }),
);

/** Events of a small arena, so that they meet: most of them do not fit what is. */
export function anyEvent(players: fc.Arbitrary<number>, items: fc.Arbitrary<number>): fc.Arbitrary<ArenaEvent> {
  const drops = fc.array(fc.record({ item: items, at: anyPlace }), { maxLength: 6 });
  const id = players.map((number) => number.toString(16).padStart(16, "0"));
  const ofPlayer = <Kind extends "away" | "back" | "banked">(kind: Kind) =>
    fc.record({ kind: fc.constant(kind), number: players });
  return fc.oneof(
    fc.record({ kind: fc.constant("entered" as const), number: players, id, hue: anyHue, name: anyName }),
    ofPlayer("away"),
    ofPlayer("back"),
    ofPlayer("banked"),
    fc.record({ kind: fc.constant("left" as const), number: players, drops }),
    fc.record({ kind: fc.constant("renamed" as const), number: players, name: anyName }),
    fc.record({
      kind: fc.constant("spawned" as const),
      item: items,
      itemKind: fc.constantFrom(...itemKinds),
      at: anyPlace,
    }),
    fc.record({ kind: fc.constant("taken" as const), item: items, number: players }),
    fc.record({ kind: fc.constant("used" as const), item: items, number: players }),
    fc.record({ kind: fc.constant("hit" as const), victim: players, by: players }),
    fc.record({ kind: fc.constant("felled" as const), victim: players, by: players, drops }),
    fc.record({ kind: fc.constant("said" as const), number: players, text: anyChat }),
  );
}
