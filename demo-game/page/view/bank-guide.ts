import { Graphics } from "pixi.js";
import { arena, unitsPerPixel } from "../../server/rules/arena.ts";
import type { ShownFigure } from "../play/match.ts";
import { palette } from "./palette.ts";

const orbitPx = 62;
/** From here on the bank can be seen. */
const nearPx = 260;
const pulseMs = 900;

/** Says to whoever has gems where the bank is: an arrowhead that goes around the figure. */
export class BankGuide {
  readonly container = new Graphics()
    .poly([16, 0, -8, -12, -3, 0, -8, 12])
    .fill(palette.bank)
    .stroke({ width: 2, color: 0xffffff, alpha: 0.75, join: "round" });
  readonly #isCalm: boolean;
  #ageMs = 0;

  constructor(isCalm: boolean) {
    this.#isCalm = isCalm;
    this.container.visible = false;
  }

  update(own: ShownFigure | undefined, elapsedMs: number): void {
    this.#ageMs += elapsedMs;
    const [dx, dy] = [arena.bank.x / unitsPerPixel - (own?.x ?? 0), arena.bank.y / unitsPerPixel - (own?.y ?? 0)];
    this.container.visible = own !== undefined && own.player.carried.gem > 0 && Math.hypot(dx, dy) > nearPx;
    if (own === undefined || !this.container.visible) return;
    const angle = Math.atan2(dy, dx);
    const push = this.#isCalm ? 0 : Math.sin((this.#ageMs / pulseMs) * 2 * Math.PI) * 5;
    this.container.rotation = angle;
    this.container.position.set(own.x + Math.cos(angle) * (orbitPx + push), own.y + Math.sin(angle) * (orbitPx + push));
  }
}
