import type { Cseq } from "../wire/ids.ts";
import type { Member } from "./member.ts";
import type { SentMessage, Target } from "./sent-tail.ts";

/** What a turn wants to leave the server. */
export type Held =
  | { readonly kind: "message"; readonly message: SentMessage }
  | {
      readonly kind: "unkept";
      readonly target: Target;
      readonly latest: string | undefined;
      readonly isText: boolean;
      readonly payload: Uint8Array;
    }
  | { readonly kind: "ack"; readonly member: Member; readonly cseq: Cseq }
  | { readonly kind: "forget"; readonly member: Member }
  | { readonly kind: "call"; readonly task: () => void };

/**
 * GATE rule (DESIGN rule 2): nothing of a turn leaves the server before its record is durable, and nothing overtakes what waits
 * in front of it. Turns go on meanwhile: the gate delays what they say, not what they do.
 */
export class OutputGate {
  readonly #emit: (held: Held) => void;
  #turn: Held[] = [];
  #waiting: { readonly record: number; readonly held: readonly Held[] }[] = [];
  #head = 0;
  #durable = 0;
  /** Of the newest turn that has one. */
  #newest = 0;
  /** Something could not leave: what is behind it must not, or whoever hears it would never learn of the gap. */
  #isBroken = false;

  /** `durable`: the record up to which everything is durable at the start. */
  constructor(durable: number, emit: (held: Held) => void) {
    this.#durable = durable;
    this.#emit = emit;
  }

  hold(held: Held): void {
    this.#turn.push(held);
  }

  /** The turn's record, or 0 if it has none: then it waits only for those in front of it, also where those have nothing to say. */
  endTurn(record: number): void {
    this.#newest = Math.max(this.#newest, record);
    const held = this.#turn;
    if (held.length === 0) return;
    this.#turn = [];
    if (this.#newest <= this.#durable && this.#head === this.#waiting.length) {
      this.#emitAll(held);
      return;
    }
    this.#waiting.push({ record: this.#newest, held });
  }

  failTurn(): void {
    this.#turn = [];
  }

  /** Everything up to `record` is durable. */
  release(record: number): void {
    if (record > this.#durable) this.#durable = record;
    for (let next = this.#waiting[this.#head]; next && next.record <= this.#durable; next = this.#waiting[this.#head]) {
      this.#head += 1;
      this.#emitAll(next.held);
    }
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head > 1_024) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
  }

  #emitAll(held: readonly Held[]): void {
    if (this.#isBroken) return;
    try {
      for (const one of held) this.#emit(one);
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
  }
}
