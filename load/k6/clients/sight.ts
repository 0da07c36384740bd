import { figureRadius } from "../../../demo-game/server/rules/arena.ts";
import { playersMax } from "../../../demo-game/server/rules/messages.ts";
import { type FigureState, figureMasks } from "../../../demo-game/server/rules/states.ts";
import { stepsPerTick } from "../../../demo-game/server/rules/timing.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Body = FigureState["body"];
type Figure = Mutable<Omit<FigureState, "body">> & { readonly body: Mutable<Body> };

/**
 * What a player sees of its arena, for k6: the figures of the newest state that was read, each changed in its place. A page reads states
 * with `StateReader`, which keeps those of a second and the bolts in them; k6 takes five times as long for that, and a bot
 * looks at neither.
 */
export class Sight {
  readonly #figures = new Map<number, Figure>();
  #epoch = 0;
  #tick = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #isMalformed = false;

  /** Of the newest state that was read; 0 before any. */
  get tick(): number {
    return this.#tick;
  }

  get figures(): ReadonlyMap<number, FigureState> {
    return this.#figures;
  }

  /**
   * Reads a whole message, its type included, as far as its figures. `stale`, and nothing has changed, for a state that does not continue
   * the newest one; after one that is malformed nothing can be relied on.
   */
  read(bytes: Uint8Array): "seen" | "stale" | "malformed" {
    this.#bytes = bytes;
    this.#at = 1;
    this.#isMalformed = false;
    const epoch = this.#varint();
    const tick = this.#varint();
    const age = this.#u8();
    const isOfAnother = epoch !== this.#epoch || tick - age !== this.#tick;
    if (epoch < this.#epoch || (age > 0 && isOfAnother)) return "stale";
    this.#epoch = epoch;
    this.#tick = tick;
    // The number of the last step, and the ticks until this player's figure is back.
    this.#varint();
    this.#u8();
    if (age === 0) this.#figures.clear();
    else this.#goOn(age * stepsPerTick);
    for (let left = this.#count(); left > 0; left -= 1) {
      if (!this.#figures.delete(this.#varint())) this.#isMalformed = true;
    }
    for (let left = this.#count(); left > 0; left -= 1) this.#readFigure();
    return this.#isMalformed ? "malformed" : "seen";
  }

  #count(): number {
    const count = this.#varint();
    if (count <= playersMax) return count;
    this.#isMalformed = true;
    return 0;
  }

  /** GAME-8: as `expectedAfter`. */
  #goOn(steps: number): void {
    this.#figures.forEach(({ body }) => {
      if (body.vx === 0 && body.vy === 0) return;
      body.x = within(body.x + body.vx * steps);
      body.y = within(body.y + body.vy * steps);
    });
  }

  #readFigure(): void {
    const number = this.#varint();
    const mask = this.#u8();
    if (mask === figureMasks.whole) {
      const body = { x: this.#u16(), y: this.#u16(), vx: this.#i8(), vy: this.#i8() };
      const aim = this.#u8();
      const condition = this.#u8();
      this.#figures.set(number, { number, body, aim, health: condition & 0x7f, isSafe: condition >= 0x80 });
      return;
    }
    const figure = this.#figures.get(number);
    if (figure === undefined || mask === 0 || mask > figureMasks.whole) {
      this.#isMalformed = true;
      return;
    }
    const { body } = figure;
    if (mask & figureMasks.x) body.x += this.#zigzag();
    if (mask & figureMasks.y) body.y += this.#zigzag();
    if (mask & figureMasks.vx) body.vx = this.#i8();
    if (mask & figureMasks.vy) body.vy = this.#i8();
    if (mask & figureMasks.aim) figure.aim = this.#u8();
    if (mask & figureMasks.condition) {
      const condition = this.#u8();
      figure.health = condition & 0x7f;
      figure.isSafe = condition >= 0x80;
    }
  }

  #u8(): number {
    const byte = this.#bytes[this.#at];
    this.#at += 1;
    if (byte === undefined) this.#isMalformed = true;
    return byte ?? 0;
  }

  #i8(): number {
    const byte = this.#u8();
    return byte < 0x80 ? byte : byte - 0x100;
  }

  #u16(): number {
    return this.#u8() + this.#u8() * 0x100;
  }

  #varint(): number {
    let byte = this.#u8();
    let value = byte & 0x7f;
    for (let unit = 0x80; byte >= 0x80; unit *= 0x80) {
      byte = this.#u8();
      value += (byte & 0x7f) * unit;
    }
    return value;
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

function within(value: number): number {
  return value < figureRadius ? figureRadius : value > 0xffff ? 0xffff : value;
}
