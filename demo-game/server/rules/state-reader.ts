import type { Bolt } from "./bolts.ts";
import type { ByteReader } from "./bytes.ts";
import { readEach } from "./ledger-codec.ts";
import { expectedAfter, type FigureState, readBolt, readFigure, type SeenState, statesRemembered } from "./states.ts";

/**
 * The receiving side of states: each says what is different from an earlier one, which the receiver has said that it has.
 * Layout, behind the message's type:
 *
 * varint epoch, varint tick, u8 age of the state that this one continues (0: none, all is said), varint last step, u8 ticks until
 * the figure is back, then four lists, each behind its varint count: figures that are gone (varint number), figures that are
 * new or other than expected, bolts that are gone (varint id), bolts that are new.
 */
export class StateReader {
  #remembered = new Map<number, SeenState>();
  #epoch = 0;

  /** `undefined` for what is malformed, comes too late, or continues a state that is not remembered. */
  read(reader: ByteReader): SeenState | undefined {
    const [epoch, tick, age] = [reader.varint(), reader.varint(), reader.u8()];
    if (reader.hasFailed || epoch < this.#epoch) return undefined;
    // What another owner has said is nothing to continue from.
    const isKnownEpoch = epoch === this.#epoch;
    const base = isKnownEpoch && age > 0 ? this.#remembered.get(tick - age) : undefined;
    if (age > 0 && base === undefined) return undefined;
    const state = this.#continue(reader, base, { epoch, tick });
    if (!reader.isWhole) return undefined;
    if (!isKnownEpoch) this.#remembered = new Map();
    this.#epoch = epoch;
    this.#remember(state);
    return state;
  }

  #continue(reader: ByteReader, base: SeenState | undefined, head: { epoch: number; tick: number }): SeenState {
    const [lastStep, respawnTicks] = [reader.varint(), reader.u8()];
    const ticks = head.tick - (base?.tick ?? head.tick);
    const figures = new Map<number, FigureState>();
    for (const [number, figure] of base?.figures ?? []) figures.set(number, expectedAfter(figure, ticks));
    for (const number of readEach(reader, readNumber)) if (!figures.delete(number)) reader.fail();
    for (const figure of readEach(reader, () => readFigure(reader, (number) => figures.get(number)))) {
      if (figure !== undefined) figures.set(figure.number, figure);
    }
    const bolts = new Map<number, Bolt>(base?.bolts);
    for (const id of readEach(reader, readNumber)) if (!bolts.delete(id)) reader.fail();
    for (const bolt of readEach(reader, () => readBolt(reader, head.tick))) bolts.set(bolt.id, bolt);
    return { ...head, lastStep, respawnTicks, figures, bolts };
  }

  #remember(state: SeenState): void {
    this.#remembered.set(state.tick, state);
    for (const tick of this.#remembered.keys()) {
      if (tick <= state.tick - statesRemembered || tick > state.tick) this.#remembered.delete(tick);
    }
  }
}

function readNumber(reader: ByteReader): number {
  return reader.varint();
}
