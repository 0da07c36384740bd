import { expect, test } from "vitest";
import type { Member } from "../../../gateway/room/member.ts";
import { OutputGate } from "../../../gateway/room/output-gate.ts";

/** A gate whose journal is durable up to record 5, and what has left it. */
function gate() {
  const left: number[] = [];
  const made = new OutputGate(5, (held) => left.push(held.kind === "ack" ? held.cseq : -1));
  const say = (...marks: number[]): void => {
    for (const cseq of marks) made.hold({ kind: "ack", member: {} as Member, cseq });
  };
  return { gate: made, left, say };
}

test("COMMIT-1: what a turn says leaves when its record is durable, and not before", () => {
  const { gate: made, left, say } = gate();
  say(1, 2);
  made.endTurn(6);
  expect(left).toEqual([]);
  made.release(5);
  expect(left).toEqual([]);
  made.release(6);
  expect(left).toEqual([1, 2]);
});

test("COMMIT-1: a turn without a record waits for those in front of it, and for nothing else", () => {
  const { gate: made, left, say } = gate();
  say(1);
  made.endTurn(0);
  expect(left).toEqual([1]);
  say(2);
  made.endTurn(7);
  say(3);
  made.endTurn(0);
  expect(left).toEqual([1]);
  made.release(7);
  expect(left).toEqual([1, 2, 3]);
});

test("COMMIT-1: a turn without a record waits for those in front of it that have one and say nothing, too", () => {
  const { gate: made, left, say } = gate();
  made.endTurn(6);
  say(1);
  made.endTurn(0);
  expect(left).toEqual([]);
  made.release(6);
  expect(left).toEqual([1]);
});

test("COMMIT-1: turns of one record leave together, those of a later one stay", () => {
  const { gate: made, left, say } = gate();
  for (const [mark, record] of [
    [1, 6],
    [2, 6],
    [3, 8],
  ] as const) {
    say(mark);
    made.endTurn(record);
  }
  made.release(7);
  expect(left).toEqual([1, 2]);
  made.release(8);
  expect(left).toEqual([1, 2, 3]);
});

test("COMMIT-1: nothing of a turn that has failed ever leaves, and what was said before it does", () => {
  const { gate: made, left, say } = gate();
  say(1);
  made.endTurn(6);
  say(2);
  made.failTurn();
  made.release(9);
  expect(left).toEqual([1]);
  say(3);
  made.endTurn(9);
  expect(left).toEqual([1, 3]);
});

test("COMMIT-1: behind what cannot leave nothing leaves any more, in its turn and in later ones", () => {
  const left: number[] = [];
  const made = new OutputGate(5, (held) => {
    const cseq = held.kind === "ack" ? held.cseq : -1;
    if (cseq === 2) throw new Error("cannot be said");
    left.push(cseq);
  });
  for (const [cseq, record] of [
    [1, 6],
    [2, 6],
    [3, 6],
    [4, 7],
  ] as const) {
    made.hold({ kind: "ack", member: {} as Member, cseq });
    made.endTurn(record);
  }
  expect(() => made.release(6)).toThrow("cannot be said");
  made.release(7);
  made.hold({ kind: "ack", member: {} as Member, cseq: 5 });
  made.endTurn(0);
  expect(left).toEqual([1]);
});
