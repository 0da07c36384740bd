import { inventName } from "../server/arena-names.ts";
import { sanitizeName } from "../server/rules/names.ts";

/** Who somebody is in this browser: kept between visits where the browser lets us. */
export interface Profile {
  readonly name: string;
  /** Degrees, 0 to 359. */
  readonly hue: number;
}

const storageKey = "roomgate-game-profile";

export function loadProfile(): Profile {
  const fresh = { name: inventName(Math.random), hue: Math.floor(Math.random() * 360) };
  const saved = readStorage();
  if (typeof saved !== "object" || saved === null || !("name" in saved) || typeof saved.name !== "string") return fresh;
  const hue = "hue" in saved && typeof saved.hue === "number" && Number.isInteger(saved.hue) ? saved.hue : fresh.hue;
  return { name: sanitizeName(saved.name), hue: ((hue % 360) + 360) % 360 };
}

export function saveProfile(profile: Profile): void {
  try {
    window.localStorage.setItem(storageKey, JSON.stringify(profile));
  } catch {
    // A private window: the name lasts as long as the page.
  }
}

function readStorage(): unknown {
  try {
    return JSON.parse(window.localStorage.getItem(storageKey) ?? "null");
  } catch {
    return null;
  }
}
