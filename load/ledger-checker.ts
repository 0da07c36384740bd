import { createHash } from "node:crypto";

/** What one member of a ledger was sent, in order, as text frames: its greeting, then the bodies with their places. */
export interface MemberFrames {
  readonly member: string;
  readonly frames: readonly string[];
  /** It was a member until everything was said: it must have been shown the last place. */
  readonly stayed: boolean;
}

/** Who has said a body, and as which of its messages, from 0. `undefined`: not checked for its sender's order. */
export type ReadSender = (body: string) => { readonly sender: string; readonly place: number } | undefined;

export interface LedgerFacts {
  readonly streams: readonly MemberFrames[];
  readonly readSender: ReadSender;
  /** By sender: how many messages must be there. Senders that are missing here may have said any number. */
  readonly said: ReadonlyMap<string, number>;
}

const problemsMax = 50;

/**
 * Judges a ledger by what its members were shown, in time that grows with the number of frames only. Answers what is wrong, nothing
 * where all of this holds:
 *
 * - each member is shown every place from its greeting on, once and in order, and the same body there as everybody else;
 * - each sender's messages are there once, in its order, without a hole;
 * - each greeting's digest is that of the bodies before it.
 */
export function checkLedger({ streams, readSender, said }: LedgerFacts): string[] {
  const problems: string[] = [];
  const report = (problem: string): void => {
    if (problems.length < problemsMax) problems.push(problem);
  };
  const bodies: (string | undefined)[] = [];
  const greetings: Greeting[] = [];
  const lasts: { readonly member: string; readonly last: number }[] = [];
  for (const stream of streams) {
    const last = readStream(stream, bodies, greetings, report);
    if (stream.stayed) lasts.push({ member: stream.member, last });
  }
  for (const { member, last } of lasts) {
    if (last < bodies.length) report(`${member} was shown up to place ${last} of ${bodies.length}`);
  }
  checkSenders(bodies, readSender, said, report);
  checkDigests(bodies, greetings, report);
  return problems;
}

interface Greeting {
  readonly member: string;
  readonly total: number;
  readonly digest: string;
}

type Report = (problem: string) => void;
type Frame = { readonly total?: number; readonly digest?: string; readonly n?: number; readonly body?: string };

/** Answers the last place that the member was shown. */
function readStream(
  { member, frames }: MemberFrames,
  bodies: (string | undefined)[],
  greetings: Greeting[],
  report: Report,
): number {
  let last: number | undefined;
  for (const text of frames) {
    const { total, digest, n, body } = JSON.parse(text) as Frame;
    if (total !== undefined && digest !== undefined) {
      if (last !== undefined) report(`${member} was greeted again after place ${last}`);
      greetings.push({ member, total, digest });
      last = total;
      continue;
    }
    if (n === undefined || body === undefined) {
      report(`${member} was shown what no ledger says: ${text.slice(0, 80)}`);
      continue;
    }
    if (last === undefined) report(`${member} was shown place ${n} before its greeting`);
    else if (n !== last + 1) report(`${member} was shown place ${n} after place ${last}`);
    last = n;
    const known = bodies[n - 1];
    if (known === undefined) bodies[n - 1] = body;
    else if (known !== body) report(`${member} was shown ${body} at place ${n}, somebody else ${known}`);
  }
  return last ?? 0;
}

function checkSenders(
  bodies: readonly (string | undefined)[],
  readSender: ReadSender,
  said: ReadonlyMap<string, number>,
  report: Report,
): void {
  const next = new Map<string, number>();
  let hasHole = false;
  for (let index = 0; index < bodies.length; index += 1) {
    const body = bodies[index];
    if (body === undefined) {
      hasHole = true;
      continue;
    }
    const from = readSender(body);
    if (from === undefined) continue;
    const expected = next.get(from.sender) ?? 0;
    // What nobody was shown may have been the message that is missing.
    const fits = hasHole ? from.place >= expected : from.place === expected;
    if (!fits) report(`place ${index + 1} has message ${from.place} of ${from.sender}, where ${expected} was due`);
    next.set(from.sender, Math.max(expected, from.place + 1));
  }
  for (const [sender, count] of said) {
    const found = next.get(sender) ?? 0;
    if (found !== count) report(`${found} messages of ${sender} are there, it has said ${count}`);
  }
}

/** One pass: the hash of all bodies so far is read off where a greeting tells of it. */
function checkDigests(bodies: readonly (string | undefined)[], greetings: readonly Greeting[], report: Report): void {
  const byTotal = new Map<number, Greeting[]>();
  for (const greeting of greetings) byTotal.set(greeting.total, [...(byTotal.get(greeting.total) ?? []), greeting]);
  const hash = createHash("sha256");
  for (let total = 0; total <= bodies.length; total += 1) {
    const told = byTotal.get(total);
    if (told) {
      const digest = hash.copy().digest("hex");
      for (const { member, digest: given } of told) {
        if (given !== digest) report(`${member} was told a digest of ${total} bodies that is not theirs`);
      }
    }
    const body = bodies[total];
    if (total < bodies.length && body === undefined) return;
    if (body !== undefined) hash.update(body).update("\n");
  }
}
