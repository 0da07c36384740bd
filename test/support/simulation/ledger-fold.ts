import { createHash } from "node:crypto";
import { Attachment } from "../../../gateway/room/attachment.ts";
import type { RecordHandler, SentOp } from "../../../gateway/room/record-ops.ts";
import { readRecord } from "../../../gateway/room/record-reader.ts";
import { isDoing } from "./doer-room.ts";
import type { DoingsFold } from "./doings-fold.ts";
import type { Findings } from "./findings.ts";

const decoder = new TextDecoder();

interface FoldedSession {
  /** `gateway.number`. */
  readonly id: string;
  /** As its attachment says, which its join sets. */
  client: string;
  position: number;
  isEnded: boolean;
  /** It was a session before. */
  readonly isAgain: boolean;
  /** How often the room had been taken over by then. */
  fences: number;
}

/** A body of the simulated clients: `client:place`, from 1, and what makes it longer. */
export function readBody(body: string): { readonly client: string; readonly place: number } {
  const [client = "", place = ""] = body.split(":");
  return { client, place: Number(place) };
}

/**
 * What the records of one ledger say, each looked at as it becomes durable: everybody's messages once and in order, each
 * session's positions without a hole. One that is not exact, of a room whose output does not wait, may have holes where it was taken over, and
 * a session that it had given up may begin again.
 */
export class LedgerFold implements RecordHandler {
  readonly bodies: string[] = [];
  /** Number of bodies up to each position; position 0 is before the first. */
  readonly #totals: number[] = [0];
  /** By `gateway.number`, ended ones too: highest position that is durable. */
  readonly positions = new Map<string, number>();
  readonly #room: string;
  readonly #findings: Findings;
  readonly #sessions = new Map<number, FoldedSession>();
  readonly #places = new Map<string, { place: number; fences: number }>();
  readonly isExact: boolean;
  /** What the room does by itself, where it does. */
  readonly doings: DoingsFold | undefined;
  #fences = 0;
  #entryOf: string | undefined;

  constructor(room: string, findings: Findings, isExact: boolean, doings?: DoingsFold) {
    this.#room = room;
    this.#findings = findings;
    this.isExact = isExact;
    this.doings = doings;
  }

  data(record: Uint8Array): void {
    readRecord(record, this);
    this.doings?.recordEnds();
    this.#totals.push(this.bodies.length);
  }

  fence(): void {
    this.#fences += 1;
    this.#totals.push(this.bodies.length);
  }

  /** Up to which of its messages a client's are durable. */
  saidBy(client: string): number {
    return this.#places.get(client)?.place ?? 0;
  }

  totalAt(position: number): number | undefined {
    return this.#totals[position];
  }

  digestOf(total: number): string {
    const hash = createHash("sha256");
    for (let index = 0; index < total; index += 1) hash.update(`${this.bodies[index]}\n`);
    return hash.digest("hex");
  }

  join(ref: number, number: number, cseq: number, gateway: string): void {
    const id = `${gateway}.${number}`;
    if (this.#sessions.has(ref)) this.#report("one-name", `two sessions have the name ${ref}`);
    const isAgain = this.positions.has(id);
    if (isAgain && this.isExact) this.#report("once", `session ${id} has joined twice`);
    this.#sessions.set(ref, { id, client: "", position: cseq, isEnded: false, isAgain, fences: this.#fences });
    this.positions.set(id, cseq);
  }

  attachment(ref: number, bytes: Uint8Array): void {
    const value = Attachment.read(bytes)?.value;
    const session = this.#known(ref);
    if (!session) return;
    if (session.client !== "" || typeof value !== "string" || value === "") {
      this.#report("fold", `session ${session.id} (${session.client}) has the attachment ${JSON.stringify(value)}`);
      return;
    }
    session.client = value;
    // What it had said before its gateway was taken for lost may be said again.
    if (session.isAgain) this.#places.delete(value);
  }

  position(ref: number, cseq: number): void {
    const session = this.#known(ref);
    if (!session) return;
    // The end of a session is written with its position, which may stand there once more.
    const isAgain = cseq < session.position || (cseq === session.position && !session.isEnded);
    if (isAgain) this.#report("once", `${session.client} goes back to ${cseq}`);
    if (this.#entryOf !== undefined) {
      if (this.#entryOf !== session.client)
        this.#report("order", `an entry of ${this.#entryOf} came with another's turn`);
      if (cseq !== session.position + 1 && !this.#mayHaveHole(session)) {
        this.#report("order", `${session.client} went from ${session.position} to ${cseq}`);
      }
      this.#entryOf = undefined;
    }
    session.position = cseq;
    session.fences = this.#fences;
    this.positions.set(session.id, cseq);
  }

  end(ref: number, cseq: number): void {
    const session = this.#known(ref);
    if (!session) return;
    session.isEnded = true;
    session.position = Math.max(session.position, cseq);
    this.positions.set(session.id, session.position);
  }

  forget(ref: number): void {
    const session = this.#known(ref);
    if (session && !session.isEnded) this.#report("forgotten", `${session.client} was forgotten while it was a member`);
    this.#sessions.delete(ref);
  }

  entry(bytes: Uint8Array): void {
    const body = decoder.decode(bytes);
    if (isDoing(bytes)) {
      this.doings?.entry(body.slice(1));
      return;
    }
    const { client, place } = readBody(body);
    const last = this.#places.get(client) ?? { place: this.isExact ? 0 : place - 1, fences: this.#fences };
    const expected = last.place + 1;
    if (place < expected || (place > expected && !this.#mayHaveHole(last))) {
      const rule = place < expected ? "once" : "order";
      this.#report(rule, `${client} has its message ${place} in the journal where ${expected} was due`);
    }
    this.#places.set(client, { place, fences: this.#fences });
    this.bodies.push(body);
    this.#entryOf = client;
  }

  sent(op: SentOp): void {
    if (op.closeCode !== 0 || op.target !== "all") return;
    const expected = JSON.stringify({ n: this.bodies.length, body: this.bodies.at(-1) });
    const { n, body } = JSON.parse(decoder.decode(op.payload));
    const text = JSON.stringify({ n, body });
    if (text !== expected) this.#report("fold", `${text} was said where the fold of the journal gives ${expected}`);
  }

  timerSet(name: string): void {
    this.doings?.timerSet(name);
  }

  timerOver(name: string): void {
    this.doings?.timerOver(name);
  }

  workBegun(name: string): void {
    this.doings?.workBegun(name);
  }

  workOver(name: string): void {
    this.doings?.workOver(name);
  }

  tell(to: string, number: number, _isText: boolean, bytes: Uint8Array): void {
    this.doings?.tell(to, number, bytes);
  }

  told(to: string, number: number): void {
    this.doings?.told(to, number);
  }

  heard(from: string, line: number, number: number): void {
    this.doings?.heard(from, line, number);
  }

  settled(from: string): void {
    this.doings?.settled(from);
  }

  tellRefused(): void {}
  tellReady(): void {}

  clock(): void {
    this.doings?.clock();
  }

  #mayHaveHole({ fences }: { readonly fences: number }): boolean {
    return !this.isExact && fences < this.#fences;
  }

  #known(ref: number): FoldedSession | undefined {
    const session = this.#sessions.get(ref);
    if (!session) this.#report("fold", `a record names session ${ref}, which is not there`);
    return session;
  }

  #report(rule: string, detail: string): void {
    this.#findings.report(rule, `${this.#room}: ${detail}`);
  }
}
