import { Container, Graphics, Text } from "pixi.js";
import { angleOf } from "../../server/rules/bolts.ts";
import { healthMax } from "../../server/rules/items.ts";
import type { ShownFigure } from "../play/match.ts";
import { drawItem } from "./item-shapes.ts";
import { colourOfHue, itemColours, palette } from "./palette.ts";

const radiusPx = 20;
const namePx = 15;
/** Drawn larger and scaled down, so that names stay sharp when the camera is near. */
const nameScale = 2;
const speedForSquashPx = 3000;
const hurtMs = 160;

/** One figure: a ball that looks where it aims, with its shadow and what it carries; and its name. */
export class FigureView {
  readonly container = new Container();
  /** Apart, because it is to be read in front of everything. */
  readonly label = new Container();
  readonly #body = new Container();
  readonly #eyes = new Graphics();
  readonly #barrel = new Container();
  readonly #shield = new Graphics().circle(0, 0, radiusPx + 7).stroke({ width: 3, color: palette.shield, alpha: 0.85 });
  readonly #boots = new Graphics()
    .ellipse(-9, radiusPx - 1, 8, 4.5)
    .ellipse(9, radiusPx - 1, 8, 4.5)
    .fill(itemColours.boots);
  readonly #flash = new Graphics().circle(0, -1, radiusPx).fill(0xffffff);
  readonly #name: Text;
  readonly #health = new Graphics();
  readonly #gems = new Container();
  readonly #gemCount: Text;
  readonly #isCalm: boolean;
  #look = { x: 0, y: 0 };
  #shownHealth = -1;
  #hurtMs = 0;
  #hasBlaster: boolean | undefined;

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
    const { hue } = figure.player;
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
    this.#flash.alpha = 0;
    this.#body.addChild(this.#boots, ball, this.#eyes, this.#flash);
    this.container.addChild(ground, this.#barrel, this.#body, this.#shield);
    this.#name = text(figure.player.name, namePx, palette.name);
    this.#gemCount = text("", 13, itemColours.gem);
    this.#gemCount.position.set(16, 0);
    const gem = drawItem("gem");
    gem.scale.set(0.55);
    this.#gems.addChild(gem, this.#gemCount);
    this.#gems.position.set(-6, -44);
    this.label.addChild(this.#name, this.#health, this.#gems);
    this.#name.position.set(0, -18);
  }

  update(figure: ShownFigure, elapsedMs: number): void {
    const { x, y, vx, vy, player, aim } = figure;
    this.container.position.set(x, y);
    this.container.zIndex = y;
    this.label.position.set(x, y - radiusPx - 2);
    if (this.#name.text !== player.name) this.#name.text = player.name;
    this.#showCarried(figure);
    this.#showHealth(figure.health);

    const angle = angleOf(aim);
    this.#barrel.rotation = angle;
    const goal = { x: Math.cos(angle) * 6, y: Math.sin(angle) * 5 };
    const follow = this.#isCalm ? 1 : 1 - Math.exp(-elapsedMs / 50);
    this.#look = {
      x: this.#look.x + (goal.x - this.#look.x) * follow,
      y: this.#look.y + (goal.y - this.#look.y) * follow,
    };
    this.#eyes.position.set(this.#look.x, this.#look.y - 2);
    this.container.alpha = figure.isSafe ? 0.55 : 1;
    this.#hurtMs = Math.max(0, this.#hurtMs - elapsedMs);
    this.#flash.alpha = (0.8 * this.#hurtMs) / hurtMs;
    if (this.#isCalm) return;
    const speed = Math.hypot(vx, vy);
    const squash = Math.min(speed / speedForSquashPx, 0.1);
    const isSideways = Math.abs(vx) > Math.abs(vy);
    this.#body.scale.set(isSideways ? 1 + squash : 1 - squash, isSideways ? 1 - squash : 1 + squash);
  }

  hurt(): void {
    this.#hurtMs = hurtMs;
  }

  destroy(): void {
    this.container.destroy({ children: true });
    this.label.destroy({ children: true });
  }

  #showCarried({ player: { carried } }: ShownFigure): void {
    this.#shield.visible = carried.shield > 0;
    this.#boots.visible = carried.boots > 0;
    this.#gems.visible = carried.gem > 0;
    const count = String(carried.gem);
    if (this.#gemCount.text !== count) this.#gemCount.text = count;
    const hasBlaster = carried.blaster > 0;
    if (hasBlaster === this.#hasBlaster) return;
    this.#hasBlaster = hasBlaster;
    for (const part of this.#barrel.removeChildren()) part.destroy();
    const barrel = new Graphics();
    if (hasBlaster) {
      barrel.roundRect(12, -7, 18, 5, 2).roundRect(12, 2, 18, 5, 2).fill(itemColours.blaster);
    } else barrel.roundRect(12, -4, 15, 8, 3).fill(palette.wallEdge);
    this.#barrel.addChild(barrel);
  }

  #showHealth(health: number): void {
    if (health === this.#shownHealth) return;
    if (health < this.#shownHealth) this.hurt();
    this.#shownHealth = health;
    this.#health.clear();
    if (health >= healthMax) return;
    for (let pip = 0; pip < healthMax; pip += 1) {
      const colour = health === 1 ? palette.healthLow : palette.health;
      this.#health
        .roundRect((pip - healthMax / 2) * 13 + 1, -6, 11, 5, 2)
        .fill(pip < health ? colour : palette.healthGone);
    }
  }
}

function text(content: string, size: number, fill: number): Text {
  return new Text({
    text: content,
    anchor: { x: 0.5, y: 0.5 },
    scale: 1 / nameScale,
    style: {
      fontFamily: "system-ui, 'Segoe UI', Roboto, sans-serif",
      fontSize: size * nameScale,
      fontWeight: "600",
      fill,
      stroke: { color: palette.outside, width: 4 * nameScale, join: "round" },
      padding: 4,
    },
  });
}
