import type { Place } from "./arena.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { type ItemKind, itemKinds } from "./items.ts";

/**
 * What happens in an arena and counts. The room appends each of these to its journal, the fold of them (`ledger.ts`) is all durable
 * state there is, and players are sent the same bytes and fold them too. So what a page shows of who has what is what the journal says.
 *
 * Players go by their number in the arena, items by theirs.
 */
export type ArenaEvent =
  /** A player whom the arena does not know. `id` is theirs in all arenas: 16 hexadecimal digits. */
  | {
      readonly kind: "entered";
      readonly number: number;
      readonly id: string;
      readonly hue: number;
      readonly name: string;
    }
  /** Gone, and may come back for a while: what they hold stays theirs. */
  | { readonly kind: "away"; readonly number: number }
  | { readonly kind: "back"; readonly number: number }
  /** Gone for good. `drops`: all that they held lies there. */
  | { readonly kind: "left"; readonly number: number; readonly drops: readonly Drop[] }
  | { readonly kind: "renamed"; readonly number: number; readonly name: string }
  | { readonly kind: "spawned"; readonly item: number; readonly itemKind: ItemKind; readonly at: Place }
  | { readonly kind: "taken"; readonly item: number; readonly number: number }
  /** All gems that the player holds become points. */
  | { readonly kind: "banked"; readonly number: number }
  /** One thing is used up by its holder. */
  | { readonly kind: "used"; readonly item: number; readonly number: number }
  | { readonly kind: "hit"; readonly victim: number; readonly by: number }
  /** The victim drops all it has. */
  | { readonly kind: "felled"; readonly victim: number; readonly by: number; readonly drops: readonly Drop[] }
  | { readonly kind: "said"; readonly number: number; readonly text: string };

export interface Drop {
  readonly item: number;
  readonly at: Place;
}

const types = {
  entered: 1,
  away: 2,
  back: 3,
  left: 4,
  renamed: 5,
  spawned: 6,
  taken: 7,
  banked: 8,
  used: 9,
  hit: 10,
  felled: 11,
  said: 12,
} as const;

/** One entry of the journal. */
export function encodeEvent(event: ArenaEvent): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writeEvent(writer, event);
  return writer.finish();
}

/** `undefined` for bytes that {@link encodeEvent} has not written. */
export function decodeEvent(bytes: Uint8Array): ArenaEvent | undefined {
  const reader = new ByteReader(bytes);
  const event = readEvent(reader);
  return reader.isWhole ? event : undefined;
}

export function writeEvent(writer: ByteWriter, event: ArenaEvent): void {
  writer.u8(types[event.kind]);
  switch (event.kind) {
    case "entered":
      writer.varint(event.number);
      writeId(writer, event.id);
      writer.u16(event.hue).text(event.name);
      return;
    case "away":
    case "back":
    case "banked":
      writer.varint(event.number);
      return;
    case "left":
      writer.varint(event.number);
      writeDrops(writer, event.drops);
      return;
    case "renamed":
      writer.varint(event.number).text(event.name);
      return;
    case "spawned":
      writer.varint(event.item).u8(itemKinds.indexOf(event.itemKind));
      writePlace(writer, event.at);
      return;
    case "taken":
    case "used":
      writer.varint(event.item).varint(event.number);
      return;
    case "hit":
      writer.varint(event.victim).varint(event.by);
      return;
    case "felled":
      writer.varint(event.victim).varint(event.by);
      writeDrops(writer, event.drops);
      return;
    case "said":
      writer.varint(event.number).text(event.text);
      return;
  }
}

/** Fails the reader where the bytes are no event. */
export function readEvent(reader: ByteReader): ArenaEvent {
  switch (reader.u8()) {
    case types.entered:
      return {
        kind: "entered",
        number: reader.varint(),
        id: readId(reader),
        hue: readHue(reader),
        name: reader.text(),
      };
    case types.away:
      return { kind: "away", number: reader.varint() };
    case types.back:
      return { kind: "back", number: reader.varint() };
    case types.left:
      return { kind: "left", number: reader.varint(), drops: readDrops(reader) };
    case types.renamed:
      return { kind: "renamed", number: reader.varint(), name: reader.text() };
    case types.spawned:
      return { kind: "spawned", item: reader.varint(), itemKind: readItemKind(reader), at: readPlace(reader) };
    case types.taken:
      return { kind: "taken", item: reader.varint(), number: reader.varint() };
    case types.banked:
      return { kind: "banked", number: reader.varint() };
    case types.used:
      return { kind: "used", item: reader.varint(), number: reader.varint() };
    case types.hit:
      return { kind: "hit", victim: reader.varint(), by: reader.varint() };
    case types.felled:
      return { kind: "felled", victim: reader.varint(), by: reader.varint(), drops: readDrops(reader) };
    case types.said:
      return { kind: "said", number: reader.varint(), text: reader.text() };
    default:
      reader.fail();
      return { kind: "away", number: 0 };
  }
}

export function writeId(writer: ByteWriter, id: string): void {
  writer.u32(Number.parseInt(id.slice(0, 8), 16)).u32(Number.parseInt(id.slice(8), 16));
}

export function readId(reader: ByteReader): string {
  const [high, low] = [reader.u32(), reader.u32()];
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

export function readHue(reader: ByteReader): number {
  const hue = reader.u16();
  if (hue >= 360) reader.fail();
  return hue;
}

export function readItemKind(reader: ByteReader): ItemKind {
  const kind = itemKinds[reader.u8()];
  if (kind === undefined) reader.fail();
  return kind ?? "gem";
}

export function writePlace(writer: ByteWriter, { x, y }: Place): void {
  writer.u16(x).u16(y);
}

export function readPlace(reader: ByteReader): Place {
  return { x: reader.u16(), y: reader.u16() };
}

function writeDrops(writer: ByteWriter, drops: readonly Drop[]): void {
  writer.u8(drops.length);
  for (const { item, at } of drops) {
    writer.varint(item);
    writePlace(writer, at);
  }
}

function readDrops(reader: ByteReader): Drop[] {
  const drops: Drop[] = [];
  for (let left = reader.u8(); left > 0 && !reader.hasFailed; left -= 1) {
    drops.push({ item: reader.varint(), at: readPlace(reader) });
  }
  return drops;
}
