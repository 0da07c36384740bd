import { type Gain, readGain, writeGain } from "./board.ts";
import type { SavedFigure } from "./figure.ts";
import type { Place } from "./rules/arena.ts";
import type { Bolt } from "./rules/bolts.ts";
import { ByteReader, ByteWriter } from "./rules/bytes.ts";
import { readPlace, writePlace } from "./rules/events.ts";
import type { SavedLedger } from "./rules/ledger.ts";
import { readEach, readLedger, writeLedger } from "./rules/ledger-codec.ts";
import { playersMax, readStep } from "./rules/messages.ts";
import type { Step } from "./rules/motion.ts";
import { queuedStepsMax } from "./step-queue.ts";
import type { SavedWorld } from "./world.ts";

/** Form of the bytes below and of the events, as the app's `version`: a room that was saved in another form is refused, not misread. */
export const savedArenaVersion = "game-3";

export interface SavedArena {
  readonly ledger: SavedLedger;
  readonly world: SavedWorld;
  /** To the board. */
  readonly owed: readonly Gain[];
}

/** GAME-2: everything a new owner needs, the steps that have arrived but not been taken too: so a move is not to be seen. */
export function encodeArena({ ledger, world, owed }: SavedArena): Uint8Array {
  const writer = new ByteWriter();
  writeLedger(writer, ledger);
  writer.u32(world.tick).u32(world.chance).u16(world.nextBoltId);
  writer.varint(world.figures.length);
  for (const figure of world.figures) writeFigure(writer, figure);
  writer.varint(world.bolts.length);
  for (const bolt of world.bolts) writeBolt(writer, bolt);
  writer.varint(world.parked.length);
  for (const [number, at] of world.parked) {
    writer.varint(number);
    writePlace(writer, at);
  }
  writer.varint(owed.length);
  for (const gain of owed) writeGain(writer, gain);
  return writer.finish();
}

/** `undefined` for bytes that {@link encodeArena} has not written. */
export function decodeArena(bytes: Uint8Array): SavedArena | undefined {
  const reader = new ByteReader(bytes);
  const ledger = readLedger(reader);
  const [tick, chance, nextBoltId] = [reader.u32(), reader.u32(), reader.u16()];
  const figures = readEach(reader, readFigure);
  const bolts = readEach(reader, readBolt);
  const parked = readEach(reader, (): readonly [number, Place] => [reader.varint(), readPlace(reader)]);
  const owed = readEach(reader, readGain);
  return reader.isWhole ? { ledger, world: { tick, chance, nextBoltId, figures, bolts, parked }, owed } : undefined;
}

/** A tick of 0 is none: nothing happens at it. */
function writeFigure(writer: ByteWriter, figure: SavedFigure): void {
  const { body, queue } = figure;
  writer.varint(figure.number).u8(figure.slot);
  writer.u16(body.x).u16(body.y).i8(body.vx).i8(body.vy).u8(figure.aim).u8(figure.health);
  writer
    .u32(figure.readyAtTick)
    .u32(figure.safeUntilTick)
    .u32(figure.backAtTick ?? 0);
  writer.u32(figure.renamableAtTick).u32(figure.sayableAtTick);
  writer.u32(queue.lastReceived).u8(queue.steps.length);
  for (const { x, y, aim, isFiring } of queue.steps) {
    writer
      .i8(x)
      .i8(y)
      .u8(aim)
      .u8(isFiring ? 1 : 0);
  }
}

function readFigure(reader: ByteReader): SavedFigure {
  const [number, slot] = [reader.varint(), reader.u8()];
  if (slot >= playersMax) reader.fail();
  const body = { x: reader.u16(), y: reader.u16(), vx: reader.i8(), vy: reader.i8() };
  const [aim, health] = [reader.u8(), reader.u8()];
  const [readyAtTick, safeUntilTick, backAtTick] = [reader.u32(), reader.u32(), reader.u32() || undefined];
  const [renamableAtTick, sayableAtTick] = [reader.u32(), reader.u32()];
  const [lastReceived, count] = [reader.u32(), reader.u8()];
  if (count > queuedStepsMax) reader.fail();
  const steps: Step[] = [];
  while (steps.length < count && !reader.hasFailed) steps.push(readStep(reader));
  const queue = { lastReceived, steps };
  const times = { readyAtTick, safeUntilTick, backAtTick, renamableAtTick, sayableAtTick };
  return { number, slot, body, aim, health, ...times, queue };
}

function writeBolt(writer: ByteWriter, { id, by, from, aim, bornTick }: Bolt): void {
  writer.u16(id).varint(by);
  writePlace(writer, from);
  writer.u8(aim).u32(bornTick);
}

function readBolt(reader: ByteReader): Bolt {
  const [id, by] = [reader.u16(), reader.varint()];
  return { id, by, from: readPlace(reader), aim: reader.u8(), bornTick: reader.u32() };
}
