import { createHash } from "node:crypto";
import type { RecordHandler, SentOp } from "../../../gateway/room/record-ops.ts";
import { readRecord } from "../../../gateway/room/record-reader.ts";
import type { Findings } from "./findings.ts";

const decoder = new TextDecoder();

interface FoldedSession {
  /** `gateway.number`. */
  readonly id: string;
  readonly client: string;
  position: number;
  isEnded: boolean;
}

/** A body of the simulated clients: `client:place`, from 1, and what makes it longer. */
export function readBody(body: string): { readonly client: string; readonly place: number } {
  const [client = "", place = ""] = body.split(":");
  return { client, place: Number(place) };
}

/**
 * What the records of one ledger say, each looked at as it becomes durable: everybody's messages once and in order, each
 * session's positions without a hole.
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
  readonly #places = new Map<string, number>();
  #entryOf: string | undefined;

  constructor(room: string, findings: Findings) {
    this.#room = room;
    this.#findings = findings;
  }

  data(record: Uint8Array): void {
    readRecord(record, this);
    this.#totals.push(this.bodies.length);
  }

  fence(): void {
    this.#totals.push(this.bodies.length);
  }

  /** How many messages of a client are durable. */
  saidBy(client: string): number {
    return this.#places.get(client) ?? 0;
  }

  totalAt(position: number): number | undefined {
    return this.#totals[position];
  }

  digestOf(total: number): string {
    const hash = createHash("sha256");
    for (let index = 0; index < total; index += 1) hash.update(`${this.bodies[index]}\n`);
    return hash.digest("hex");
  }

  join(ref: number, number: number, cseq: number, gateway: string, query: string): void {
    const id = `${gateway}.${number}`;
    if (this.#sessions.has(ref)) this.#report("one-name", `two sessions have the name ${ref}`);
    if (this.positions.has(id)) this.#report("once", `session ${id} (${query}) has joined twice`);
    this.#sessions.set(ref, { id, client: query, position: cseq, isEnded: false });
    this.positions.set(id, cseq);
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
      if (cseq !== session.position + 1) {
        this.#report("order", `${session.client} went from ${session.position} to ${cseq}`);
      }
      this.#entryOf = undefined;
    }
    session.position = cseq;
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
    const { client, place } = readBody(body);
    const expected = (this.#places.get(client) ?? 0) + 1;
    if (place !== expected) {
      const rule = place < expected ? "once" : "order";
      this.#report(rule, `${client} has its message ${place} in the journal where ${expected} was due`);
    }
    this.#places.set(client, place);
    this.bodies.push(body);
    this.#entryOf = client;
  }

  sent(op: SentOp): void {
    if (op.closeCode !== 0 || op.target !== "all") return;
    const expected = JSON.stringify({ n: this.bodies.length, body: this.bodies.at(-1) });
    const text = decoder.decode(op.payload);
    if (text !== expected) this.#report("fold", `${text} was said where the fold of the journal gives ${expected}`);
  }

  attachment(): void {}
  timerSet(): void {}
  timerOver(): void {}
  workBegun(): void {}
  workOver(): void {}
  tell(): void {}
  told(): void {}
  heard(): void {}

  #known(ref: number): FoldedSession | undefined {
    const session = this.#sessions.get(ref);
    if (!session) this.#report("fold", `a record names session ${ref}, which is not there`);
    return session;
  }

  #report(rule: string, detail: string): void {
    this.#findings.report(rule, `${this.#room}: ${detail}`);
  }
}
