/** A rule that did not hold. */
export interface Finding {
  readonly rule: string;
  readonly detail: string;
  readonly atMs: number;
}

const findingsMax = 20;

/** What is wrong with a run, the first of it first: what follows is often only its consequence. */
export class Findings {
  readonly list: Finding[] = [];
  readonly #nowMs: () => number;
  readonly #note: (what: string) => void;

  constructor(nowMs: () => number, note: (what: string) => void) {
    this.#nowMs = nowMs;
    this.#note = note;
  }

  report(rule: string, detail: string): void {
    if (this.list.length >= findingsMax) return;
    this.list.push({ rule, detail, atMs: this.#nowMs() });
    this.#note(`VIOLATION ${rule}: ${detail}`);
  }
}
