import type { DialectName } from "./dialect.ts";

/** The clients that a generator opens. */
export interface CrowdPlan {
  readonly dialect: DialectName;
  /** Clients take ports, rooms and local addresses in turn. */
  readonly ports: readonly number[];
  readonly rooms: readonly string[];
  readonly clients: number;
  readonly contentBytes: number;
  readonly openPerSecond: number;
  /** Loopback addresses to connect from; each has ports for about 28 000 clients to one server. Default is the system's choice. */
  readonly localAddresses?: readonly string[];
}

/**
 * Who speaks:
 * - `each`: every client has so many messages in flight, and says the next one when an answer comes.
 * - `turns`: so many are in flight in all; each answer lets the next client in line speak. What is in flight is then the same for any
 *   number of clients.
 * - `rooms`: the first client of each room speaks when all members have what it said before, or all others: some servers send a message
 *   to its sender too.
 * - `nobody`: from now on.
 */
export type Talk =
  | { readonly who: "each"; readonly inFlight: number }
  | { readonly who: "turns"; readonly inFlight: number }
  | { readonly who: "rooms"; readonly hear: "all" | "others" }
  | { readonly who: "nobody" };

export type Order =
  | { readonly do: "open"; readonly plan: CrowdPlan }
  | { readonly do: "talk"; readonly talk: Talk }
  | { readonly do: "count" };

/** Sums since the start, but for `roomMs`. */
export interface Counts {
  readonly open: number;
  readonly closed: number;
  readonly sent: number;
  /** Data frames that came. */
  readonly received: number;
  readonly pings: number;
  /** How often a server gave which reason, or none. */
  readonly closes: readonly (readonly [why: string, count: number])[];
  /** `rooms` only, since the count before: from a message's start to the last member that got it. The newest 10 000. */
  readonly roomMs: readonly number[];
}

export type Report =
  | { readonly said: "opened"; readonly tookMs: number }
  | { readonly said: "talks" }
  | { readonly said: "counts"; readonly counts: Counts }
  | { readonly said: "failed"; readonly problem: string };
