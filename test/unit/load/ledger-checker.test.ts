import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { checkLedger, type MemberFrames } from "../../../load/ledger-checker.ts";

const readSender = (body: string) => {
  const [sender = "", place = ""] = body.split(":");
  return { sender, place: Number(place) };
};

function greeting(bodies: readonly string[]): string {
  const digest = createHash("sha256")
    .update(bodies.map((body) => `${body}\n`).join(""))
    .digest("hex");
  return JSON.stringify({ total: bodies.length, digest });
}

const place = (n: number, body: string): string => JSON.stringify({ n, body });
const all = ["a:0", "b:0", "a:1"];
const places = all.map((body, index) => place(index + 1, body));
const stream = (member: string, frames: readonly string[], stayed = true): MemberFrames => ({ member, frames, stayed });
const said = new Map([
  ["a", 2],
  ["b", 1],
]);

test("COMMIT-1: members that came at different times were shown the same, and nothing is wrong", () => {
  const streams = [
    stream("a", [greeting([]), ...places]),
    stream("b", [greeting(all.slice(0, 1)), ...places.slice(1)]),
    stream("left", [greeting([]), ...places.slice(0, 2)], false),
    stream("late", [greeting(all)]),
  ];
  expect(checkLedger({ streams, readSender, said })).toEqual([]);
});

test.each([
  ["a place twice", [greeting([]), ...places.slice(0, 2), places[1] ?? ""], /place 2 after place 2/],
  ["a hole", [greeting([]), places[0] ?? "", places[2] ?? ""], /place 3 after place 1/],
  ["no greeting", places, /before its greeting/],
  ["a second greeting", [greeting([]), ...places, greeting(all)], /greeted again/],
  ["another body", [greeting([]), place(1, "a:0"), place(2, "a:1"), place(3, "b:0")], /somebody else/],
  ["a body too few at the end", [greeting([]), ...places.slice(0, 2)], /up to place 2 of 3/],
  ["a wrong digest", [greeting(["x"]), ...places.slice(1)], /not theirs/],
  ["what no ledger says", [greeting([]), ...places, "{}"], /no ledger says/],
] as const)("COMMIT-1: %s is told", (_name, frames, problem) => {
  const streams = [stream("good", [greeting([]), ...places]), stream("bad", frames)];
  expect(checkLedger({ streams, readSender, said }).join("\n")).toMatch(problem);
});

test.each([
  ["doubled", ["a:0", "b:0", "a:0", "a:1"], /message 0 of a, where 1 was due/],
  ["reordered", ["a:1", "b:0", "a:0"], /message 1 of a, where 0 was due/],
  ["lost", ["a:0", "b:0"], /1 messages of a are there, it has said 2/],
] as const)("COMMIT-1: a message that is %s is told although all members agree", (_name, bodies, problem) => {
  const frames = [greeting([]), ...bodies.map((body, index) => place(index + 1, body))];
  expect(checkLedger({ streams: [stream("a", frames)], readSender, said }).join("\n")).toMatch(problem);
});

test("what nobody was shown is no fault of those who were shown the rest", () => {
  const streams = [
    stream("a", [greeting([]), places[0] ?? ""], false),
    stream("late", [greeting(["x", "y"]), place(3, "a:4")]),
  ];
  expect(checkLedger({ streams, readSender, said: new Map() })).toEqual([]);
});
