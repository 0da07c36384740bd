/**
 * The field, in units: integers, so that the server and every browser compute the same movement to the last bit and a place
 * fits 16 bits on the wire.
 */
export const unitsPerPixel = 16;

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** 0, 0 is the upper left corner. Boxes must be thicker than one step of movement, or a figure could jump through. */
export interface Arena {
  readonly width: number;
  readonly height: number;
  readonly obstacles: readonly Box[];
  readonly spawns: readonly Place[];
}

/** Half the side of the square that a figure occupies. */
export const figureRadius = 20 * unitsPerPixel;

const widthPx = 2400;
const heightPx = 1600;

type PixelBox = readonly [left: number, top: number, right: number, bottom: number];

/** The upper left quarter; the others mirror it, so that no corner is better than another. */
const quarterObstacles: readonly PixelBox[] = [
  [420, 360, 820, 404],
  [420, 360, 464, 600],
  [1000, 180, 1060, 420],
  [180, 690, 280, 734],
  [700, 620, 760, 680],
];
const centreObstacle: PixelBox = [1110, 710, 1290, 890];
const quarterSpawns: readonly (readonly [x: number, y: number])[] = [
  [160, 160],
  [640, 220],
  [560, 560],
  [920, 660],
];

function mirrored([left, top, right, bottom]: PixelBox): readonly PixelBox[] {
  const [farLeft, farRight] = [widthPx - right, widthPx - left];
  const [farTop, farBottom] = [heightPx - bottom, heightPx - top];
  return [
    [left, top, right, bottom],
    [farLeft, top, farRight, bottom],
    [left, farTop, right, farBottom],
    [farLeft, farTop, farRight, farBottom],
  ];
}

function inUnits([left, top, right, bottom]: PixelBox): Box {
  return {
    left: left * unitsPerPixel,
    top: top * unitsPerPixel,
    right: right * unitsPerPixel,
    bottom: bottom * unitsPerPixel,
  };
}

export const arena: Arena = {
  width: widthPx * unitsPerPixel,
  height: heightPx * unitsPerPixel,
  obstacles: [...quarterObstacles.flatMap(mirrored), centreObstacle].map(inUnits),
  spawns: quarterSpawns
    .flatMap(([x, y]) => mirrored([x, y, x, y]))
    .map(([left, top]) => ({ x: left * unitsPerPixel, y: top * unitsPerPixel })),
};

/** The spawn farthest from its nearest figure; in an empty arena, and among equals, `turn` chooses. */
export function chooseSpawn(spawns: readonly Place[], taken: readonly Place[], turn: number): Place {
  let best: Place = { x: 0, y: 0 };
  let bestDistance = -1;
  for (let offset = 0; offset < spawns.length; offset += 1) {
    const spawn = spawns[(turn + offset) % spawns.length];
    if (spawn === undefined) break;
    let nearest = Number.POSITIVE_INFINITY;
    for (const place of taken) {
      nearest = Math.min(nearest, (place.x - spawn.x) ** 2 + (place.y - spawn.y) ** 2);
    }
    if (nearest > bestDistance) [best, bestDistance] = [spawn, nearest];
  }
  return best;
}
