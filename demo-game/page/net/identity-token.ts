const storageKey = "roomgate-game-token";
const tokenPattern = /^[A-Za-z0-9_-]{16,64}$/;
/** Windows of one browser that are players of their own. */
const seatsMax = 8;

/**
 * The secret by which rooms know this player again: 128 random bits, kept between visits where the browser lets us. Each window of a
 * browser is a player of its own: the first takes the first seat, and a window that is loaded again takes the seat that it had.
 */
export async function identityToken(): Promise<string> {
  for (let seat = 1; seat <= seatsMax && "locks" in navigator; seat += 1) {
    const key = `${storageKey}-${seat}`;
    if (await holdSeat(key)) return keptToken(() => window.localStorage, key);
  }
  return keptToken(() => window.sessionStorage, storageKey);
}

/** Holds it for as long as the page is open. Answers `false` where another window has it. */
function holdSeat(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise<void>(() => {});
    });
    asked.catch(() => resolve(false));
  });
}

function keptToken(storage: () => Storage, key: string): string {
  const fresh = inventToken();
  try {
    const kept = storage().getItem(key);
    if (kept !== null && tokenPattern.test(kept)) return kept;
    storage().setItem(key, fresh);
  } catch {
    // A private window: the same player for as long as the page.
  }
  return fresh;
}

export function inventToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
