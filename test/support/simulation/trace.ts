/** What happened in a run, in its order, as one number; the lines themselves are kept only where somebody wants to read them. */
export class Trace {
  readonly lines: string[] = [];
  readonly #isKept: boolean;
  readonly #nowMs: () => number;
  #hash = 0x811c9dc5;
  #events = 0;

  constructor(nowMs: () => number, isKept: boolean) {
    this.#nowMs = nowMs;
    this.#isKept = isKept;
  }

  get events(): number {
    return this.#events;
  }

  /** Of all events so far, with their times: equal for runs that were the same. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  note(who: string, what: string): void {
    this.#events += 1;
    this.#mix(Math.round(this.#nowMs() * 1_000));
    this.#mixText(who);
    this.#mixText(what);
    if (this.#isKept) this.lines.push(`${this.#nowMs().toFixed(3).padStart(10)} ${who.padEnd(8)} ${what}`);
  }

  /** FNV-1a. */
  #mix(word: number): void {
    this.#hash = Math.imul(this.#hash ^ word, 0x01000193);
  }

  #mixText(text: string): void {
    for (let index = 0; index < text.length; index += 1) this.#mix(text.charCodeAt(index));
    this.#mix(0xff);
  }
}
