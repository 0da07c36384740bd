import { Graphics } from "pixi.js";
import { angleOf } from "../../server/rules/bolts.ts";
import type { Ledger } from "../../server/rules/ledger.ts";
import type { ShownBolt } from "../play/match.ts";
import { colourOfHue } from "./palette.ts";

const tailPx = 26;

/** All shots under way: a bright head, and a tail in the colour of whoever shot. Drawn anew each time: there are few, and they live short. */
export class BoltsLayer {
  readonly container = new Graphics();

  update(bolts: readonly ShownBolt[], ledger: Ledger): void {
    this.container.clear();
    for (const { x, y, aim, by } of bolts) {
      const angle = angleOf(aim);
      const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
      const colour = colourOfHue(ledger.players.get(by)?.hue ?? 0, 0.66);
      this.container
        .moveTo(x - dx * tailPx, y - dy * tailPx)
        .lineTo(x, y)
        .stroke({ width: 9, color: colour, alpha: 0.28, cap: "round" })
        .moveTo(x - dx * tailPx * 0.6, y - dy * tailPx * 0.6)
        .lineTo(x, y)
        .stroke({ width: 5, color: colour, cap: "round" })
        .circle(x, y, 3.5)
        .fill(0xffffff);
    }
  }
}
