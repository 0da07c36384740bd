import { colourOfHue, cssColour } from "../view/palette.ts";
import { element } from "./element.ts";

export interface RankedPlayer {
  readonly name: string;
  readonly hue: number;
  readonly points: number;
  readonly isYou: boolean;
}

const linesMax = 8;

/** Best first; whoever looks is in it, also where that is far down. */
export function showRanking(id: "roster" | "board", players: readonly RankedPlayer[]): void {
  const ranked = [...players].sort((one, other) => other.points - one.points);
  const lines = ranked.slice(0, linesMax).map((player, place) => rankLine(player, place + 1));
  const you = ranked.findIndex((player) => player.isYou);
  const own = ranked[you];
  if (you >= linesMax && own !== undefined) lines.push(rankLine(own, you + 1));
  const left = ranked.length - lines.length;
  if (left > 0) lines.push(note(`and ${left} more`));
  if (lines.length === 0) lines.push(note("nobody yet"));
  element(id).replaceChildren(...lines);
}

function rankLine({ name, hue, points, isYou }: RankedPlayer, place: number): HTMLLIElement {
  const line = document.createElement("li");
  if (isYou) line.className = "you";
  const dot = document.createElement("span");
  dot.className = "dot";
  dot.style.background = cssColour(colourOfHue(hue));
  const who = Object.assign(document.createElement("span"), {
    className: "who",
    textContent: isYou ? `${name} (you)` : name,
  });
  const score = Object.assign(document.createElement("span"), { className: "points", textContent: String(points) });
  const rank = Object.assign(document.createElement("span"), { className: "rank", textContent: `${place}` });
  line.append(rank, dot, who, score);
  return line;
}

function note(text: string): HTMLLIElement {
  return Object.assign(document.createElement("li"), { className: "note", textContent: text });
}
