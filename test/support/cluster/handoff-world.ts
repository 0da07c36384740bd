import { type MoveIn, stepMoveIn } from "../../../gateway/cluster/move-in.ts";
import { type MoveOut, stepMoveOut } from "../../../gateway/cluster/move-out.ts";
import { type HeadView, type Ownership, step, type Version } from "../../../gateway/cluster/ownership.ts";
import type { ServerId } from "../../../gateway/wire/ids.ts";

/**
 * Two servers with the real machines, one room, a store that may answer late, `unknown` or `unavailable`, a link that may break, and
 * one gateway that shows what comes at the highest epoch it has seen. `handoff-model.ts` gives every next world.
 *
 * A world is plain data, so that equal worlds have equal JSON.
 */
export interface Rules {
  readonly ownership: typeof step;
  readonly moveOut: typeof stepMoveOut;
  readonly moveIn: typeof stepMoveIn;
  /** Whether a takeover that expects `expect` may change `head`. */
  readonly fits: (head: HeadView, expect: Version) => boolean;
  /** A target that is looking the room up for a gateway when a move of it begins gives the look-up up. */
  readonly cedes: boolean;
}

export const realRules: Rules = {
  ownership: step,
  moveOut: stepMoveOut,
  moveIn: stepMoveIn,
  fits: (head, expect) => head.epoch === expect.epoch && head.tail === expect.tail,
  cedes: true,
};

export interface Bounds {
  readonly rules: Rules;
  /** A room that appends: turns are records in the store, and a takeover reads them. */
  readonly journaled: boolean;
  /** How often the store or the link fails. */
  readonly faults: number;
  readonly moves: number;
  readonly turns: number;
  /** How often a living owner is taken for dead. */
  readonly suspicions: number;
  readonly releases: number;
  readonly silences: number;
}

export type Name = "a" | "b";
type Message =
  | { readonly t: "prepare" | "got" | "prepared" | "refused" | "abort" | "failed" }
  | { readonly t: "body"; readonly turns: number }
  | { readonly t: "commit"; readonly expect: Version }
  | { readonly t: "taken"; readonly epoch: number };
export type Answer =
  | { readonly kind: "taken" | "fenced" | "head"; readonly head: HeadView }
  | { readonly kind: "released" | "unknown" | "unavailable" };

export interface Call {
  readonly by: "cell" | "moveIn";
  readonly kind: "readHead" | "takeOver" | "release";
  readonly expect: Version;
  answer: Answer | null;
}

interface Server {
  cell: Ownership | null;
  position: Version;
  /** How many turns the state in memory has seen. */
  turns: number;
  calls: Call[];
  retryDue: boolean;
}

export interface World {
  head: HeadView;
  /** Turns that are safe in the store: a snapshot's, or the journal's. */
  stored: number;
  a: Server;
  b: Server;
  /** Requests that were answered `unknown` and may still land. */
  floating: { from: Name; call: Call }[];
  moveOut: MoveOut | null;
  moveIn: MoveIn | null;
  moveInRetryDue: boolean;
  /** Turns of the state that the target has received; -1 for none. */
  received: number;
  toA: Message[];
  toB: Message[];
  gateway: { epoch: number; shown: number };
  left: { faults: number; moves: number; turns: number; suspicions: number; releases: number; silences: number };
}

export const ids: Readonly<Record<Name, ServerId>> = { a: "a" as ServerId, b: "b" as ServerId };

export function firstWorld(bounds: Bounds): World {
  const { faults, moves, turns, suspicions, releases, silences } = bounds;
  const idle: Omit<Server, "cell"> = { position: { epoch: 1, tail: 0 }, turns: 0, calls: [], retryDue: false };
  return {
    head: { epoch: 1, tail: 0, owner: ids.a },
    stored: 0,
    a: { cell: { kind: "running", epoch: 1 }, ...structuredClone(idle) },
    b: { cell: null, ...structuredClone(idle) },
    floating: [],
    moveOut: null,
    moveIn: null,
    moveInRetryDue: false,
    received: -1,
    toA: [],
    toB: [],
    gateway: { epoch: 1, shown: 0 },
    left: { faults, moves, turns, suspicions, releases, silences },
  };
}
