import type { ReturnedMessage } from "./crowd-message.ts";

/** What one client has got, message by message: each of each sender once, in that sender's order. */
export class Receipts {
  received = 0;
  doubled = 0;
  /** Came after a later one of the same sender. */
  outOfOrder = 0;
  /** Over everything that came, in its order: equal for members that saw the same. */
  digest = 0;
  readonly #last: number[];
  readonly #skipped: Set<number>[];

  /** `senders` is how many there are. */
  constructor(senders: number) {
    this.#last = Array.from({ length: senders }, () => 0);
    this.#skipped = Array.from({ length: senders }, () => new Set<number>());
  }

  note({ slot, number, owner }: ReturnedMessage): void {
    this.received += 1;
    this.digest = mix(this.digest, slot * 0x1000000 + number);
    if (owner !== undefined) this.digest = mix(mix(this.digest, owner.pid), owner.place);
    const last = this.#last[slot] ?? 0;
    const skipped = this.#skipped[slot];
    if (number > last) {
      for (let missing = last + 1; missing < number; missing += 1) skipped?.add(missing);
      this.#last[slot] = number;
    } else if (skipped?.delete(number)) this.outOfOrder += 1;
    else this.doubled += 1;
  }

  /** How many are not here, of so many as each sender has sent. */
  missingOf(sentBySlot: readonly number[]): number {
    return sentBySlot.reduce((sum, sent, slot) => {
      if (sent === 0) return sum;
      return sum + sent - (this.#last[slot] ?? 0) + (this.#skipped[slot]?.size ?? 0);
    }, 0);
  }

  /** Forgets what was; the next of each sender is the one after `sentBySlot`. */
  recount(sentBySlot: readonly number[]): void {
    this.received = 0;
    this.doubled = 0;
    this.outOfOrder = 0;
    this.digest = 0;
    for (const [slot, sent] of sentBySlot.entries()) {
      this.#last[slot] = sent;
      this.#skipped[slot]?.clear();
    }
  }
}

/** FNV-1a over 32-bit words. */
function mix(digest: number, word: number): number {
  return Math.imul(digest ^ word, 0x01000193);
}
