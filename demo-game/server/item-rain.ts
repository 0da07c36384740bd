import type { Chance } from "./chance.ts";
import { arena, type Place, unitsPerPixel } from "./rules/arena.ts";
import { isStopped } from "./rules/bolts.ts";
import type { Drop } from "./rules/events.ts";
import { type ItemKind, itemKinds, itemsWanted } from "./rules/items.ts";
import type { Ledger } from "./rules/ledger.ts";

/** Things do not lie nearer to each other than this. */
const apartUnits = 30 * unitsPerPixel;
const scatterUnits = 70 * unitsPerPixel;
/** From the rim, so that a figure can reach it. */
const marginUnits = 30 * unitsPerPixel;

/** What is missing most in the arena, and where it may come to lie; `undefined` while nothing is missing or no spot is free. */
export function nextItem(ledger: Ledger, chance: Chance): { readonly kind: ItemKind; readonly at: Place } | undefined {
  const players = ledger.playersHere;
  const counts = new Map<ItemKind, number>();
  for (const { kind } of ledger.items.values()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const missing = itemKinds.filter((kind) => (counts.get(kind) ?? 0) < itemsWanted[kind](players));
  const kind = chance.pick(missing);
  if (kind === undefined) return undefined;
  const lying = [...ledger.items.values()].filter((item) => item.holder === undefined);
  const isFree = (spot: Place): boolean => lying.every(({ at }) => isApart(at, spot));
  const at = chance.pick(arena.itemSpots.filter(isFree));
  return at === undefined ? undefined : { kind, at };
}

/** Where all that a player holds comes to lie around `centre`: on the floor, and within reach. */
export function scatter(ledger: Ledger, player: number, centre: Place, chance: Chance): Drop[] {
  return ledger.heldBy(player).map(({ number }) => ({ item: number, at: nearby(centre, chance) }));
}

function nearby(centre: Place, chance: Chance): Place {
  const x = within(centre.x + chance.below(2 * scatterUnits + 1) - scatterUnits, arena.width);
  const y = within(centre.y + chance.below(2 * scatterUnits + 1) - scatterUnits, arena.height);
  return isStopped({ x, y }, arena) ? { x: centre.x, y: centre.y } : { x, y };
}

function within(value: number, length: number): number {
  return Math.min(Math.max(value, marginUnits), length - marginUnits);
}

function isApart(one: Place, other: Place): boolean {
  return Math.max(Math.abs(one.x - other.x), Math.abs(one.y - other.y)) > apartUnits;
}
