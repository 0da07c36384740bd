import { Container, Graphics } from "pixi.js";
import { arena, unitsPerPixel } from "../../server/rules/arena.ts";
import type { Ledger } from "../../server/rules/ledger.ts";
import type { Blip } from "../../server/rules/messages.ts";
import type { ShownFigure } from "../play/match.ts";
import { arenaPx } from "./arena-view.ts";
import { colourOfHue, itemColours, palette } from "./palette.ts";

const marginPx = 16;

/** The whole arena in a corner, so that nobody has to search for the others: near ones as they are, far ones as the radar has them. */
export class MiniMap {
  readonly container = new Container();
  readonly #dots = new Graphics();
  #scale = 1;

  constructor() {
    const ground = new Graphics()
      .roundRect(0, 0, arenaPx.width, arenaPx.height, 60)
      .fill({ color: palette.outside, alpha: 0.72 })
      .stroke({ width: 14, color: palette.wallTop });
    for (const { left, top, right, bottom } of arena.obstacles) {
      ground.rect(
        left / unitsPerPixel,
        top / unitsPerPixel,
        (right - left) / unitsPerPixel,
        (bottom - top) / unitsPerPixel,
      );
    }
    ground.fill(palette.wallTop);
    const { x, y, radius } = arena.bank;
    ground
      .circle(x / unitsPerPixel, y / unitsPerPixel, radius / unitsPerPixel)
      .fill({ color: palette.bank, alpha: 0.6 });
    this.container.addChild(ground, this.#dots);
  }

  place(screenWidth: number, screenHeight: number): void {
    const width = Math.min(176, screenWidth * 0.3);
    this.#scale = width / arenaPx.width;
    this.container.scale.set(this.#scale);
    this.container.position.set(screenWidth - width - marginPx, screenHeight - arenaPx.height * this.#scale - marginPx);
  }

  update(figures: readonly ShownFigure[], blips: readonly Blip[], ledger: Ledger): void {
    this.#dots.clear();
    for (const { kind, holder, at } of ledger.items.values()) {
      if (holder !== undefined) continue;
      this.#dots.circle(at.x / unitsPerPixel, at.y / unitsPerPixel, 1.6 / this.#scale);
      this.#dots.fill({ color: itemColours[kind], alpha: 0.75 });
    }
    const near = new Set(figures.map(({ player }) => player.number));
    for (const blip of blips) {
      const player = ledger.players.get(blip.number);
      if (near.has(blip.number) || player?.isHere !== true) continue;
      const [x, y] = [((blip.x + 0.5) / 256) * arenaPx.width, ((blip.y + 0.5) / 256) * arenaPx.height];
      this.#dots.circle(x, y, 3 / this.#scale).fill({ color: colourOfHue(player.hue), alpha: 0.7 });
    }
    for (const { x, y, player, isOwn } of figures) {
      if (isOwn) this.#dots.circle(x, y, 5.5 / this.#scale).fill(palette.ownRing);
      this.#dots.circle(x, y, 3.5 / this.#scale).fill(colourOfHue(player.hue));
    }
  }
}
