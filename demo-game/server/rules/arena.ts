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
  /** Those of the upper left quarter. The other quarters mirror it. */
  readonly cornerObstacles: readonly Box[];
  readonly spawns: readonly Place[];
  /** Where things may come to lie. */
  readonly itemSpots: readonly Place[];
  /** Where gems are brought to. */
  readonly bank: Place & { readonly radius: number };
}

/** Half the side of the square that a figure occupies. */
export const figureRadius = 20 * unitsPerPixel;

const widthPx = 3200;
const heightPx = 2200;

type PixelBox = readonly [left: number, top: number, right: number, bottom: number];
type PixelPlace = readonly [x: number, y: number];

/** The upper left quarter; the others mirror it, so that no corner is better than another. */
const quarterObstacles: readonly PixelBox[] = [
  [420, 360, 820, 404],
  [420, 360, 464, 600],
  [1000, 180, 1060, 420],
  [180, 820, 320, 864],
  [700, 720, 760, 780],
  [880, 920, 940, 1060],
  // The walls of the court in the middle; its four gates are where these end.
  [1260, 760, 1490, 804],
  [1260, 760, 1304, 960],
];
const quarterSpawns: readonly PixelPlace[] = [
  [160, 160],
  [640, 220],
  [600, 560],
  [1180, 560],
  [300, 1000],
  [1080, 860],
];
const quarterItemSpots: readonly PixelPlace[] = [
  [260, 560],
  [540, 480],
  [900, 120],
  [940, 560],
  [1300, 260],
  [480, 940],
  [760, 960],
  [1160, 1040],
  [1420, 640],
  [1400, 900],
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

function placesInUnits(quarter: readonly PixelPlace[]): Place[] {
  return quarter
    .flatMap(([x, y]) => mirrored([x, y, x, y]))
    .map(([left, top]) => ({ x: left * unitsPerPixel, y: top * unitsPerPixel }));
}

export const arena: Arena = {
  width: widthPx * unitsPerPixel,
  height: heightPx * unitsPerPixel,
  obstacles: quarterObstacles.flatMap(mirrored).map(inUnits),
  cornerObstacles: quarterObstacles.map(inUnits),
  spawns: placesInUnits(quarterSpawns),
  itemSpots: placesInUnits(quarterItemSpots),
  bank: {
    x: (widthPx / 2) * unitsPerPixel,
    y: (heightPx / 2) * unitsPerPixel,
    radius: 110 * unitsPerPixel,
  },
};

/** Nobody comes in nearer to somebody than this, where there is a choice: out of the blue, but in sight. */
const spawnDistance = 450 * unitsPerPixel;

/**
 * The spawn that is nearest to somebody, but not too near; where all are too near, the one that is farthest. In an empty arena, and
 * among equals, `turn` chooses.
 */
export function chooseSpawn(spawns: readonly Place[], taken: readonly Place[], turn: number): Place {
  let best: Place = { x: 0, y: 0 };
  let bestRank = Number.NEGATIVE_INFINITY;
  for (let offset = 0; offset < spawns.length; offset += 1) {
    const spawn = spawns[(turn + offset) % spawns.length];
    if (spawn === undefined) break;
    const nearest = Math.min(...taken.map((place) => Math.hypot(place.x - spawn.x, place.y - spawn.y)));
    const rank = nearest < spawnDistance ? nearest - spawnDistance : 1 / nearest;
    if (rank > bestRank) [best, bestRank] = [spawn, rank];
  }
  return best;
}
