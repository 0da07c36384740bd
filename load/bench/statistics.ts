/** The middle of some values and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** Throws for no values: a table must not show a figure that nobody measured. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = ascending(values);
  return { median: middleOf(sorted), min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0, count: sorted.length };
}

export function medianOf(values: readonly number[]): number {
  return middleOf(ascending(values));
}

/** The smallest value that at least `part` (0 to 1) of all values do not exceed: nearest rank, so always one that was measured. */
export function quantileOf(values: readonly number[], part: number): number {
  const sorted = ascending(values);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
}

/** Quantiles as values of a sample, in the unit of what came in. */
export function latencySummary(valuesMs: readonly number[]): Record<"p50Ms" | "p99Ms" | "maxMs", number> {
  return { p50Ms: quantileOf(valuesMs, 0.5), p99Ms: quantileOf(valuesMs, 0.99), maxMs: quantileOf(valuesMs, 1) };
}

function ascending(values: readonly number[]): number[] {
  if (values.length === 0) throw new Error("no values");
  if (values.some((value) => !Number.isFinite(value))) throw new Error(`not all are numbers: ${values.join(", ")}`);
  return [...values].sort((one, other) => one - other);
}

/** Of an even number of values the mean of the two in the middle. */
function middleOf(sorted: readonly number[]): number {
  const above = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const below = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return (above + below) / 2;
}
