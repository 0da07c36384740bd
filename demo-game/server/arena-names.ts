const moods = [
  "amber",
  "brisk",
  "coral",
  "dusky",
  "early",
  "fable",
  "golden",
  "hazel",
  "ivory",
  "jolly",
  "lunar",
  "misty",
];
const places = [
  "atoll",
  "basin",
  "canyon",
  "delta",
  "fjord",
  "grove",
  "harbor",
  "island",
  "meadow",
  "plaza",
  "ridge",
  "summit",
];
const players = [
  "Badger",
  "Comet",
  "Dune",
  "Ember",
  "Falcon",
  "Gecko",
  "Heron",
  "Koala",
  "Lynx",
  "Otter",
  "Panda",
  "Raven",
];

/** Number from 0 to below 1. */
export type Chance = () => number;

/** Easy to read out, hard to hit by accident. */
export function inventRoom(chance: Chance): string {
  const number = 1000 + Math.floor(chance() * 9000);
  return `${pick(moods, chance)}-${pick(places, chance)}-${number}`;
}

export function inventName(chance: Chance): string {
  const mood = pick(moods, chance);
  return `${mood.charAt(0).toUpperCase()}${mood.slice(1)} ${pick(players, chance)}`;
}

function pick(words: readonly string[], chance: Chance): string {
  return words[Math.floor(chance() * words.length)] ?? "";
}
