import { EditorSelection, EditorState, type StateCommand } from "@codemirror/state";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  inventDocument,
  linkTo,
  readAddress,
  readersLink,
  shortName,
} from "../../../demo-editor/page/document-address.ts";
import { EchoWatch } from "../../../demo-editor/page/echo-watch.ts";
import { formats } from "../../../demo-editor/page/formatting.ts";
import { initialsOf, peopleOf } from "../../../demo-editor/page/people.ts";
import { lengthOf, plainTextOf, titleOf } from "../../../demo-editor/page/plain-text.ts";
import { cleanName } from "../../../demo-editor/page/profile.ts";
import { parseRecent, type RecentDocument, recentMax, withRecent } from "../../../demo-editor/page/recent-documents.ts";
import { isFinal, standingOf } from "../../../demo-editor/page/standing.ts";
import { mayWrite } from "../../../demo-editor/server/rules/sealed-name.ts";

const at = (address: string) => readAddress(new URL(address, "http://host/editor/"));

describe("the address of a document", () => {
  it.each([
    ["notes", { name: "notes", key: undefined, readsOnly: false }],
    ["notes?mode=read", { name: "notes", key: undefined, readsOnly: true }],
    ["a%7Eb:c.d#key=k", { name: "a~b:c.d", key: "k", readsOnly: false }],
  ])("%s names one", (address, wanted) => {
    expect(at(address)).toEqual({ kind: "document", address: wanted });
  });

  it.each([["two%20words"], ["%C3%BC"], ["%E0%A4"], ["a".repeat(129)], ["%2e%2e%2f"]])("%s names none", (address) => {
    expect(at(address).kind).toBe("misnamed");
  });

  it("without a name asks for a new one, which only its key opens for writing", () => {
    expect([at("").kind, at("index.html").kind]).toEqual(["none", "none"]);
    const address = inventDocument(() => 0.5, "secret");
    expect(at(linkTo(address))).toEqual({ kind: "document", address });
    expect(readersLink(address)).not.toContain("secret");
    expect(mayWrite(address.name, "secret")).toBe(true);
    expect(mayWrite(address.name, null)).toBe(false);
    expect(shortName(address.name)).toMatch(/^[a-z]+-[a-z]+-\d{4}$/);
  });
});

describe("what echoes tell", () => {
  function watched() {
    const sent: number[] = [];
    return { sent, watch: new EchoWatch((nonce) => sent.push(nonce)) };
  }

  it("changes are stored when an echo is back that was sent behind them", () => {
    const { sent, watch } = watched();
    watch.opened(0);
    watch.answered(sent.at(-1) ?? 0, 5);
    expect(watch.isDirty).toBe(false);
    watch.changed(10, true);
    watch.changed(12, true);
    expect([watch.isDirty, sent.length]).toEqual([true, 2]);
    watch.answered(sent.at(-1) ?? 0, 15);
    expect([watch.isDirty, sent.length]).toEqual([true, 3]);
    watch.answered(sent.at(-1) ?? 0, 20);
    expect(watch.isDirty).toBe(false);
  });

  it("moving is an echo that takes more than 300 ms, however often it is asked again; another nonce is no answer", () => {
    const { sent, watch } = watched();
    watch.opened(0);
    expect([watch.isMoving(300), watch.isMoving(301)]).toEqual([false, true]);
    watch.elapsed(2_500);
    expect(sent).toHaveLength(2);
    expect(watch.isMoving(2_501)).toBe(true);
    watch.answered(sent[0] ?? 0, 2_600);
    expect(watch.isMoving(2_601)).toBe(true);
    watch.answered(sent[1] ?? 0, 2_700);
    expect(watch.isMoving(9_000)).toBe(false);
    watch.elapsed(4_000);
    expect(sent).toHaveLength(3);
  });

  it("without a connection there is nothing to wait for, and what was changed stays to be stored", () => {
    const { sent, watch } = watched();
    watch.changed(0, false);
    expect([sent.length, watch.isDirty, watch.isMoving(9_000)]).toEqual([0, true, false]);
    watch.opened(10_000);
    watch.closed();
    expect(watch.isMoving(20_000)).toBe(false);
    watch.opened(20_000);
    watch.answered(sent.at(-1) ?? 0, 20_010);
    expect(watch.isDirty).toBe(false);
  });
});

describe("the standing of a connection", () => {
  const facts = { isOpen: true, isSynced: true, isMoving: false, isDirty: false, endedBy: undefined, closedForMs: 0 };
  it.each([
    [{}, { kind: "connected", isStored: true }],
    [{ isDirty: true }, { kind: "connected", isStored: false }],
    [{ isMoving: true }, { kind: "moving" }],
    [{ isSynced: false }, { kind: "connecting" }],
    [{ isOpen: false, closedForMs: 100 }, { kind: "connecting" }],
    [{ isOpen: false, isMoving: true, closedForMs: 5_000 }, { kind: "offline" }],
    [
      { isOpen: false, endedBy: 4403 },
      { kind: "ended", code: 4403 },
    ],
  ])("with %o is %o", (change, wanted) => {
    expect(standingOf({ ...facts, ...change })).toEqual(wanted);
  });

  it("ends where connecting again cannot help", () => {
    expect([1008, 1009, 4400, 4401, 4403, 4404, 4409].every(isFinal)).toBe(true);
    expect([1000, 1001, 1006, 1012, 1013, 4410, 4429, 4430, 4503].some(isFinal)).toBe(false);
  });
});

