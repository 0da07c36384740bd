import { createHash } from "node:crypto";

/** What is wrong with a ledger; all zero where it keeps its promise. Each is counted once, however many members suffer from it. */
export interface LedgerFaults {
  /** Sent on a socket that stayed open, and in nobody's line. */
  readonly lost: number;
  /** In the line more than once, or never sent. */
  readonly doubled: number;
  /** Behind a later one of the same sender. */
  readonly reordered: number;
  /** Places that a member was not told, was told twice, or was told out of turn. */
  readonly holes: number;
  /** Members that were told another body for a place than others were. */
  readonly disagreeing: number;
  /** Welcomes whose digest is not that of the line up to their total, or whose total nobody ever reached. */
  readonly wrongDigests: number;
  /** Frames of no form that a ledger sends. */
  readonly garbled: number;
}

export const faultlessLedger: LedgerFaults = {
  lost: 0,
  doubled: 0,
  reordered: 0,
  holes: 0,
  disagreeing: 0,
  wrongDigests: 0,
  garbled: 0,
};

/** Whose body it is, and the how-manieth of that sender, from 1. */
export interface Origin {
  readonly sender: string;
  readonly number: number;
}

/** A body as {@link originOf} reads it. */
export function numberedBody({ sender, number }: Origin, padding = ""): string {
  return `${sender}:${number}${padding === "" ? "" : `:${padding}`}`;
}

export function originOf(body: string): Origin | undefined {
  const [sender, number] = body.split(":", 2);
  const parsed = Number(number);
  return sender && Number.isSafeInteger(parsed) && parsed > 0 ? { sender, number: parsed } : undefined;
}

/** What one member has heard so far. */
export interface LedgerMember {
  /** Takes one frame as it came. Answers the body and its place, `undefined` for a welcome or what is garbled. */
  heard(frame: string): { readonly n: number; readonly body: string } | undefined;
  /** Place up to which it knows the line; `undefined` before its welcome. */
  readonly at: number | undefined;
}

interface Sender {
  last: number;
  readonly skipped: Set<number>;
}

const digestBytes = 32;
const examplesMax = 20;

/**
 * Judges one ledger room by what its members hear, frame by frame, in time linear in their number: all members hear one and
 * the same line without a hole from their welcome on, every sender's bodies are in it once and in order, and every welcome's digest is that
 * of the line. It must see the room from its first body on. It holds all bodies, and 32 bytes for each.
 */
export class LedgerChecker {
  /** The first faults, in words. */
  readonly examples: string[] = [];
  readonly #room: string;
  readonly #counts = { ...faultlessLedger } as { -readonly [Fault in keyof LedgerFaults]: number };
  readonly #line: (string | undefined)[] = [];
  readonly #senders = new Map<string, Sender>();
  /** Welcomes that are ahead of what anybody has heard. */
  readonly #claims = new Map<number, string[]>();
  readonly #hash = createHash("sha256");
  #digests: Buffer = Buffer.alloc(digestBytes * 64);
  #hashed = 0;

  constructor(room: string) {
    this.#room = room;
    this.#keepDigest();
  }

  /** Bodies that are known without a hole from the first one. */
  get total(): number {
    return this.#hashed;
  }

