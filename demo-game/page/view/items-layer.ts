import { Container, Graphics } from "pixi.js";
import { unitsPerPixel } from "../../server/rules/arena.ts";
import type { Item, Ledger } from "../../server/rules/ledger.ts";
import { drawItem } from "./item-shapes.ts";
import { itemColours, palette } from "./palette.ts";

const bobMs = 1400;
const bobPx = 4;
const growMs = 260;

interface LyingItem {
  readonly container: Container;
  readonly shape: Container;
  ageMs: number;
}

/** What lies on the ground, bobbing a little. */
export class ItemsLayer {
  readonly container = new Container();
  readonly #isCalm: boolean;
  readonly #lying = new Map<string, LyingItem>();

  constructor(isCalm: boolean) {
    this.#isCalm = isCalm;
  }

  update(ledger: Ledger, elapsedMs: number): void {
    const gone = new Set(this.#lying.keys());
    for (const item of ledger.items.values()) {
      if (item.holder !== undefined) continue;
      // One that was dropped somewhere else has come there anew.
      const id = `${item.number} ${item.at.x} ${item.at.y}`;
      gone.delete(id);
      this.#show(this.#lying.get(id) ?? this.#lay(id, item), elapsedMs);
    }
    for (const id of gone) {
      this.#lying.get(id)?.container.destroy({ children: true });
      this.#lying.delete(id);
    }
  }

  #lay(id: string, { kind, at, number }: Item): LyingItem {
    const shape = drawItem(kind);
    const shadow = new Graphics().ellipse(0, 17, 12, 5).fill({ color: palette.shadow, alpha: 0.5 });
    const glow = new Graphics().circle(0, 0, 22).fill({ color: itemColours[kind], alpha: 0.12 });
    const container = new Container({ children: [glow, shadow, shape] });
    container.position.set(at.x / unitsPerPixel, at.y / unitsPerPixel);
    this.container.addChild(container);
    const item = { container, shape, ageMs: (number * 170) % bobMs };
    if (!this.#isCalm) item.ageMs = 0;
    this.#lying.set(id, item);
    return item;
  }

  #show(item: LyingItem, elapsedMs: number): void {
    if (this.#isCalm) return;
    item.ageMs += elapsedMs;
    item.shape.y = Math.sin((item.ageMs / bobMs) * 2 * Math.PI) * bobPx;
    item.container.scale.set(Math.min(1, 0.3 + (0.7 * item.ageMs) / growMs));
  }
}
