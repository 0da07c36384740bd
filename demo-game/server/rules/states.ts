import { figureRadius, type Place } from "./arena.ts";
import type { Bolt } from "./bolts.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { Body } from "./motion.ts";
import { stepsPerTick } from "./timing.ts";

/** One figure at one tick, as players see it. */
export interface FigureState {
  readonly number: number;
  readonly body: Body;
  /** 256 directions, clockwise from the right. */
  readonly aim: number;
  /** 1 to `healthMax`. */
  readonly health: number;
  /** It has just come in, and nothing hits it. */
  readonly isSafe: boolean;
}

/** What one player sees of the arena at one tick. */
export interface SeenState {
  /** Owner after owner of the room. */
  readonly epoch: number;
  readonly tick: number;
  /** Number of the last step of this player that its figure's place contains; 0 for none yet. */
  readonly lastStep: number;
  /** Ticks until this player's figure is back; 0 while it is in. */
  readonly respawnTicks: number;
  readonly figures: ReadonlyMap<number, FigureState>;
  readonly bolts: ReadonlyMap<number, Bolt>;
}

/** Ticks for which both sides remember states, for later ones to say only what is different. */
export const statesRemembered = 32;

/** What of a figure is said. */
export const figureMasks = { x: 1, y: 2, vx: 4, vy: 8, aim: 16, condition: 32, whole: 64 } as const;
const masksMax = 0x7f;

/**
 * GAME-8: what has become of a figure in some ticks, if it goes on as it went. Both sides compute it, so one that goes straight costs
 * no bytes at all.
 */
export function expectedAfter(figure: FigureState, ticks: number): FigureState {
  const { x, y, vx, vy } = figure.body;
  const steps = ticks * stepsPerTick;
  if (vx === 0 && vy === 0) return figure;
  return { ...figure, body: { x: within(x + vx * steps), y: within(y + vy * steps), vx, vy } };
}

function within(value: number): number {
  return Math.min(Math.max(value, figureRadius), 0xffff);
}

/** The whole of it, for whoever has not seen it before. */
export function writeWholeFigure(writer: ByteWriter, { number, body, aim, health, isSafe }: FigureState): void {
  writer.varint(number).u8(figureMasks.whole);
  writer.u16(body.x).u16(body.y).i8(body.vx).i8(body.vy).u8(aim).u8(conditionOf(health, isSafe));
}

/** What is other than `expected`; nothing at all where all is as expected. */
export function writeFigureChange(writer: ByteWriter, figure: FigureState, expected: FigureState): void {
  const { body } = figure;
  const condition = conditionOf(figure.health, figure.isSafe);
  const mask =
    (body.x === expected.body.x ? 0 : figureMasks.x) |
    (body.y === expected.body.y ? 0 : figureMasks.y) |
    (body.vx === expected.body.vx ? 0 : figureMasks.vx) |
    (body.vy === expected.body.vy ? 0 : figureMasks.vy) |
    (figure.aim === expected.aim ? 0 : figureMasks.aim) |
    (condition === conditionOf(expected.health, expected.isSafe) ? 0 : figureMasks.condition);
  if (mask === 0) return;
  writer.varint(figure.number).u8(mask);
  if (mask & figureMasks.x) writer.zigzag(body.x - expected.body.x);
  if (mask & figureMasks.y) writer.zigzag(body.y - expected.body.y);
  if (mask & figureMasks.vx) writer.i8(body.vx);
  if (mask & figureMasks.vy) writer.i8(body.vy);
  if (mask & figureMasks.aim) writer.u8(figure.aim);
  if (mask & figureMasks.condition) writer.u8(condition);
}

/** `expectedOf` gives what the figure of that number would be if nothing was said; `undefined` where it was not seen. */
export function readFigure(
  reader: ByteReader,
  expectedOf: (number: number) => FigureState | undefined,
): FigureState | undefined {
  const [number, mask] = [reader.varint(), reader.u8()];
  if (mask === 0 || mask > masksMax || (mask & figureMasks.whole && mask !== figureMasks.whole)) reader.fail();
  if (mask === figureMasks.whole) return readWholeFigure(reader, number);
  const expected = expectedOf(number);
  if (expected === undefined) {
    reader.fail();
    return undefined;
  }
  const { body } = expected;
  const x = mask & figureMasks.x ? body.x + reader.zigzag() : body.x;
  const y = mask & figureMasks.y ? body.y + reader.zigzag() : body.y;
  const vx = mask & figureMasks.vx ? reader.i8() : body.vx;
  const vy = mask & figureMasks.vy ? reader.i8() : body.vy;
  const aim = mask & figureMasks.aim ? reader.u8() : expected.aim;
  const condition = mask & figureMasks.condition ? readCondition(reader) : expected;
  const { health, isSafe } = condition;
  return { number, body: { x, y, vx, vy }, aim, health, isSafe };
}

function readWholeFigure(reader: ByteReader, number: number): FigureState {
  const body = { x: reader.u16(), y: reader.u16(), vx: reader.i8(), vy: reader.i8() };
  const aim = reader.u8();
  return { number, body, aim, ...readCondition(reader) };
}

function conditionOf(health: number, isSafe: boolean): number {
  return health | (isSafe ? 0x80 : 0);
}

function readCondition(reader: ByteReader): { health: number; isSafe: boolean } {
  const condition = reader.u8();
  return { health: condition & 0x7f, isSafe: condition >= 0x80 };
}

export function writeBolt(writer: ByteWriter, { id, by, from, aim, bornTick }: Bolt, tick: number): void {
  writer
    .varint(id)
    .varint(by)
    .u16(from.x)
    .u16(from.y)
    .u8(aim)
    .u8(tick - bornTick);
}

export function readBolt(reader: ByteReader, tick: number): Bolt {
  const [id, by] = [reader.varint(), reader.varint()];
  const from: Place = { x: reader.u16(), y: reader.u16() };
  const aim = reader.u8();
  return { id, by, from, aim, bornTick: tick - reader.u8() };
}