  /** SHA-256 over the first `total` bodies, each followed by a line feed, in hex. */
  digestAt(total: number): string {
    if (total > this.#hashed) throw new RangeError(`the line is known up to ${this.#hashed}, not ${total}`);
    return this.#digests.toString("hex", total * digestBytes, (total + 1) * digestBytes);
  }

  /** A client that has joined; `name` is for the examples. */
  member(name: string): LedgerMember {
    let at: number | undefined;
    return {
      get at() {
        return at;
      },
      heard: (frame) => {
        const message = parse(frame);
        if (message === undefined || (message.kind === "welcome") !== (at === undefined)) {
          this.#found("garbled", `${name} was told ${frame.slice(0, 200)}`);
          return undefined;
        }
        if (message.kind === "welcome") {
          at = message.total;
          this.#claim(message.total, message.digest);
          return undefined;
        }
        if (at !== undefined && message.n !== at + 1) {
          this.#found("holes", `${name} was told place ${message.n} behind place ${at}`);
        }
        at = Math.max(at ?? 0, message.n);
        this.#place(name, message.n, message.body);
        return message;
      },
    };
  }

  /** What is wrong, given how many bodies each sender has sent. May be asked again when more has been heard. */
  verdict(sent: ReadonlyMap<string, number>): LedgerFaults {
    let { lost, doubled, wrongDigests } = this.#counts;
    for (const [name, count] of sent) {
      const sender = this.#senders.get(name);
      lost += Math.max(0, count - (sender?.last ?? 0)) + (sender?.skipped.size ?? 0);
      doubled += Math.max(0, (sender?.last ?? 0) - count);
    }
    for (const name of this.#senders.keys()) if (!sent.has(name)) doubled += 1;
    for (const digests of this.#claims.values()) wrongDigests += digests.length;
    return { ...this.#counts, lost, doubled, wrongDigests };
  }

  #place(name: string, n: number, body: string): void {
    const known = this.#line[n - 1];
    if (known !== undefined) {
      if (known !== body) this.#found("disagreeing", `${name} was told ${body} at place ${n}, others ${known}`);
      return;
    }
    this.#line[n - 1] = body;
    while (this.#hashed < this.#line.length) {
      const next = this.#line[this.#hashed];
      if (next === undefined) return;
      this.#append(next);
    }
  }

  #append(body: string): void {
    this.#hash.update(body).update("\n");
    this.#hashed += 1;
    this.#keepDigest();
    this.#noteOrigin(body);
    for (const digest of this.#claims.get(this.#hashed) ?? []) this.#judge(this.#hashed, digest);
    this.#claims.delete(this.#hashed);
  }

  #noteOrigin(body: string): void {
    const origin = originOf(body);
    if (origin === undefined) {
      this.#found("garbled", `nobody has sent ${body.slice(0, 200)}`);
      return;
    }
    const { number } = origin;
    const sender = this.#senders.get(origin.sender) ?? { last: 0, skipped: new Set() };
    this.#senders.set(origin.sender, sender);
    if (number > sender.last) {
      for (let missing = sender.last + 1; missing < number; missing += 1) sender.skipped.add(missing);
      sender.last = number;
    } else if (sender.skipped.delete(number)) {
      this.#found("reordered", `${body} is at place ${this.#hashed}, behind number ${sender.last} of its sender`);
    } else this.#found("doubled", `${body} is at place ${this.#hashed} again`);
  }

  #claim(total: number, digest: string): void {
    if (total <= this.#hashed) this.#judge(total, digest);
    else this.#claims.set(total, [...(this.#claims.get(total) ?? []), digest]);
  }

  #judge(total: number, digest: string): void {
    const right = this.digestAt(total);
    if (digest !== right) this.#found("wrongDigests", `the digest of ${total} bodies is ${right}, not ${digest}`);
  }

  #keepDigest(): void {
    const start = this.#hashed * digestBytes;
    if (start + digestBytes > this.#digests.length) {
      this.#digests = Buffer.concat([this.#digests], this.#digests.length * 2);
    }
    this.#hash.copy().digest().copy(this.#digests, start);
  }

  #found(fault: keyof LedgerFaults, example: string): void {
    this.#counts[fault] += 1;
    if (this.examples.length < examplesMax) this.examples.push(`${this.#room}: ${example}`);
  }
}

type Heard =
  | { readonly kind: "welcome"; readonly total: number; readonly digest: string }
  | { readonly kind: "body"; readonly n: number; readonly body: string };

function parse(frame: string): Heard | undefined {
  let value: { readonly total?: unknown; readonly digest?: unknown; readonly n?: unknown; readonly body?: unknown };
  try {
    value = JSON.parse(frame);
  } catch {
    return undefined;
  }
  const { total, digest, n, body } = value;
  if (isCount(total) && typeof digest === "string") return { kind: "welcome", total, digest };
  if (isCount(n) && n > 0 && typeof body === "string") return { kind: "body", n, body };
  return undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
