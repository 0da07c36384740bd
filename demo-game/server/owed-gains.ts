import { type Gain, readGain, writeGain } from "./board.ts";
import { ByteReader, ByteWriter } from "./rules/bytes.ts";
import { readId, writeId } from "./rules/events.ts";

/** What an arena journals of what it owes the board. Pages are not told: it is nothing that they fold. */
export type Owing =
  /** Points for which the board had no place. */
  | { readonly kind: "owed"; readonly gain: Gain }
  /** All that was owed for that player is told. */
  | { readonly kind: "paid"; readonly id: string };

/** As many players as the board shows lines for. */
export const owedMax = 2_000;
const pointsMax = 0xffff_ffff;
/** No event of an arena begins with these. */
const types = { owed: 0xe0, paid: 0xe1 } as const;

/**
 * GAME-11: gains that the board could not be told, since too much that it has not heard waits already: one sum a player, with the name and
 * colour of the last gain. Whoever has the least makes room.
 */
export class OwedGains {
  readonly #gains: Map<string, Gain>;

  constructor(gains: Iterable<Gain> = []) {
    this.#gains = new Map([...gains].map((gain) => [gain.id, gain]));
  }

  get isEmpty(): boolean {
    return this.#gains.size === 0;
  }

  get gains(): readonly Gain[] {
    return [...this.#gains.values()];
  }

  apply(owing: Owing): void {
    if (owing.kind === "paid") {
      this.#gains.delete(owing.id);
      return;
    }
    const { gain } = owing;
    const points = Math.min((this.#gains.get(gain.id)?.points ?? 0) + gain.points, pointsMax);
    this.#gains.set(gain.id, { ...gain, points });
    if (this.#gains.size > owedMax) this.#dropLeast(gain.id);
  }

  #dropLeast(kept: string): void {
    let least: Gain | undefined;
    for (const gain of this.#gains.values()) {
      if (gain.id !== kept && (least === undefined || gain.points < least.points)) least = gain;
    }
    if (least !== undefined) this.#gains.delete(least.id);
  }
}

export function encodeOwing(owing: Owing): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(types[owing.kind]);
  if (owing.kind === "owed") writeGain(writer, owing.gain);
  else writeId(writer, owing.id);
  return writer.finish();
}

/** `undefined` for bytes that {@link encodeOwing} has not written. */
export function decodeOwing(bytes: Uint8Array): Owing | undefined {
  const reader = new ByteReader(bytes);
  const type = reader.u8();
  if (type !== types.owed && type !== types.paid) return undefined;
  const owing: Owing =
    type === types.owed ? { kind: "owed", gain: readGain(reader) } : { kind: "paid", id: readId(reader) };
  return reader.isWhole ? owing : undefined;
}
