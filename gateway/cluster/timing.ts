/** Spans and bounds that only work together. DESIGN 7 gives the reasons; `checkTiming` holds the relations. */
export interface Timing {
  /** A member writes its row, and looks at the others' rows, this often. */
  readonly heartbeatMs: number;
  /** A server that could not renew its row for this long stops its turns. */
  readonly selfFreezeMs: number;
  /** A member whose counter has not moved for this long on the observer's clock is lost. */
  readonly leaseMs: number;
  /** A move may keep its room frozen for this long; then the source goes on alone. */
  readonly freezeBudgetMs: number;
  /** Within this a room whose server fell silent must run again elsewhere. */
  readonly failoverBudgetMs: number;
  /** A gateway keeps the frames of a room without an owner for this long. */
  readonly holdMs: number;
  /** Bounds of one session's hold; the session that overflows one of them is closed with 1013. */
  readonly holdBytesMax: number;
  readonly holdFramesMax: number;
}

export const defaultTiming: Timing = Object.freeze({
  heartbeatMs: 500,
  selfFreezeMs: 2_000,
  leaseMs: 3_000,
  freezeBudgetMs: 250,
  failoverBudgetMs: 5_000,
  holdMs: 15_000,
  holdBytesMax: 1_048_576,
  holdFramesMax: 1_024,
});

interface Relation {
  readonly holds: (timing: Timing) => boolean;
  readonly says: (timing: Timing) => string;
}

/** Each says what must hold, with the numbers that break it, and why. */
const relations: readonly Relation[] = [
  {
    holds: (t) => 3 * t.heartbeatMs < t.selfFreezeMs,
    says: (t) =>
      `3 × heartbeatMs (${3 * t.heartbeatMs}) must be below selfFreezeMs (${t.selfFreezeMs}): two lost heartbeats must not freeze a server`,
  },
  {
    holds: (t) => t.selfFreezeMs < t.leaseMs,
    says: (t) =>
      `selfFreezeMs (${t.selfFreezeMs}) must be below leaseMs (${t.leaseMs}): a server must stop before others take over from it`,
  },
  {
    holds: (t) => t.leaseMs + 2 * t.heartbeatMs < t.failoverBudgetMs,
    says: (t) =>
      `leaseMs + 2 × heartbeatMs (${t.leaseMs + 2 * t.heartbeatMs}) must be below failoverBudgetMs (${t.failoverBudgetMs}): a silent server is noticed no sooner`,
  },
  {
    holds: (t) => t.failoverBudgetMs < t.holdMs,
    says: (t) =>
      `failoverBudgetMs (${t.failoverBudgetMs}) must be below holdMs (${t.holdMs}): frames must outlast the takeover that they wait for`,
  },
  {
    holds: (t) => t.freezeBudgetMs < t.selfFreezeMs,
    says: (t) =>
      `freezeBudgetMs (${t.freezeBudgetMs}) must be below selfFreezeMs (${t.selfFreezeMs}): a move must end before a lost server would be noticed`,
  },
];

/** Everything that is wrong with `timing`, at once; empty if nothing is. Relations are judged only between sound numbers. */
export function checkTiming(timing: Timing): string[] {
  const problems: string[] = [];
  for (const name of Object.keys(defaultTiming) as (keyof Timing)[]) {
    const value = timing[name];
    if (!Number.isSafeInteger(value) || value < 1) problems.push(`${name} (${value}) must be a whole number above 0`);
  }
  if (problems.length > 0) return problems;
  return relations.filter((relation) => !relation.holds(timing)).map((relation) => relation.says(timing));
}
