/** In UTF-16 units, the way a text field's `maxLength` counts. */
export const nameLengthMax = 20;
const nameless = "Guest";
/** A name is taken from at most this much text, however long what the client sent. */
const inputLengthMax = 200;

/**
 * GAME-4: a name is 1 to 20 characters without control, format or direction characters, markup, line breaks, or stacked accents.
 * It gives `Guest` where nothing is left. Applying it again changes nothing.
 */
export function sanitizeName(text: string): string {
  const clean = text
    .slice(0, inputLengthMax)
    .normalize("NFC")
    .replace(/\s+/gu, " ")
    .replace(/[\p{C}\p{Zl}\p{Zp}<>&"'`\\]/gu, "")
    .replace(/(\p{M}{2})\p{M}+/gu, "$1");
  const short = cut(clean.trim().replace(/ {2,}/gu, " "), nameLengthMax).trim().normalize("NFC");
  return /[^\p{M}\s]/u.test(short) ? short : nameless;
}

/** In UTF-16 units: at most 240 bytes of UTF-8. */
export const chatLengthMax = 80;

/** GAME-4: a line of chat: as {@link sanitizeName}, but longer, and with the marks that sentences need. Empty where nothing is left. */
export function sanitizeChat(text: string): string {
  const clean = text
    .slice(0, chatLengthMax * 4)
    .normalize("NFC")
    .replace(/\s+/gu, " ")
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "")
    .replace(/(\p{M}{2})\p{M}+/gu, "$1");
  return cut(clean.trim().replace(/ {2,}/gu, " "), chatLengthMax).trim().normalize("NFC");
}

/** Cuts between characters, never within a surrogate pair. */
function cut(text: string, lengthMax: number): string {
  let short = "";
  for (const character of text) {
    if (short.length + character.length > lengthMax) break;
    short += character;
  }
  return short;
}

/** `undefined` for anything but a whole number of degrees from 0 to 359. */
export function parseHue(text: string | null): number | undefined {
  if (text === null || !/^\d{1,3}$/.test(text)) return undefined;
  const hue = Number(text);
  return hue < 360 ? hue : undefined;
}
