const lookMs = 10;

/** Asks again and again until the answer is as wanted, and gives that answer. Rejects with the last one after `msMax`. */
export async function until<T>(
  ask: () => Promise<T> | T,
  isWanted: (answer: T) => boolean,
  msMax = 15_000,
): Promise<T> {
  const deadlineMs = performance.now() + msMax;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (performance.now() > deadlineMs) throw new Error(`not within ${msMax} ms; last: ${JSON.stringify(answer)}`);
    await sleep(lookMs);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
