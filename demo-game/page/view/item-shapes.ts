import { Graphics } from "pixi.js";
import type { ItemKind } from "../../server/rules/items.ts";
import { itemColours } from "./palette.ts";

/** About 26 pixels wide, around 0, 0. */
export function drawItem(kind: ItemKind): Graphics {
  const colour = itemColours[kind];
  const shape = new Graphics();
  switch (kind) {
    case "gem":
      return shape
        .poly([0, -13, 11, -3, 0, 14, -11, -3])
        .fill(colour)
        .poly([0, -13, 11, -3, 0, -1, -11, -3])
        .fill({ color: 0xffffff, alpha: 0.4 })
        .poly([0, -13, 11, -3, 0, 14, -11, -3])
        .stroke({ width: 2, color: 0xffffff, alpha: 0.7, join: "round" });
    case "heart":
      return shape
        .moveTo(0, 12)
        .bezierCurveTo(-20, -2, -10, -16, 0, -6)
        .bezierCurveTo(10, -16, 20, -2, 0, 12)
        .fill(colour)
        .stroke({ width: 2, color: 0xffffff, alpha: 0.7 });
    case "shield":
      return shape
        .poly([0, -13, 11, -9, 10, 3, 0, 13, -10, 3, -11, -9])
        .fill(colour)
        .stroke({ width: 2, color: 0xffffff, alpha: 0.7, join: "round" })
        .poly([0, -9, 0, 9, -7, 2, -8, -6])
        .fill({ color: 0xffffff, alpha: 0.35 });
    case "boots":
      return shape
        .poly([-3, -12, -3, 9, 12, 9, 10, 2, 3, 0, 3, -12])
        .fill(colour)
        .stroke({ width: 2, color: 0xffffff, alpha: 0.7, join: "round" })
        .poly([-5, -9, -14, -6, -5, -4])
        .poly([-5, -3, -14, 0, -5, 2])
        .fill({ color: 0xffffff, alpha: 0.75 });
    case "blaster":
      return shape
        .roundRect(-13, -7, 24, 9, 3)
        .roundRect(-9, 0, 8, 12, 2)
        .fill(colour)
        .roundRect(-13, -7, 24, 9, 3)
        .stroke({ width: 2, color: 0xffffff, alpha: 0.7 })
        .circle(12, -2.5, 4)
        .fill(0xffffff);
  }
}
