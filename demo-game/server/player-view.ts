import { BitSet } from "./bit-set.ts";
import type { Frame, Frames } from "./frame.ts";
import type { Place } from "./rules/arena.ts";
import { boltIdsMax } from "./rules/bolts.ts";
import type { ByteWriter } from "./rules/bytes.ts";
import { playersMax, stateType } from "./rules/messages.ts";
import { type FigureState, statesRemembered } from "./rules/states.ts";
import { isInSight, lookAt } from "./sight.ts";

/** What stands in front of every state. */
export interface StateHead {
  readonly epoch: number;
  readonly lastStep: number;
  readonly respawnTicks: number;
}

/** What a player was sent of one frame. */
interface Sent {
  tick: number;
  readonly slots: BitSet;
  readonly bolts: BitSet;
}

const nowhere: Sent = { tick: -1, slots: new BitSet(playersMax), bolts: new BitSet(boltIdsMax) };

/**
 * One player's sight of the arena, and the states that it was sent. A state may be thinned out on the way (`latest`), so it continues
 * one that the player has said to have, and never one that it may have.
 */
export class PlayerView {
  readonly #sent: Sent[] = [];
  #seenTick = 0;
  #lastPlace: Place;

  constructor(place: Place) {
    this.#lastPlace = place;
  }

  /** The player has the state of that tick. What was not sent, or is older than what it had before, is nothing. */
  seen(tick: number): void {
    if (tick > this.#seenTick && this.#sentAt(tick) !== undefined) this.#seenTick = tick;
  }

  /** What was sent so far is nothing to continue: the room has a new owner, or the same one anew. */
  forget(): void {
    this.#sent.length = 0;
    this.#seenTick = 0;
  }

  /** Writes the state of `frame`, the newest of `frames`, for this player, whose figure is at `place` while it is in. */
  write(writer: ByteWriter, frame: Frame, frames: Frames, place: Place | undefined, head: StateHead): void {
    if (place !== undefined) this.#lastPlace = place;
    const centre = lookAt(this.#lastPlace);
    const baseFrame = frames.at(this.#seenTick);
    const base = (baseFrame && this.#sentAt(baseFrame.tick)) ?? nowhere;
    const sent = this.#begin(frame.tick);
    for (let slot = 0; slot < frame.figures.length; slot += 1) {
      const figure = frame.figures[slot];
      if (figure !== undefined && isInSight(centre, figure.body)) sent.slots.add(slot);
    }
    for (const [index, place] of frame.boltPlaces.entries()) {
      const id = frame.bolts[index]?.id;
      if (id !== undefined && isInSight(centre, place)) sent.bolts.add(id);
    }
    writer.u8(stateType).varint(head.epoch).varint(frame.tick);
    writer.u8(baseFrame === undefined || base === nowhere ? 0 : frame.tick - baseFrame.tick);
    writer.varint(head.lastStep).u8(Math.min(head.respawnTicks, 0xff));
    writeFigures(writer, frame, baseFrame, base, sent);
    writeBolts(writer, frame, baseFrame, base, sent);
  }

  #begin(tick: number): Sent {
    const at = tick % statesRemembered;
    const sent = this.#sent[at] ?? { tick, slots: new BitSet(playersMax), bolts: new BitSet(boltIdsMax) };
    sent.tick = tick;
    sent.slots.clear();
    sent.bolts.clear();
    this.#sent[at] = sent;
    return sent;
  }

  #sentAt(tick: number): Sent | undefined {
    const sent = this.#sent[tick % statesRemembered];
    return sent?.tick === tick ? sent : undefined;
  }
}

/** Whether the figure of a slot is still the one that it was: a slot is another player's after a while. */
function isSame(figure: FigureState | undefined, before: FigureState | undefined): boolean {
  return figure !== undefined && figure.number === before?.number;
}

function writeFigures(writer: ByteWriter, frame: Frame, baseFrame: Frame | undefined, base: Sent, sent: Sent): void {
  const gone: number[] = [];
  base.slots.forEach((slot) => {
    const before = baseFrame?.figures[slot];
    if (before === undefined) return;
    if (!sent.slots.has(slot) || !isSame(frame.figures[slot], before)) gone.push(before.number);
  });
  writer.varint(gone.length);
  for (const number of gone) writer.varint(number);
  const parts: Uint8Array[] = [];
  sent.slots.forEach((slot) => {
    const isKnown = base.slots.has(slot) && isSame(frame.figures[slot], baseFrame?.figures[slot]);
    const bytes = isKnown && baseFrame !== undefined ? frame.figureChange(slot, baseFrame) : frame.wholeFigure(slot);
    if (bytes.length > 0) parts.push(bytes);
  });
  writer.varint(parts.length);
  for (const part of parts) writer.bytes(part);
}

function writeBolts(writer: ByteWriter, frame: Frame, baseFrame: Frame | undefined, base: Sent, sent: Sent): void {
  const gone: number[] = [];
  base.bolts.forEach((id) => {
    if (baseFrame !== undefined && !sent.bolts.has(id)) gone.push(id);
  });
  writer.varint(gone.length);
  for (const id of gone) writer.varint(id);
  const fresh = frame.bolts.filter(({ id }) => sent.bolts.has(id) && !base.bolts.has(id));
  writer.varint(fresh.length);
  for (const bolt of fresh) frame.writeBolt(writer, bolt);
}
