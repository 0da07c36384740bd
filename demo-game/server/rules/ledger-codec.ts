import type { ByteReader, ByteWriter } from "./bytes.ts";
import { readHue, readId, readItemKind, readPlace, writeId, writePlace } from "./events.ts";
import { itemKinds } from "./items.ts";
import type { ChatLine, Item, SavedLedger } from "./ledger.ts";

type SavedPlayer = SavedLedger["players"][number];

/** The whole ledger, for a snapshot and for whoever comes in. */
export function writeLedger(writer: ByteWriter, ledger: SavedLedger): void {
  writer.varint(ledger.serial).u16(ledger.lastNumber).varint(ledger.itemsSpawned).varint(ledger.itemsUsed);
  writer.varint(ledger.players.length);
  for (const player of ledger.players) writePlayer(writer, player);
  writer.varint(ledger.items.length);
  for (const item of ledger.items) writeItem(writer, item);
  writer.varint(ledger.chat.length);
  for (const line of ledger.chat) writeLine(writer, line);
}

export function readLedger(reader: ByteReader): SavedLedger {
  return {
    serial: reader.varint(),
    lastNumber: reader.u16(),
    itemsSpawned: reader.varint(),
    itemsUsed: reader.varint(),
    players: readEach(reader, readPlayer),
    items: readEach(reader, readItem),
    chat: readEach(reader, readLine),
  };
}

/** A count that the bytes do not keep ends with them: each item is a byte at least. */
export function readEach<T>(reader: ByteReader, read: (reader: ByteReader) => T): T[] {
  const items: T[] = [];
  for (let left = reader.varint(); left > 0 && !reader.hasFailed; left -= 1) items.push(read(reader));
  return items;
}

function writePlayer(writer: ByteWriter, player: SavedPlayer): void {
  writer.varint(player.number);
  writeId(writer, player.id);
  writer.u16(player.hue).text(player.name).varint(player.score).varint(player.felled).varint(player.falls);
  writer.u8(player.isHere ? 1 : 0);
}

function readPlayer(reader: ByteReader): SavedPlayer {
  return {
    number: reader.varint(),
    id: readId(reader),
    hue: readHue(reader),
    name: reader.text(),
    score: reader.varint(),
    felled: reader.varint(),
    falls: reader.varint(),
    isHere: readFlag(reader),
  };
}

export function readFlag(reader: ByteReader): boolean {
  const value = reader.u8();
  if (value > 1) reader.fail();
  return value === 1;
}

/** A holder of 0 is none. */
function writeItem(writer: ByteWriter, { number, kind, holder, at }: Item): void {
  writer
    .varint(number)
    .u8(itemKinds.indexOf(kind))
    .varint(holder ?? 0);
  writePlace(writer, at);
}

function readItem(reader: ByteReader): Item {
  const [number, kind, holder] = [reader.varint(), readItemKind(reader), reader.varint()];
  return { number, kind, holder: holder === 0 ? undefined : holder, at: readPlace(reader) };
}

function writeLine(writer: ByteWriter, { serial, number, name, hue, text }: ChatLine): void {
  writer.varint(serial).varint(number).text(name).u16(hue).text(text);
}

function readLine(reader: ByteReader): ChatLine {
  return {
    serial: reader.varint(),
    number: reader.varint(),
    name: reader.text(),
    hue: readHue(reader),
    text: reader.text(),
  };
}
