import { bootsSpeedMax, speedMax } from "./motion.ts";
import { ticksIn } from "./timing.ts";

/** What lies around and can be carried. The order is on the wire. */
export const itemKinds = ["gem", "heart", "shield", "boots", "blaster"] as const;
export type ItemKind = (typeof itemKinds)[number];

/** Most of a kind that one player can carry. A gem is worth the more, the more of them are brought to the bank at once. */
export const carriedMax: Readonly<Record<ItemKind, number>> = { gem: 9, heart: 2, shield: 1, boots: 1, blaster: 1 };

/** How many of a kind an arena of this many players has, on the ground and in hands together. */
export const itemsWanted: Readonly<Record<ItemKind, (players: number) => number>> = {
  gem: (players) => Math.min(10 + players, 48),
  heart: (players) => Math.min(3 + Math.floor(players / 6), 12),
  shield: (players) => Math.min(3 + Math.floor(players / 6), 12),
  boots: (players) => Math.min(2 + Math.floor(players / 8), 8),
  blaster: (players) => Math.min(2 + Math.floor(players / 8), 8),
};

export type Carried = Readonly<Record<ItemKind, number>>;

export const emptyHanded: Carried = { gem: 0, heart: 0, shield: 0, boots: 0, blaster: 0 };

/** What is held changes what can be done: units per step. */
export function speedWith(carried: Carried): number {
  return carried.boots > 0 ? bootsSpeedMax : speedMax;
}

/** Ticks between two shots. */
export function reloadTicksWith(carried: Carried): number {
  return ticksIn(carried.blaster > 0 ? 0.17 : 0.34);
}

/** Points for bringing so many gems to the bank at once: 10, 30, 60, 100, … */
export function pointsForGems(count: number): number {
  return 5 * count * (count + 1);
}

export const pointsForFelling = 15;
export const healthMax = 3;
