import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { faultlessLedger, LedgerChecker, type LedgerFaults } from "../../../load/ledger-checker.ts";

const digestOf = (bodies: readonly string[]): string =>
  createHash("sha256")
    .update(bodies.map((body) => `${body}\n`).join(""))
    .digest("hex");
const welcome = (bodies: readonly string[]): string =>
  JSON.stringify({ total: bodies.length, digest: digestOf(bodies) });
const told = (n: number, body: string): string => JSON.stringify({ n, body });
/** A welcome to the empty ledger, and these bodies. */
const all = (...bodies: string[]): string[] => [welcome([]), ...bodies.map((body, index) => told(index + 1, body))];

function judge(streams: readonly (readonly string[])[], sent: Readonly<Record<string, number>>): LedgerFaults {
  const checker = new LedgerChecker("ledger/a");
  for (const [index, stream] of streams.entries()) {
    const member = checker.member(`m${index}`);
    for (const frame of stream) member.heard(frame);
  }
  return checker.verdict(new Map(Object.entries(sent)));
}

describe("the checker of ledgers", () => {
  test("finds nothing where members hear one line, whenever they joined", () => {
    const late = [welcome(["a:1", "b:1"]), told(3, "a:2")];
    expect(judge([all("a:1", "b:1", "a:2"), late], { a: 2, b: 1 })).toEqual(faultlessLedger);
    // A welcome may be ahead of what the others have been told.
    expect(judge([late, all("a:1", "b:1", "a:2")], { a: 2, b: 1 })).toEqual(faultlessLedger);
    expect(judge([all()], { a: 0 })).toEqual(faultlessLedger);
  });

  test.each<[string, Partial<LedgerFaults>, readonly (readonly string[])[]]>([
    ["a body that is missing at the end", { lost: 1 }, [all("a:1", "b:1")]],
    ["a body that is missing in between", { lost: 1 }, [all("a:2", "b:1")]],
    ["a body twice", { doubled: 1 }, [all("a:1", "a:1", "b:1", "a:2")]],
    ["a body that nobody sent", { doubled: 1 }, [all("a:1", "b:1", "a:2", "a:3")]],
    ["a sender that there is not", { doubled: 1 }, [all("a:1", "b:1", "a:2", "c:1")]],
    ["bodies of a sender the wrong way round", { reordered: 1 }, [all("a:2", "a:1", "b:1")]],
    ["a place left out", { holes: 1 }, [all("a:1", "b:1", "a:2"), [welcome([]), told(2, "b:1"), told(3, "a:2")]]],
    ["a place told twice", { holes: 1 }, [[...all("a:1", "b:1", "a:2"), told(3, "a:2")]]],
    ["two bodies at one place", { disagreeing: 1 }, [all("a:1", "b:1", "a:2"), all("a:1", "a:2")]],
    ["a wrong digest", { wrongDigests: 1 }, [all("a:1", "b:1", "a:2"), [welcome(["a:1", "a:2"])]]],
    ["a total that nobody reached", { wrongDigests: 1 }, [all("a:1", "b:1", "a:2"), [welcome(["", "", "", ""])]]],
    ["no welcome", { garbled: 1 }, [all("a:1", "b:1", "a:2"), [told(1, "a:1")]]],
    ["a second welcome", { garbled: 1 }, [[...all("a:1", "b:1", "a:2"), welcome([])]]],
    ["what is no message", { garbled: 1 }, [[...all("a:1", "b:1", "a:2"), "{"]]],
    ["a body of no form", { garbled: 1 }, [all("a:1", "b:1", "a:2", "hello")]],
  ])("finds %s", (_title, faults, streams) => {
    expect(judge(streams, { a: 2, b: 1 })).toEqual({ ...faultlessLedger, ...faults });
  });

  test("says where the fault is", () => {
    const checker = new LedgerChecker("ledger/a");
    const member = checker.member("m0");
    for (const frame of [welcome([]), told(1, "a:1"), told(3, "a:2")]) member.heard(frame);
    expect(checker.examples).toEqual(["ledger/a: m0 was told place 3 behind place 1"]);
  });

  test("knows the digest of every place", () => {
    const bodies = Array.from({ length: 300 }, (_none, index) => `a:${index + 1}`);
    const checker = new LedgerChecker("ledger/a");
    const member = checker.member("m0");
    for (const frame of all(...bodies)) member.heard(frame);
    for (const total of [0, 1, 63, 64, 65, 300]) expect(checker.digestAt(total)).toBe(digestOf(bodies.slice(0, total)));
  });
});
