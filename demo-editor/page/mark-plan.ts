import { syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";

/** How a piece of Markdown is shown where nobody edits it. */
export type ShownMark =
  | { readonly kind: "hidden"; readonly from: number; readonly to: number }
  | { readonly kind: "bullet"; readonly from: number; readonly to: number }
  | { readonly kind: "task"; readonly from: number; readonly to: number; readonly isDone: boolean }
  /** The whole line from there. */
  | { readonly kind: "line"; readonly from: number; readonly className: string };

interface Stretch {
  readonly from: number;
  readonly to: number;
}

type Node = ReturnType<ReturnType<typeof syntaxTree>["resolveInner"]>;

const marksOfLetters: ReadonlySet<string> = new Set(["EmphasisMark", "StrikethroughMark"]);
const marksOfLines: ReadonlySet<string> = new Set(["HeaderMark", "QuoteMark"]);
const marksOfLinks: ReadonlySet<string> = new Set(["LinkMark", "URL", "LinkTitle"]);
const blockClasses: ReadonlyMap<string, string> = new Map([
  ["Blockquote", "line-quote"],
  ["FencedCode", "line-code"],
  ["CodeBlock", "line-code"],
]);
const followed = /^(?:https?:|mailto:)/i;

/**
 * What of these stretches is shown otherwise than it is written: marks are out of sight on lines where nobody edits, lists have
 * bullets, tasks have boxes. `isEdited`: whether that line has the cursor. The text itself stays as it is.
 */
export function planMarks(
  state: EditorState,
  stretches: readonly Stretch[],
  isEdited: (line: Stretch) => boolean,
): ShownMark[] {
  const marks: ShownMark[] = [];
  const isAsWritten = (at: number): boolean => isEdited(state.doc.lineAt(at));
  for (const { from, to } of stretches) {
    syntaxTree(state).iterate({
      from,
      to,
      enter: ({ name, from: start, to: end, node }) => {
        const className = blockClasses.get(name);
        if (className !== undefined) {
          marks.push(...linesOf(state, Math.max(start, from), Math.min(end, to), className));
        } else if (!isAsWritten(start)) marks.push(...planNode(state, node));
      },
    });
  }
  return marks;
}

function planNode(state: EditorState, node: Node): ShownMark[] {
  const { name, from, to, parent } = node;
  if (marksOfLetters.has(name)) return [{ kind: "hidden", from, to }];
  if (marksOfLines.has(name)) return [{ kind: "hidden", from, to: behindSpace(state, to) }];
  if (name === "CodeMark" && parent?.name === "InlineCode") return [{ kind: "hidden", from, to }];
  if (marksOfLinks.has(name) && parent?.name === "Link" && saysSomething(parent)) return [{ kind: "hidden", from, to }];
  if (name === "TaskMarker") {
    const isDone = /x/i.test(state.sliceDoc(from, to));
    return [{ kind: "task", from, to, isDone }, ...(isDone ? linesOf(state, from, from, "line-done") : [])];
  }
  if (name === "ListMark" && parent?.parent?.name === "BulletList") {
    if (node.nextSibling?.name === "Task") return [{ kind: "hidden", from, to: behindSpace(state, to) }];
    return [{ kind: "bullet", from, to }];
  }
  if (name === "HorizontalRule") return [...linesOf(state, from, to, "line-rule"), { kind: "hidden", from, to }];
  return [];
}

/** Where the link at this place leads; `undefined` if there is none, or it is of a kind that is not followed. */
export function addressAt(state: EditorState, at: number): string | undefined {
  for (let node: Node | null = syntaxTree(state).resolveInner(at, 1); node !== null; node = node.parent) {
    const url = node.name === "URL" ? node : node.getChild("URL");
    if (url === null) continue;
    const address = state.sliceDoc(url.from, url.to);
    return followed.test(address) ? address : undefined;
  }
  return undefined;
}

/** A link of which something is left to be seen without its address. */
function saysSomething(link: Node): boolean {
  const [open, close] = link.getChildren("LinkMark");
  return open !== undefined && close !== undefined && close.from > open.to && link.getChild("URL") !== null;
}

function behindSpace(state: EditorState, at: number): number {
  return state.sliceDoc(at, at + 1) === " " ? at + 1 : at;
}

function linesOf(state: EditorState, from: number, to: number, className: string): ShownMark[] {
  const lines: ShownMark[] = [];
  for (let at = from; at <= to; ) {
    const line = state.doc.lineAt(at);
    lines.push({ kind: "line", from: line.from, className });
    at = line.to + 1;
  }
  return lines;
}
