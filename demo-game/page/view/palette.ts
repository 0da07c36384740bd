import type { ItemKind } from "../../server/rules/items.ts";

/** Colours of the arena, as Pixi takes them. The overlay's are in `style.css`. */
export const palette = {
  outside: 0x0b1113,
  floor: 0x19262b,
  floorPatch: 0x1d2c32,
  grid: 0x273940,
  rim: 0x2dd4bf,
  wallTop: 0x4a626a,
  wallEdge: 0x6d8992,
  wallSide: 0x2b3c42,
  spawn: 0x2c4249,
  bank: 0x8b7bff,
  /** Not transparent: where two walls meet, their shadows are one. */
  wallShadow: 0x121b1f,
  shadow: 0x05090a,
  eye: 0x0b1113,
  eyeWhite: 0xf5fbfa,
  name: 0xe7eeeb,
  ownRing: 0xffffff,
  shield: 0x7dd3fc,
  health: 0x4ade80,
  healthLow: 0xff8a7a,
  healthGone: 0x3a474b,
} as const;

export const itemColours: Readonly<Record<ItemKind, number>> = {
  gem: 0xa897ff,
  heart: 0xff7b8d,
  shield: 0x7dd3fc,
  boots: 0xfbbf24,
  blaster: 0xf97316,
};

/** A bright colour of the given hue (degrees), with the same lightness for all. */
export function colourOfHue(hue: number, lightness = 0.62): number {
  const saturation = 0.78;
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number): number => {
    const k = (offset + hue / 30) % 12;
    return Math.round((lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1))) * 255);
  };
  return (channel(0) << 16) | (channel(8) << 8) | channel(4);
}

export function cssColour(colour: number): string {
  return `#${colour.toString(16).padStart(6, "0")}`;
}
