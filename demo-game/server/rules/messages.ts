import { ByteReader, ByteWriter } from "./bytes.ts";
import { type Body, type Direction, directionMax } from "./motion.ts";

/**
 * What the page and the room say to each other: binary frames, little-endian, a type in the first byte. Both sides import this
 * file; `gameVersion` in the welcome tells a page of yesterday to load itself anew.
 *
 * | up | | |
 * |---|---|---|
 * | 1 | steps | u32 number of the first, u8 count, count × (i8 x, i8 y) |
 * | 2 | ping | u32 token |
 * | 3 | rename | text |
 *
 * | down | | |
 * |---|---|---|
 * | 1 | welcome | u8 version, u16 your number, u32 tick, u8 count, count × player |
 * | 2 | entered | player; also for a player whose name has changed |
 * | 3 | left | u16 number |
 * | 4 | state | u32 tick, u8 count, count × (u16 number, u16 x, u16 y, i8 vx, i8 vy, u32 last step) |
 * | 5 | pong | u32 token |
 *
 * A player is u16 number, u16 hue, text name; a text is u8 length and UTF-8.
 */
export const gameVersion = 1;
export const stepsPerMessageMax = 12;
export const playersMax = 100;
const stepNumberMax = 0xffff_ffff;

export interface PlayerCard {
  readonly number: number;
  /** Degrees, 0 to 359. */
  readonly hue: number;
  readonly name: string;
}

export interface FigureState {
  readonly number: number;
  readonly body: Body;
  /** Number of the last step of this player that `body` contains; 0 for none yet. */
  readonly lastStep: number;
}

export type UpMessage =
  | { readonly kind: "steps"; readonly first: number; readonly directions: readonly Direction[] }
  | { readonly kind: "ping"; readonly token: number }
  | { readonly kind: "rename"; readonly name: string };

export type DownMessage =
  | {
      readonly kind: "welcome";
      readonly version: number;
      readonly you: number;
      readonly tick: number;
      readonly players: readonly PlayerCard[];
    }
  | { readonly kind: "entered"; readonly player: PlayerCard }
  | { readonly kind: "left"; readonly number: number }
  | { readonly kind: "state"; readonly tick: number; readonly figures: readonly FigureState[] }
  | { readonly kind: "pong"; readonly token: number };

const upTypes = { steps: 1, ping: 2, rename: 3 } as const;
const downTypes = { welcome: 1, entered: 2, left: 3, state: 4, pong: 5 } as const;

export function encodeUp(message: UpMessage): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(upTypes[message.kind]);
  switch (message.kind) {
    case "steps":
      writer.u32(message.first).u8(message.directions.length);
      for (const direction of message.directions) writer.i8(direction.x).i8(direction.y);
      break;
    case "ping":
      writer.u32(message.token);
      break;
    case "rename":
      writer.text(message.name);
      break;
  }
  return writer.finish();
}

/** `undefined` for anything that {@link encodeUp} would not have written for a well-meaning page: the room closes such a client. */
export function decodeUp(bytes: Uint8Array): UpMessage | undefined {
  const reader = new ByteReader(bytes);
  const message = readUp(reader);
  return reader.isWhole ? message : undefined;
}

function readUp(reader: ByteReader): UpMessage | undefined {
  switch (reader.u8()) {
    case upTypes.steps: {
      const first = reader.u32();
      const count = reader.u8();
      if (first < 1 || count < 1 || count > stepsPerMessageMax || first + count - 1 > stepNumberMax) reader.fail();
      return { kind: "steps", first, directions: readEach(reader, count, readDirection) };
    }
    case upTypes.ping:
      return { kind: "ping", token: reader.u32() };
    case upTypes.rename:
      return { kind: "rename", name: reader.text() };
    default:
      return undefined;
  }
}

export function encodeDown(message: DownMessage): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(downTypes[message.kind]);
  switch (message.kind) {
    case "welcome":
      writer.u8(message.version).u16(message.you).u32(message.tick).u8(message.players.length);
      for (const player of message.players) writePlayer(writer, player);
      break;
    case "entered":
      writePlayer(writer, message.player);
      break;
    case "left":
      writer.u16(message.number);
      break;
    case "state":
      writer.u32(message.tick).u8(message.figures.length);
      for (const figure of message.figures) writeFigure(writer, figure);
      break;
    case "pong":
      writer.u32(message.token);
      break;
  }
  return writer.finish();
}

/** `undefined` for anything malformed. A welcome of another version is read no further than its version. */
export function decodeDown(bytes: Uint8Array): DownMessage | undefined {
  const reader = new ByteReader(bytes);
  const message = readDown(reader);
  if (message?.kind === "welcome" && message.version !== gameVersion && !reader.hasFailed) return message;
  return reader.isWhole ? message : undefined;
}

function readDown(reader: ByteReader): DownMessage | undefined {
  switch (reader.u8()) {
    case downTypes.welcome: {
      const version = reader.u8();
      if (version !== gameVersion) return { kind: "welcome", version, you: 0, tick: 0, players: [] };
      const [you, tick] = [reader.u16(), reader.u32()];
      return { kind: "welcome", version, you, tick, players: readEach(reader, reader.u8(), readPlayer) };
    }
    case downTypes.entered:
      return { kind: "entered", player: readPlayer(reader) };
    case downTypes.left:
      return { kind: "left", number: reader.u16() };
    case downTypes.state: {
      const tick = reader.u32();
      return { kind: "state", tick, figures: readEach(reader, reader.u8(), readFigure) };
    }
    case downTypes.pong:
      return { kind: "pong", token: reader.u32() };
    default:
      return undefined;
  }
}

/** `count` comes from one byte, so the loop is bounded however short the bytes are. */
function readEach<T>(reader: ByteReader, count: number, read: (reader: ByteReader) => T): T[] {
  const items: T[] = [];
  while (items.length < count && !reader.hasFailed) items.push(read(reader));
  return items;
}

export function readDirection(reader: ByteReader): Direction {
  const [x, y] = [reader.i8(), reader.i8()];
  if (x < -directionMax || y < -directionMax) reader.fail();
  return { x, y };
}

export function writeBody(writer: ByteWriter, body: Body): void {
  writer.u16(body.x).u16(body.y).i8(body.vx).i8(body.vy);
}

export function readBody(reader: ByteReader): Body {
  return { x: reader.u16(), y: reader.u16(), vx: reader.i8(), vy: reader.i8() };
}

function writePlayer(writer: ByteWriter, player: PlayerCard): void {
  writer.u16(player.number).u16(player.hue).text(player.name);
}

function readPlayer(reader: ByteReader): PlayerCard {
  const [number, hue, name] = [reader.u16(), reader.u16(), reader.text()];
  if (hue >= 360) reader.fail();
  return { number, hue, name };
}

function writeFigure(writer: ByteWriter, figure: FigureState): void {
  writer.u16(figure.number);
  writeBody(writer, figure.body);
  writer.u32(figure.lastStep);
}

function readFigure(reader: ByteReader): FigureState {
  return { number: reader.u16(), body: readBody(reader), lastStep: reader.u32() };
}
