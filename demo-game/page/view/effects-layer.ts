import { Container, Graphics, Text } from "pixi.js";

const effectsMax = 160;
const wordMs = 900;

interface Effect {
  readonly shape: Container;
  readonly vx: number;
  readonly vy: number;
  readonly lifeMs: number;
  ageMs: number;
}

/** Sparks and words that fly up and fade. The oldest make room for new ones. */
export class EffectsLayer {
  readonly container = new Container();
  readonly #isCalm: boolean;
  #effects: Effect[] = [];

  constructor(isCalm: boolean) {
    this.#isCalm = isCalm;
  }

  burst(x: number, y: number, colour: number, count: number, speed: number): void {
    if (this.#isCalm) return;
    for (let spark = 0; spark < count; spark += 1) {
      const angle = Math.random() * 2 * Math.PI;
      const pace = speed * (0.35 + 0.65 * Math.random());
      const shape = new Graphics().circle(0, 0, 1.5 + Math.random() * 2.5).fill(colour);
      const lifeMs = 260 + Math.random() * 320;
      this.#add({ shape, vx: Math.cos(angle) * pace, vy: Math.sin(angle) * pace, lifeMs, ageMs: 0 }, x, y);
    }
  }

  say(x: number, y: number, text: string, colour: number): void {
    const shape = new Text({
      text,
      anchor: 0.5,
      scale: 0.5,
      style: {
        fontFamily: "system-ui, 'Segoe UI', Roboto, sans-serif",
        fontSize: 36,
        fontWeight: "700",
        fill: colour,
        stroke: { color: 0x0b1113, width: 8, join: "round" },
      },
    });
    this.#add({ shape, vx: 0, vy: this.#isCalm ? 0 : -46, lifeMs: wordMs, ageMs: 0 }, x, y);
  }

  elapse(elapsedMs: number): void {
    this.#effects = this.#effects.filter((effect) => {
      effect.ageMs += elapsedMs;
      const left = 1 - effect.ageMs / effect.lifeMs;
      if (left <= 0) {
        effect.shape.destroy();
        return false;
      }
      effect.shape.x += (effect.vx * elapsedMs) / 1000;
      effect.shape.y += (effect.vy * elapsedMs) / 1000;
      effect.shape.alpha = Math.min(1, left * 1.6);
      return true;
    });
  }

  #add(effect: Effect, x: number, y: number): void {
    if (this.#effects.length >= effectsMax) this.#effects.shift()?.shape.destroy();
    effect.shape.position.set(x, y);
    this.container.addChild(effect.shape);
    this.#effects.push(effect);
  }
}
