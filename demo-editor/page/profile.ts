/** Who writes here, as the others see them. */
export interface Profile {
  readonly name: string;
  /** Degrees on the colour wheel. */
  readonly hue: number;
}

export const nameLengthMax = 24;
const animals = [
  "Badger",
  "Comet",
  "Falcon",
  "Gecko",
  "Heron",
  "Ibis",
  "Koala",
  "Lynx",
  "Marten",
  "Otter",
  "Raven",
  "Wren",
];

/** A name without what would break a line or hide, at most 24 characters. Empty where nothing is left. */
export function cleanName(text: string): string {
  const clean = text
    .normalize("NFC")
    .replace(/\s+/gu, " ")
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "");
  return [...clean.trim()].slice(0, nameLengthMax).join("").trim();
}

/** As it was saved, else an invented one. `chance`: from 0 to below 1. */
export function parseProfile(text: string | null, chance: () => number): Profile {
  try {
    const saved: unknown = JSON.parse(text ?? "null");
    if (typeof saved === "object" && saved !== null && "name" in saved && "hue" in saved) {
      const name = cleanName(String(saved.name));
      if (name !== "" && typeof saved.hue === "number") return { name, hue: Math.abs(Math.trunc(saved.hue)) % 360 };
    }
  } catch {
    // What cannot be read is forgotten.
  }
  const animal = animals[Math.floor(chance() * animals.length)] ?? "";
  return { name: `Guest ${animal}`, hue: Math.floor(chance() * 360) };
}

/** As y-codemirror wants them; dark enough for white letters. Yellow, green and cyan are lighter than they say. */
export function coloursOf(hue: number): { readonly color: string; readonly colorLight: string } {
  return { color: `hsl(${hue} 65% ${hue > 35 && hue < 200 ? 28 : 38}%)`, colorLight: `hsl(${hue} 80% 50% / 25%)` };
}
