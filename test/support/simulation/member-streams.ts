import type { DurableTruth } from "./durable-truth.ts";
import type { Findings } from "./findings.ts";
import { readBody } from "./ledger-fold.ts";
import type { TallyFrame } from "./tally-room.ts";

/** What one member of a room has been shown, looked at frame by frame. */
export interface MemberStream {
  frame(text: string): void;
}

/** Of a ledger: places without a hole from its join on, and nothing that is not durable at that moment. */
export class LedgerStream implements MemberStream {
  /** The last place it was shown; `undefined` before the first frame. */
  last: number | undefined;
  readonly #client: string;
  readonly #room: string;
  readonly #truth: DurableTruth;
  readonly #findings: Findings;

  constructor(client: string, room: string, truth: DurableTruth, findings: Findings) {
    this.#client = client;
    this.#room = room;
    this.#truth = truth;
    this.#findings = findings;
  }

  frame(text: string): void {
    const { total, digest, n, body } = JSON.parse(text) as {
      total?: number;
      digest?: string;
      n?: number;
      body?: string;
    };
    const fold = this.#truth.foldOf(this.#room);
    if (total !== undefined) {
      if (this.last !== undefined) this.#report("once", `was joined again after place ${this.last}`);
      if (!fold || total > fold.bodies.length)
        this.#report("released", `was told of ${total} bodies before they are durable`);
      else if (digest !== fold.digestOf(total))
        this.#report("fold", `was told a digest of ${total} bodies that is not theirs`);
      this.last = total;
      return;
    }
    if (this.last === undefined) this.#report("order", `was shown place ${n} before its greeting`);
    else if (n !== this.last + 1) {
      this.#report((n ?? 0) <= this.last ? "once" : "order", `was shown place ${n} after place ${this.last}`);
    }
    this.last = n ?? 0;
    if (fold?.bodies[this.last - 1] !== body) {
      const durable = fold?.bodies[this.last - 1];
      this.#report("released", `was shown ${body} at place ${n}; durable there is ${durable ?? "nothing"}`);
    }
  }

  #report(rule: string, detail: string): void {
    this.#findings.report(rule, `${this.#client} in ${this.#room} ${detail}`);
  }
}

/** What every life of every tally has said, by place, as whoever was shown it first. */
export class TallyLives {
  readonly #said = new Map<number, string[]>();
  readonly #rejoined = new Set<string>();
  readonly #findings: Findings;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  shown(client: string, { life, n, body = "" }: TallyFrame): void {
    let said = this.#said.get(life);
    if (!said) {
      said = [];
      this.#said.set(life, said);
    }
    const known = said[n];
    if (known === undefined) said[n] = body;
    else if (known !== body) {
      this.#findings.report("one-order", `${client} was shown ${body} at ${life}/${n}, others ${known}`);
    }
  }

  /** The room has given this member up, and it is in again. */
  rejoined(client: string, life: number): void {
    this.#rejoined.add(`${life} ${client}`);
  }

  /** To be called at the end: within a life every sender's messages come one after the other, without a hole. */
  check(): void {
    for (const [life, said] of this.#said) {
      const places = new Map<string, number>();
      for (let n = 1; n < said.length; n += 1) {
        const body = said[n];
        // Nobody was there to be shown it: what comes after it cannot be compared with what came before.
        if (body === undefined) places.clear();
        else this.#checkNext(life, places, body);
      }
    }
  }

  #checkNext(life: number, places: Map<string, number>, body: string): void {
    const { client, place } = readBody(body);
    const last = places.get(client);
    places.set(client, place);
    if (last === undefined || place === last + 1 || this.#rejoined.has(`${life} ${client}`)) return;
    const rule = place <= last ? "once" : "order";
    this.#findings.report(rule, `in life ${life} message ${place} of ${client} came after its ${last}`);
  }
}

/** Of a tally: each life without a hole, and no life that is over. */
export class TallyStream implements MemberStream {
  #life = 0;
  #n = 0;
  readonly #client: string;
  readonly #room: string;
  readonly #lives: TallyLives;
  readonly #findings: Findings;
  readonly #shown = new Set<number>();

  constructor(client: string, room: string, lives: TallyLives, findings: Findings) {
    this.#client = client;
    this.#room = room;
    this.#lives = lives;
    this.#findings = findings;
  }

  frame(text: string): void {
    const frame = JSON.parse(text) as TallyFrame;
    const { life, n, body } = frame;
    if (body === undefined) {
      if (life < this.#life) this.#report("zombie", `was joined to life ${life} after life ${this.#life}`);
      // Its gateway was taken for lost and has come back: what it said before may be said again.
      if (life === this.#life) this.#lives.rejoined(this.#client, life);
      this.#life = life;
      this.#n = n;
      return;
    }
    if (life !== this.#life) this.#report("zombie", `was shown life ${life} while in life ${this.#life}`);
    else if (n !== this.#n + 1) this.#report("order", `was shown ${life}/${n} after ${this.#n}`);
    this.#n = n;
    this.#lives.shown(this.#client, frame);
    const { client, place } = readBody(body);
    if (client !== this.#client) return;
    this.#shown.add(place);
  }

  /** Whether it was shown its own message of this place. */
  hasShown(place: number): boolean {
    return this.#shown.has(place);
  }

  #report(rule: string, detail: string): void {
    this.#findings.report(rule, `${this.#client} in ${this.#room} ${detail}`);
  }
}
