import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { citationsIn, leadingIdsIn, readCitations, readLeadingIds, rulesOf } from "./rule-ids.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const rules = rulesOf(readFileSync(join(root, "SPEC.md"), "utf8"));
const folders = ["gateway", "load", "scripts", "demo-game", "demo-editor", "test"].filter((folder) =>
  existsSync(join(root, folder)),
);
const own = "test/architecture/spec.test.ts";
const citations = readCitations(root, folders).filter(({ place }) => !place.startsWith(own));

describe("ARCH-8: SPEC.md", () => {
  it("has each rule once, as one sentence", () => {
    expect(rules.length).toBeGreaterThan(100);
    const ids = rules.map(({ id }) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    expect(rules.filter(({ sentence }) => !/^\S.*\.$/.test(sentence))).toEqual([]);
  });

  it("has every rule that a source or a test cites", () => {
    const known = new Set(rules.map(({ id }) => id));
    expect(citations.filter(({ id }) => !known.has(id)).map(({ id, place }) => `${place}: ${id}`)).toEqual([]);
  });

  it("has every rule that a title begins with, also of an area that it does not have", () => {
    const known = new Set([...rules.map(({ id }) => id), "ARCH-8"]);
    const leading = readLeadingIds(root, "test", own);
    expect(leading.length).toBeGreaterThan(200);
    expect(leading.filter((id) => !known.has(id))).toEqual([]);
  });

  it("has no rule that no test shows", () => {
    const shown = new Set(citations.filter(({ isTitle }) => isTitle).map(({ id }) => id));
    // This file's own title, which is not read.
    shown.add("ARCH-8");
    expect(rules.map(({ id }) => id).filter((id) => !shown.has(id))).toEqual([]);
  });
});

describe("the reader of rules", () => {
  it("finds rules in the page", () => {
    expect(rulesOf("text MOVE-9\n- **MOVE-1** One owner.\n- **MOVE-2** Two.\n")).toEqual([
      { id: "MOVE-1", sentence: "One owner." },
      { id: "MOVE-2", sentence: "Two." },
    ]);
  });

  it("finds what titles begin with, of any area", () => {
    expect(leadingIdsIn('test("NEW-1: x", …) it(\n  "MOVE-2: y") describe("SHA of MOVE-3")')).toEqual([
      "NEW-1",
      "MOVE-2",
    ]);
  });

  it.each<[string, string, readonly [string, boolean][]]>([
    ["test/unit/a.test.ts", 'test("MOVE-1, MOVE-2: x", () => {', [["MOVE-1", true], ["MOVE-2", true]]], // biome-ignore format: a row
    ["test/unit/a.test.ts", "  // MOVE-1: why", [["MOVE-1", false]]],
    ["test/unit/a.test.ts", "  /** MOVE-1: why */", [["MOVE-1", false]]],
    ["test/contract/a/link-suite.ts", '  it("WIRE-1: x", () => {', [["WIRE-1", true]]],
    ["gateway/room/a.ts", 'const text = "MOVE-1";', [["MOVE-1", false]]],
    ["gateway/room/a.ts", "// HMAC-SHA-256, MOVE-x, REMOVE-1", []],
  ])("in %s: %s", (path, text, expected) => {
    expect(citationsIn(path, text).map(({ id, isTitle }) => [id, isTitle])).toEqual(expected);
  });
});