describe("formats", () => {
  function apply(
    command: StateCommand,
    text: string,
    anchor: number,
    head = anchor,
  ): { text: string; selected: string } {
    let state = EditorState.create({ doc: text, selection: EditorSelection.single(anchor, head) });
    command({
      state,
      dispatch: (transaction) => {
        state = transaction.state;
      },
    });
    const { from, to } = state.selection.main;
    return { text: state.doc.toString(), selected: `${from}-${to}` };
  }

  it("go on and off again", () => {
    expect(apply(formats.bold, "one two", 4, 7)).toEqual({ text: "one **two**", selected: "6-9" });
    expect(apply(formats.bold, "one **two**", 6, 9)).toEqual({ text: "one two", selected: "4-7" });
    expect(apply(formats.list, "a\nb\nc", 0, 3)).toMatchObject({ text: "- a\n- b\nc" });
    expect(apply(formats.list, "- a\n- b\nc", 1, 5)).toMatchObject({ text: "a\nb\nc" });
    expect(apply(formats.tasks, "- a", 2)).toMatchObject({ text: "- [ ] a" });
    expect(apply(formats.heading, "# a", 2)).toMatchObject({ text: "## a" });
    expect(apply(formats.heading, "", 0)).toEqual({ text: "## ", selected: "3-3" });
    expect(apply(formats.link, "see this", 4, 8)).toEqual({ text: "see [this](https://)", selected: "11-19" });
  });

  it("twice change nothing", () => {
    const line = fc.stringMatching(/^[a-z ]{0,12}$/);
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), (lines) => {
        const text = lines.join("\n");
        for (const command of [formats.list, formats.quote, formats.heading]) {
          const on = apply(command, text, 0, text.length);
          expect(apply(command, on.text, 0, on.text.length).text).toBe(text);
        }
      }),
    );
  });
});

describe("a document as plain text", () => {
  it("has no marks, but its lists, links and code", () => {
    const markdown =
      "# Title\n\nA **bold** and *quiet* `word`, see [this](http://x.y).\n\n- one\n```\n# no *title*\n```\n> said\n2 * 3 * 4 and a_b_c";
    expect(plainTextOf(markdown)).toBe(
      "Title\n\nA bold and quiet word, see this (http://x.y).\n\n- one\n# no *title*\nsaid\n2 * 3 * 4 and a_b_c",
    );
  });

  it("is as long as it has words, or letters where it is very long", () => {
    expect(["", "- [ ] ", "**One**", "Zoë's well-made 3 tests"].map(lengthOf)).toEqual(["", "", "1 word", "4 words"]);
    expect([lengthOf("a ".repeat(1_200)), lengthOf("a".repeat(1_500_000))]).toEqual([
      "1,200 words",
      "1.5 million letters",
    ]);
  });

  it("has its first line that says something as its title", () => {
    expect([titleOf("\n---\n## *Plans* for May\nmore"), titleOf(""), titleOf("x".repeat(99))]).toEqual([
      "Plans for May",
      "",
      "x".repeat(60),
    ]);
  });
});

describe("who is here", () => {
  it("is oneself first, then by name; what others say is cleaned", () => {
    const states = new Map<number, unknown>([
      [3, { user: { name: "Zoë\n\u202e", color: "hsl(10 65% 38%)" } }],
      [2, { user: { name: "Ada Lovelace", color: "url(x)", readsOnly: true } }],
      [1, { cursor: null }],
    ]);
    expect(peopleOf(states, 3).map(({ name, isSelf, readsOnly }) => [name, isSelf, readsOnly])).toEqual([
      ["Zoë", true, false],
      ["Ada Lovelace", false, true],
      ["Somebody", false, false],
    ]);
    expect(peopleOf(states, 3)[1]?.color).not.toContain("url");
    expect([initialsOf("Ada Lovelace"), initialsOf("zoë"), initialsOf("🙂 x")]).toEqual(["AL", "Z", "🙂X"]);
    expect([...cleanName(`  a${"\u0000"}b   c ${"x".repeat(50)}`)].length).toBeLessThanOrEqual(24);
  });
});

describe("recent documents", () => {
  const entry = (name: string): RecentDocument => ({ name, key: undefined, readsOnly: false, title: name });
  it("are each there once, newest first, not too many", () => {
    let recent: RecentDocument[] = [];
    for (let index = 0; index < recentMax + 5; index += 1) recent = withRecent(recent, entry(`d${index}`));
    recent = withRecent(recent, entry("d10"));
    expect(recent.slice(0, 2).map(({ name }) => name)).toEqual(["d10", `d${recentMax + 4}`]);
    expect(recent).toHaveLength(recentMax);
    expect(parseRecent(JSON.stringify(recent))).toEqual(JSON.parse(JSON.stringify(recent)));
  });

  it("are none where what was saved is something else", () => {
    for (const text of [null, "", "{", "{}", '[1,null,{"name":3}]']) expect(parseRecent(text)).toEqual([]);
  });
});
