import { Container, Graphics } from "pixi.js";
import { arena, unitsPerPixel } from "../../server/rules/arena.ts";
import type { ShownFigure } from "../play/match.ts";
import { arenaPx } from "./arena-view.ts";
import { colourOfHue, palette } from "./palette.ts";

const marginPx = 16;

/** The whole arena in a corner, so that nobody has to search for the others. */
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
    this.container.addChild(ground, this.#dots);
  }

  place(screenWidth: number, screenHeight: number): void {
    const width = Math.min(168, screenWidth * 0.3);
    this.#scale = width / arenaPx.width;
    this.container.scale.set(this.#scale);
    this.container.position.set(screenWidth - width - marginPx, screenHeight - arenaPx.height * this.#scale - marginPx);
  }

  update(figures: readonly ShownFigure[]): void {
    this.#dots.clear();
    for (const { x, y, card, isOwn } of figures) {
      if (isOwn) this.#dots.circle(x, y, 5.5 / this.#scale).fill(palette.ownRing);
      this.#dots.circle(x, y, 3.5 / this.#scale).fill(colourOfHue(card.hue));
    }
  }
}
