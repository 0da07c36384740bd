import { EventLine } from "../../../demo-game/page/play/event-line.ts";
import type { ArenaEvent } from "../../../demo-game/server/rules/events.ts";
import type { Ledger, SavedLedger } from "../../../demo-game/server/rules/ledger.ts";
import { decodeDown } from "../../../demo-game/server/rules/messages.ts";
import { StateReader } from "../../../demo-game/server/rules/state-reader.ts";

/** Messages that are remembered. Who is farther behind reads them by itself. */
const messagesMax = 512;

/** One message of events, as it was first heard. */
export interface ToldEvents {
  /** Of its first event. */
  readonly serial: number;
  readonly events: readonly ArenaEvent[];
}

interface Remembered extends ToldEvents {
  readonly bytes: Uint8Array;
}

/**
 * What an arena tells all its players, read and folded once for those of them who share a JavaScript engine: k6 would need most of its
 * time for reading the same bytes twenty times. Each player still has a line of its own, in which every event must come, once and in order;
 * here it is held that all are told the same.
 */
export class ArenaLog {
  readonly #remembered = new Map<number, Remembered>();
  readonly #states = new StateReader();
  #line: EventLine | undefined;

  /** As of the first welcome that anybody gets; later ones are of the same arena, and add nothing. */
  begin(saved: SavedLedger): void {
    this.#line ??= new EventLine(saved);
  }

  /** As of the last event that anybody has heard; `undefined` before the first welcome. */
  get ledger(): Ledger | undefined {
    return this.#line?.ledger;
  }

  /** Number of the last event that anybody has heard; 0 before any. */
  get serial(): number {
    return this.#line?.ledger.serial ?? 0;
  }

  /** What these bytes say. `undefined` where it cannot be read, or where another player was told something else under that number. */
  read(bytes: Uint8Array): ToldEvents | undefined {
    const serial = serialOf(bytes);
    const known = this.#remembered.get(serial);
    if (known !== undefined) return isSame(known.bytes, bytes) ? known : undefined;
    const message = decodeDown(bytes, this.#states);
    if (message?.kind !== "events") return undefined;
    const { events } = message;
    const told = { serial, events, bytes };
    this.#remembered.set(serial, told);
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= messagesMax) break;
      this.#remembered.delete(oldest);
    }
    this.#line?.receive(serial, events);
    this.#line?.takeNews();
    return told;
  }
}

/** The varint behind the type: what makes a message another one. */
function serialOf(bytes: Uint8Array): number {
  let byte = bytes[1] ?? 0;
  let serial = byte & 0x7f;
  let unit = 0x80;
  for (let at = 2; byte >= 0x80; at += 1) {
    byte = bytes[at] ?? 0;
    serial += (byte & 0x7f) * unit;
    unit *= 0x80;
  }
  return serial;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  // Asked for once: k6 takes longer for a length than for two bytes.
  const { length } = one;
  if (length !== other.length) return false;
  for (let at = 0; at < length; at += 1) if (one[at] !== other[at]) return false;
  return true;
}
