import type { ClientLink } from "../load-client.ts";
import { NumberedLine } from "../numbered-line.ts";

/** A numbered line that a client listens to; what is wrong with it is told to the run. */
export class LineJudge {
  readonly #link: ClientLink;
  readonly #line: NumberedLine;
  readonly #name: string;

  /** `first`: the number that must come first; left out where any may. `name`: of the line, for whoever reads what is wrong with it. */
  constructor(link: ClientLink, first?: number, name = "message") {
    this.#link = link;
    this.#name = name;
    this.#line = new NumberedLine(first);
  }

  /** The highest number so far; 0 before any. */
  get last(): number {
    return this.#line.last ?? 0;
  }

  note(number: number, nowMs: number): void {
    const arrival = this.#line.note(number, nowMs);
    if (arrival === "late") this.#link.found("reorderings", 1, nowMs, `${this.#name} ${number}`);
    if (arrival === "again") this.#link.found("doubles", 1, nowMs, `${this.#name} ${number}`);
  }

  /** Tells of what is missing up to `last`. Call it once, in the end. */
  finish(last: number, nowMs: number): void {
    const { strictUntilMs } = this.#link;
    const strict = this.#line.missing(last, strictUntilMs, nowMs);
    const all = this.#line.missing(last, Number.POSITIVE_INFINITY, nowMs);
    const examples = `${this.#name} ${this.#line.examples(last).join(", ")}`;
    this.#link.found("gaps", strict, 0, examples);
    this.#link.found("gaps", all - strict, nowMs, examples);
  }

  /** Whether everything up to `last` has come. */
  isComplete(last: number): boolean {
    return this.last >= last && this.#line.missing(last) === 0;
  }
}
