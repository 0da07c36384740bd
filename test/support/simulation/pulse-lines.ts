import type { Findings } from "./findings.ts";
import type { MemberStream } from "./member-streams.ts";
import { type PulseFrame, pulseIntervalMs } from "./pulse-room.ts";

/** Of an append under way when its process is killed: what the store of a simulation takes where nothing is wrong with it. */
const appendMsMax = 60;

interface Said {
  readonly body: string;
  readonly atMs: number;
}

/** What every owner of every pulse has said, by place, and when processes have stopped working. */
export class PulseLines {
  readonly #said = new Map<string, Said[]>();
  /** By process: when it was killed or stood still. */
  readonly #stops = new Map<string, number[]>();
  /** By room: how often another owner had it than the one before. */
  readonly #changes = new Map<string, number>();
  readonly #findings: Findings;
  readonly #nowMs: () => number;
  /** With a store that takes nothing for a while no loss is too much. */
  readonly #isBounded: boolean;

  constructor(findings: Findings, nowMs: () => number, isBounded: boolean) {
    this.#findings = findings;
    this.#nowMs = nowMs;
    this.#isBounded = isBounded;
  }

  said(room: string, { epoch, n = 0, body = "" }: PulseFrame): void {
    const name = `${room} ${epoch}`;
    const said = this.#said.get(name) ?? [];
    this.#said.set(name, said);
    if (said[n])
      this.#findings.report("once", `${room} said ${body} at ${epoch}/${n}, where it had said ${said[n].body}`);
    said[n] = { body, atMs: this.#nowMs() };
  }

  /** One line for all who are shown it. */
  shown(client: string, room: string, { epoch, n = 0, body = "" }: PulseFrame): void {
    const said = this.#said.get(`${room} ${epoch}`)?.[n]?.body;
    if (said === body) return;
    this.#findings.report("one-order", `${client} was shown ${body} at ${epoch}/${n} of ${room}, which said ${said}`);
  }

  changesOf(room: string): number {
    return this.#changes.get(room) ?? 0;
  }

  stopped(process: string): void {
    const stops = this.#stops.get(process) ?? [];
    stops.push(this.#nowMs());
    this.#stops.set(process, stops);
  }

  /** COMMIT-6: whoever takes a room over misses no more of it than an interval before its owner stopped. */
  taken(room: string, from: { readonly process: string; readonly epoch: number }, total: number): void {
    if (from.process !== "") this.#changes.set(room, this.changesOf(room) + 1);
    if (!this.#isBounded) return;
    const stops = this.#stops.get(from.process) ?? [];
    for (const lost of this.#said.get(`${room} ${from.epoch}`)?.slice(total + 1) ?? []) {
      if (!lost) continue;
      const stoppedMs = stops.find((atMs) => atMs >= lost.atMs) ?? this.#nowMs();
      const ageMs = stoppedMs - lost.atMs;
      if (ageMs <= pulseIntervalMs + appendMsMax) continue;
      this.#findings.report(
        "interval",
        `${room} has lost ${lost.body}, ${ageMs.toFixed(0)} ms old when its owner stopped`,
      );
      return;
    }
  }
}

/** Of a pulse: no epoch that is over, and each without a hole. */
export class PulseStream implements MemberStream {
  last: number | undefined;
  #epoch = 0;
  /** Of its room's owner, before it came. */
  readonly #changesBefore: number;
  readonly #client: string;
  readonly #room: string;
  readonly #lines: PulseLines;
  readonly #findings: Findings;

  constructor(client: string, room: string, lines: PulseLines, findings: Findings) {
    this.#client = client;
    this.#room = room;
    this.#lines = lines;
    this.#findings = findings;
    this.#changesBefore = lines.changesOf(room);
  }

  frame(text: string): void {
    const frame = JSON.parse(text) as PulseFrame;
    const { epoch, total, n = 0 } = frame;
    if (epoch < this.#epoch) this.#report("zombie", `was shown epoch ${epoch} after epoch ${this.#epoch}`);
    if (total !== undefined) this.last = total;
    else {
      if (this.last === undefined) {
        // A greeting is a message like any other: a crash may cost it though the join is kept.
        const mayBeLost = this.#lines.changesOf(this.#room) > this.#changesBefore;
        if (!mayBeLost) this.#report("order", `was shown place ${n} before its greeting`);
      } else if (epoch === this.#epoch && n !== this.last + 1) {
        this.#report(n <= this.last ? "once" : "order", `was shown place ${epoch}/${n} after place ${this.last}`);
      }
      this.last = n;
      this.#lines.shown(this.#client, this.#room, frame);
    }
    this.#epoch = epoch;
  }

  #report(rule: string, detail: string): void {
    this.#findings.report(rule, `${this.#client} in ${this.#room} ${detail}`);
  }
}
