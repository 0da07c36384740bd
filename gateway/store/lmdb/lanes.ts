/** Lets a few of many pieces of work run at a time, in the order in which they came. */
export interface Lanes {
  run<Result>(work: () => Promise<Result>): Promise<Result>;
}

export function createLanes(lanesMax: number): Lanes {
  const waiting: (() => void)[] = [];
  let running = 0;
  return {
    async run(work) {
      if (running >= lanesMax) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
      try {
        return await work();
      } finally {
        // The lane goes straight to the next in line, so that nobody who comes now can slip in between.
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
