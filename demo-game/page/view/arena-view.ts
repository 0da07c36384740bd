import { Container, Graphics } from "pixi.js";
import { arena, unitsPerPixel } from "../../server/rules/arena.ts";
import { palette } from "./palette.ts";

const gridPx = 80;
const wallHeightPx = 14;
const cornerPx = 8;

export const arenaPx = { width: arena.width / unitsPerPixel, height: arena.height / unitsPerPixel } as const;

/** What lies under the figures: floor, spawns, and the shadows of the walls. Drawn once. */
export function drawFloor(): Container {
  const { width, height } = arenaPx;
  const floor = new Graphics();
  floor.roundRect(-10, -10, width + 20, height + 20, 26).fill({ color: palette.rim, alpha: 0.07 });
  floor.roundRect(-4, -4, width + 8, height + 8, 20).fill(palette.floor);
  for (let row = 0; row * gridPx < height; row += 1) {
    for (let column = row % 2; column * gridPx < width; column += 2) {
      const [left, top] = [column * gridPx, row * gridPx];
      floor.rect(left, top, Math.min(gridPx, width - left), Math.min(gridPx, height - top));
    }
  }
  floor.fill(palette.floorPatch);
  for (let x = gridPx; x < width; x += gridPx) floor.moveTo(x, 0).lineTo(x, height);
  for (let y = gridPx; y < height; y += gridPx) floor.moveTo(0, y).lineTo(width, y);
  floor.stroke({ width: 1, color: palette.grid });
  const bank = {
    x: arena.bank.x / unitsPerPixel,
    y: arena.bank.y / unitsPerPixel,
    radius: arena.bank.radius / unitsPerPixel,
  };
  // Light from the bank, so that the middle is known from afar.
  for (const reachPx of [520, 400, 290, 190]) {
    floor.circle(bank.x, bank.y, reachPx).fill({ color: palette.bank, alpha: 0.025 });
  }
  floor.circle(bank.x, bank.y, bank.radius + 26).stroke({ width: 3, color: palette.grid });
  floor
    .moveTo(width / 2, 0)
    .lineTo(width / 2, height)
    .stroke({ width: 3, color: palette.grid });
  for (const { x, y } of arena.spawns) {
    floor.circle(x / unitsPerPixel, y / unitsPerPixel, 34).stroke({ width: 3, color: palette.spawn });
    floor.circle(x / unitsPerPixel, y / unitsPerPixel, 26).fill({ color: palette.spawn, alpha: 0.5 });
  }
  floor
    .circle(bank.x, bank.y, bank.radius)
    .fill({ color: palette.bank, alpha: 0.16 })
    .stroke({ width: 4, color: palette.bank, alpha: 0.9 });
  const [x, y] = [bank.x, bank.y];
  floor
    .poly([x, y - 46, x + 38, y - 10, x, y + 50, x - 38, y - 10])
    .stroke({ width: 5, color: palette.bank, alpha: 0.75 });
  floor.roundRect(-4, -4, width + 8, height + 8, 20).stroke({ width: 4, color: palette.rim, alpha: 0.75 });

  const shadows = new Graphics();
  for (const { left, top, width: wide, height: high } of walls()) {
    shadows.roundRect(left + 6, top + 10, wide + 6, high + wallHeightPx, cornerPx);
  }
  shadows.fill(palette.wallShadow);
  return new Container({ children: [floor, shadows] });
}

/** Walls stand a little out of the floor: over the figures behind them, so they are drawn after them. */
export function drawWalls(): Container {
  const sides = new Graphics();
  const edges = new Graphics();
  const tops = new Graphics();
  for (const { left, top, width, height } of walls()) {
    sides.roundRect(left, top, width, height, cornerPx);
    edges.roundRect(left, top - wallHeightPx, width, height, cornerPx);
    tops.roundRect(left + 2, top - wallHeightPx + 2, width - 4, height - 4, cornerPx - 2);
  }
  return new Container({
    children: [sides.fill(palette.wallSide), edges.fill(palette.wallEdge), tops.fill(palette.wallTop)],
  });
}

function walls() {
  return arena.obstacles.map(({ left, top, right, bottom }) => ({
    left: left / unitsPerPixel,
    top: top / unitsPerPixel,
    width: (right - left) / unitsPerPixel,
    height: (bottom - top) / unitsPerPixel,
  }));
}
