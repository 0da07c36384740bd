import { ByteReader, ByteWriter } from "./rules/bytes.ts";
import { playersMax, readBody, readDirection, writeBody } from "./rules/messages.ts";
import type { Direction } from "./rules/motion.ts";
import { queuedStepsMax } from "./step-queue.ts";
import type { SavedPlayer, SavedWorld } from "./world.ts";

/** Form of the bytes below, as the app's `version`: a room that was saved in another form is refused, not misread. */
export const savedWorldVersion = "game-1";

/** GAME-2: everything a new owner needs, the steps that have arrived but not been taken too: so a move is not to be seen. */
export function encodeWorld(world: SavedWorld): Uint8Array {
  const writer = new ByteWriter().u32(world.tick).u16(world.lastNumber).u8(world.players.length);
  for (const player of world.players) writePlayer(writer, player);
  return writer.finish();
}

/** `undefined` for bytes that {@link encodeWorld} has not written. */
export function decodeWorld(bytes: Uint8Array): SavedWorld | undefined {
  const reader = new ByteReader(bytes);
  const [tick, lastNumber, count] = [reader.u32(), reader.u16(), reader.u8()];
  if (count > playersMax) reader.fail();
  const players: SavedPlayer[] = [];
  while (players.length < count && !reader.hasFailed) players.push(readPlayer(reader));
  return reader.isWhole ? { tick, lastNumber, players } : undefined;
}

function writePlayer(writer: ByteWriter, player: SavedPlayer): void {
  writer.text(player.session).u16(player.card.number).u16(player.card.hue).text(player.card.name);
  writeBody(writer, player.body);
  writer.u32(player.renamableAtTick).u32(player.queue.lastReceived).u8(player.queue.steps.length);
  for (const step of player.queue.steps) writer.i8(step.x).i8(step.y);
}

function readPlayer(reader: ByteReader): SavedPlayer {
  const session = reader.text();
  const card = { number: reader.u16(), hue: reader.u16(), name: reader.text() };
  const body = readBody(reader);
  const [renamableAtTick, lastReceived, count] = [reader.u32(), reader.u32(), reader.u8()];
  if (count > queuedStepsMax) reader.fail();
  const steps: Direction[] = [];
  while (steps.length < count && !reader.hasFailed) steps.push(readDirection(reader));
  return { session, card, body, renamableAtTick, queue: { lastReceived, steps } };
}
