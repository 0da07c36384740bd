import type { Place } from "../server/rules/arena.ts";
import type { Carried } from "../server/rules/items.ts";
import type { PredictionRecord } from "./play/match.ts";

/** A figure as drawn last, in pixels of the arena. */
export interface HookFigure {
  readonly name: string;
  readonly isOwn: boolean;
  readonly x: number;
  readonly y: number;
}

/** What browser tests read at `window.__game`. Nothing can be changed through it. */
export interface DebugHook {
  readonly room: string;
  /** As the room has it; `undefined` before the welcome. */
  readonly name: string | undefined;
  /** Of one's player in the arena. */
  readonly number: number | undefined;
  /** Pixels of the arena, as predicted; `undefined` before the first state. */
  readonly position: Place | undefined;
  readonly players: number;
  readonly score: number;
  readonly carried: Carried;
  readonly health: number | undefined;
  /** How often this page has lost its connection. */
  readonly closes: number;
  readonly lastCloseCode: number | undefined;
  /** `performance.now()` of the last state; `undefined` before the first. */
  readonly lastStateMs: number | undefined;
  /** States received. */
  readonly states: number;
  /** Longest time between two states, in ms. */
  readonly longestSilenceMs: number;
  /** How often the arena has changed its owner under this page, and how long the last change was felt, in ms. */
  readonly moves: number;
  readonly lastMoveMs: number | undefined;
  /** The room server that has the arena, and the number that rises with every change of it. */
  readonly server: string | undefined;
  readonly epoch: number | undefined;
  /** Number of the last reliable event; those that never came, and those that came again. */
  readonly serial: number;
  readonly eventsMissed: number;
  readonly eventsRepeated: number;
  /** Scores as folded from the events, by number. */
  readonly scores: Readonly<Record<number, number>>;
  /** Spawned, on the ground, in hands, used up. */
  readonly items: { readonly spawned: number; readonly lying: number; readonly held: number; readonly used: number };
  readonly prediction: PredictionRecord;
  readonly pingMs: number | undefined;
  readonly connection: string;
  readonly renderer: string | undefined;
  readonly bolts: number;
  readonly figures: readonly HookFigure[];
}

declare global {
  interface Window {
    __game?: DebugHook;
  }
}

/** `read` is asked anew at each access. */
export function openDebugHook(read: { readonly [Key in keyof DebugHook]: () => DebugHook[Key] }): void {
  const hook = {};
  for (const [key, get] of Object.entries(read)) Object.defineProperty(hook, key, { get, enumerable: true });
  Object.defineProperty(window, "__game", { value: Object.freeze(hook), writable: false });
}
