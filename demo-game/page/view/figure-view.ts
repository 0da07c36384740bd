import { Container, Graphics, Text } from "pixi.js";
import type { ShownFigure } from "../play/match.ts";
import { colourOfHue, palette } from "./palette.ts";

const radiusPx = 20;
const namePx = 15;
/** Drawn larger and scaled down, so that names stay sharp when the camera is near. */
const nameScale = 2;
const speedForSquashPx = 3000;

/** One figure: a ball that looks where it goes, with its shadow; and its name. */
export class FigureView {
  readonly container = new Container();
  /** Apart, because it is to be read in front of everything. */
  readonly name: Text;
  readonly #body = new Container();
  readonly #eyes = new Graphics();
  readonly #isCalm: boolean;
  #look = { x: 0, y: 0 };

  constructor(figure: ShownFigure, isCalm: boolean) {
    this.#isCalm = isCalm;
    const ground = new Graphics().ellipse(0, radiusPx - 2, radiusPx, radiusPx * 0.45).fill({
      color: palette.shadow,
      alpha: 0.5,
    });
    if (figure.isOwn) {
      ground
        .ellipse(0, radiusPx - 4, radiusPx * 1.45, radiusPx * 0.75)
        .stroke({ width: 2.5, color: palette.ownRing, alpha: 0.8 });
    }
    const { hue } = figure.card;
    const ball = new Graphics()
      .circle(0, 0, radiusPx)
      .fill(colourOfHue(hue, 0.42))
      .circle(0, -2, radiusPx - 2.5)
      .fill(colourOfHue(hue))
      .ellipse(-6, -11, 7, 4)
      .fill({ color: 0xffffff, alpha: 0.35 });
    for (const side of [-1, 1]) {
      this.#eyes.circle(side * 6.5, 0, 5.2).fill(palette.eyeWhite);
      this.#eyes.circle(side * 6.5, 0, 2.6).fill(palette.eye);
    }
    this.#body.addChild(ball, this.#eyes);
    this.name = new Text({
      text: figure.card.name,
      anchor: { x: 0.5, y: 1 },
      scale: 1 / nameScale,
      style: {
        fontFamily: "system-ui, 'Segoe UI', Roboto, sans-serif",
        fontSize: namePx * nameScale,
        fontWeight: "600",
        fill: palette.name,
        stroke: { color: palette.outside, width: 4 * nameScale, join: "round" },
        padding: 4,
      },
    });
    this.container.addChild(ground, this.#body);
  }

  update(figure: ShownFigure, elapsedMs: number): void {
    const { x, y, vx, vy, card } = figure;
    this.container.position.set(x, y);
    this.container.zIndex = y;
    this.name.position.set(x, y - radiusPx - 8);
    if (this.name.text !== card.name) this.name.text = card.name;

    const speed = Math.hypot(vx, vy);
    const goal = speed < 8 ? { x: 0, y: 2 } : { x: (vx / speed) * 6, y: (vy / speed) * 5 };
    const follow = this.#isCalm ? 1 : 1 - Math.exp(-elapsedMs / 70);
    this.#look = {
      x: this.#look.x + (goal.x - this.#look.x) * follow,
      y: this.#look.y + (goal.y - this.#look.y) * follow,
    };
    this.#eyes.position.set(this.#look.x, this.#look.y - 2);
    if (this.#isCalm) return;
    const squash = Math.min(speed / speedForSquashPx, 0.1);
    const isSideways = Math.abs(vx) > Math.abs(vy);
    this.#body.scale.set(isSideways ? 1 + squash : 1 - squash, isSideways ? 1 - squash : 1 + squash);
  }

  destroy(): void {
    this.container.destroy({ children: true });
    this.name.destroy();
  }
}
