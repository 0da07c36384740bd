/** Upper bounds of the buckets, in milliseconds; one more bucket takes what is above. */
export const pauseBoundsMs: readonly number[] = Object.freeze([
  5, 10, 15, 20, 30, 60, 100, 150, 250, 500, 1_000, 2_000, 5_000, 15_000,
]);

/** How long rooms stood still, counted since the start; plain data, as gateways and servers report it. */
export interface PauseHistogram {
  count: number;
  sumMs: number;
  /** One more than {@link pauseBoundsMs}; each pause is counted once, in the first bucket that holds it. */
  readonly counts: number[];
}

export function createPauseHistogram(): PauseHistogram {
  return { count: 0, sumMs: 0, counts: new Array<number>(pauseBoundsMs.length + 1).fill(0) };
}

export function countPause(histogram: PauseHistogram, pauseMs: number): void {
  const { counts } = histogram;
  const bucket = pauseBoundsMs.findIndex((boundMs) => pauseMs <= boundMs);
  const index = bucket < 0 ? pauseBoundsMs.length : bucket;
  counts[index] = (counts[index] ?? 0) + 1;
  histogram.count += 1;
  histogram.sumMs += pauseMs;
}
