import { markdown, markdownLanguage } from "@codemirror/lang-markdown";
import { ensureSyntaxTree } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { describe, expect, it } from "vitest";
import { addressAt, planMarks } from "../../../demo-editor/page/mark-plan.ts";

function open(doc: string): EditorState {
  const state = EditorState.create({ doc, extensions: markdown({ base: markdownLanguage }) });
  ensureSyntaxTree(state, doc.length, 5_000);
  return state;
}

/** What is out of sight as `·`, bullets as `•`, tasks as `☐` and `☑` for each letter of theirs; lines of a class of their own with it in front. */
function shown(written: string, editedLine?: number): string {
  const state = open(written);
  const edited = editedLine === undefined ? -1 : state.doc.line(editedLine).from;
  const letters = [...written];
  for (const mark of planMarks(state, [{ from: 0, to: written.length }], ({ from }) => from === edited)) {
    if (mark.kind === "line") letters[mark.from] = `${mark.className}|${letters[mark.from] ?? ""}`;
    else {
      const sign = { hidden: "·", bullet: "•", task: mark.kind === "task" && mark.isDone ? "☑" : "☐" }[mark.kind];
      for (let at = mark.from; at < mark.to; at += 1) letters[at] = letters[at]?.replace(/.$/u, sign) ?? "";
    }
  }
  return letters.join("");
}

describe("Markdown as it will look", () => {
  it.each([
    ["# One **two** `three`", "··One ··two·· ·three·"],
    ["- a *b*\n1. ~~c~~", "• a ·b·\n1. ··c··"],
    ["- [ ] a\n- [x] b", "··☐☐☐ a\nline-done|··☑☑☑ b"],
    ["> said\n\nend", "line-quote|··said\n\nend"],
    ["[a](https://b.c) <d>", "·a·············· <d>"],
    ["[](https://a.example)", "[](https://a.example)"],
    ["a\n\n---\n\nb", "a\n\nline-rule|···\n\nb"],
    ["```js\n# no *mark*\n```", "line-code|```js\nline-code|# no *mark*\nline-code|```"],
    ["2 * 3 * 4 #5", "2 * 3 * 4 #5"],
  ])("%j is shown as %j", (written, wanted) => {
    expect(shown(written)).toBe(wanted);
  });

  it("is as written where somebody edits", () => {
    expect(shown("# One\n# Two\n- [ ] three", 2)).toBe("··One\n# Two\n··☐☐☐ three");
    expect(shown("- [ ] three", 1)).toBe("- [ ] three");
  });

  it("is planned for what is looked at alone", () => {
    const state = open("*a*\n\n*b*\n\n*c*");
    expect(planMarks(state, [{ from: 5, to: 8 }], () => false).map(({ from }) => from)).toEqual([5, 7]);
  });

  it("follows links to pages and people alone", () => {
    const at = (doc: string, place: number) => addressAt(open(doc), place);
    expect(at("[a](https://x.example)", 1)).toBe("https://x.example");
    expect(at("see <mailto:a@x.example>", 8)).toBe("mailto:a@x.example");
    expect(at("[a](javascript:alert(1))", 1)).toBeUndefined();
    expect(at("nothing", 2)).toBeUndefined();
  });
});
