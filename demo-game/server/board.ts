import { ByteReader, ByteWriter } from "./rules/bytes.ts";
import { readHue, readId, writeId } from "./rules/events.ts";
import { readEach } from "./rules/ledger-codec.ts";

/** Points that a player has just made in some arena: what arenas tell the board. */
export interface Gain {
  /** The player's in all arenas. */
  readonly id: string;
  readonly name: string;
  readonly hue: number;
  readonly points: number;
}

/** A player's line on the board: name and colour as of the last gain. */
export type BoardLine = Gain;

/** Lines that are kept; whoever has the least makes room. */
export const boardLinesMax = 2_000;
export const boardShown = 20;
const pointsMax = 0xffff_ffff;

/** The all-time board: the sum of all gains, which only goes up. */
export class Board {
  readonly #lines: Map<string, BoardLine>;

  constructor(lines: Iterable<BoardLine> = []) {
    this.#lines = new Map([...lines].map((line) => [line.id, line]));
  }

  get lines(): Iterable<BoardLine> {
    return this.#lines.values();
  }

  apply(gain: Gain): void {
    const points = Math.min((this.#lines.get(gain.id)?.points ?? 0) + gain.points, pointsMax);
    this.#lines.set(gain.id, { ...gain, points });
    if (this.#lines.size > boardLinesMax) this.#dropLeast(gain.id);
  }

  top(count = boardShown): BoardLine[] {
    return [...this.#lines.values()].sort((one, other) => other.points - one.points).slice(0, count);
  }

  /** Never the one who has just come: nobody would get on a board that is full of more. */
  #dropLeast(kept: string): void {
    let least: BoardLine | undefined;
    for (const line of this.#lines.values()) {
      if (line.id !== kept && (least === undefined || line.points < least.points)) least = line;
    }
    if (least !== undefined) this.#lines.delete(least.id);
  }
}

export function encodeGain(gain: Gain): Uint8Array<ArrayBuffer> {
  return encodeGains([gain]);
}

/** `undefined` for bytes that {@link encodeGain} has not written. */
export function decodeGain(bytes: Uint8Array): Gain | undefined {
  const gains = decodeGains(bytes);
  return gains?.length === 1 ? gains[0] : undefined;
}

export function encodeGains(gains: Iterable<Gain>): Uint8Array<ArrayBuffer> {
  const all = [...gains];
  const writer = new ByteWriter().varint(all.length);
  for (const gain of all) writeGain(writer, gain);
  return writer.finish();
}

export function decodeGains(bytes: Uint8Array): Gain[] | undefined {
  const reader = new ByteReader(bytes);
  const gains = readEach(reader, readGain);
  return reader.isWhole ? gains : undefined;
}

export function writeGain(writer: ByteWriter, { id, name, hue, points }: Gain): void {
  writeId(writer, id);
  writer.text(name).u16(hue).varint(points);
}

/** Fails the reader where the bytes are no gain. */
export function readGain(reader: ByteReader): Gain {
  return { id: readId(reader), name: reader.text(), hue: readHue(reader), points: reader.varint() };
}
