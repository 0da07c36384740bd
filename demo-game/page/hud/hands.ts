import { carriedMax, healthMax, type ItemKind, itemKinds } from "../../server/rules/items.ts";
import type { LedgerPlayer } from "../../server/rules/ledger.ts";
import type { SeenState } from "../../server/rules/states.ts";
import { tickMs } from "../../server/rules/timing.ts";
import { cssColour, itemColours } from "../view/palette.ts";
import { element, setText } from "./element.ts";

const titles: Readonly<Record<ItemKind, string>> = {
  gem: "Gems: bring them to the middle",
  heart: "Hearts: heal with E",
  shield: "Shield: takes one hit",
  boots: "Boots: you run faster",
  blaster: "Blaster: you shoot faster",
};
const icons: Readonly<Record<ItemKind, string>> = {
  gem: "M12 2 21 9 12 22 3 9Z",
  heart: "M12 21C-2 10 5 0 12 7 19 0 26 10 12 21Z",
  shield: "M12 2 21 5 20 14 12 22 4 14 3 5Z",
  boots: "M8 2H14V13L21 15V20H8Z",
  blaster: "M2 7H21V13H12L10 20H5L7 13H2Z",
};

export interface Hands {
  show(player: LedgerPlayer | undefined, state: SeenState | undefined): void;
  /** Who has felled one's figure, while it is out. */
  felledBy(name: string): void;
  /** One's figure is hit. */
  hurt(): void;
}

/** What one has: health, items, points; and how long until one is back. */
export function openHands(heal: () => void): Hands {
  const inventory = element("inventory");
  const places = new Map(itemKinds.map((kind) => [kind, createPlace(kind)]));
  inventory.replaceChildren(...[...places.values()].map(({ place }) => place));
  const healButton = element("heal");
  healButton.addEventListener("click", heal);
  const felled = element("felled");
  let felledBy = "";

  return {
    show(player, state) {
      const health = player && state?.figures.get(player.number)?.health;
      showHealth(health ?? 0);
      for (const [kind, { place, count }] of places) {
        const held = player?.carried[kind] ?? 0;
        place.setAttribute("data-held", held > 0 ? "yes" : "no");
        setText(count, carriedMax[kind] > 1 && held > 0 ? String(held) : "");
      }
      setText(element("score"), String(player?.score ?? 0));
      healButton.hidden = (player?.carried.heart ?? 0) === 0 || health === undefined || health >= healthMax;
      const ticks = state?.respawnTicks ?? 0;
      felled.hidden = ticks === 0;
      if (ticks > 0)
        setText(felled, `${felledBy === "" ? "Felled" : `Felled by ${felledBy}`} · back in ${seconds(ticks)} s`);
    },
    felledBy(name) {
      felledBy = name;
    },
    hurt() {
      const rim = element("hurt");
      rim.classList.remove("shown");
      // Read, so that the animation begins anew.
      void rim.offsetWidth;
      rim.classList.add("shown");
    },
  };
}

function seconds(ticks: number): string {
  return String(Math.ceil((ticks * tickMs) / 1000));
}

function showHealth(health: number): void {
  const bar = element("health");
  const text = "♥".repeat(health) + "♡".repeat(Math.max(0, healthMax - health));
  if (bar.textContent === text) return;
  bar.textContent = text;
  bar.setAttribute("aria-label", `Health ${health} of ${healthMax}`);
}

function createPlace(kind: ItemKind) {
  const place = document.createElement("li");
  place.title = titles[kind];
  place.setAttribute("data-kind", kind);
  place.setAttribute("data-held", "no");
  place.style.color = cssColour(itemColours[kind]);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", icons[kind]);
  svg.append(path);
  const count = Object.assign(document.createElement("span"), { className: "count" });
  place.append(svg, count);
  return { place, count };
}
