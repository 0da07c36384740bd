import type { Place } from "../server/rules/arena.ts";
import type { ShownFigure } from "./play/match.ts";

/** What browser tests read at `window.__game`. Nothing can be changed through it. */
export interface DebugHook {
  readonly room: string;
  /** As the room has it; `undefined` before the welcome. */
  readonly name: string | undefined;
  /** Pixels of the arena, as predicted; `undefined` before the first state. */
  readonly position: Place | undefined;
  readonly players: number;
  /** How often this page has lost its connection. */
  readonly closes: number;
  readonly lastCloseCode: number | undefined;
  /** `performance.now()` of the last state; `undefined` before the first. */
  readonly lastStateMs: number | undefined;
  /** States received. */
  readonly states: number;
  /** Longest time between two states, in ms. */
  readonly longestSilenceMs: number;
  readonly pingMs: number | undefined;
  readonly connection: string;
  readonly renderer: string | undefined;
  /** As drawn last. */
  readonly figures: readonly ShownFigure[];
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
