import { type ChangeSpec, EditorSelection, type EditorState, type StateCommand } from "@codemirror/state";
import type { KeyBinding } from "@codemirror/view";

/** Puts `mark` around each selection, or takes it away where it stands already. */
export function toggleAround(mark: string): StateCommand {
  return ({ state, dispatch }) => {
    if (state.readOnly) return false;
    const change = state.changeByRange((range) => {
      const { from, to } = range;
      const isAround =
        state.sliceDoc(Math.max(0, from - mark.length), from) === mark && state.sliceDoc(to, to + mark.length) === mark;
      if (isAround) {
        return {
          changes: [
            { from: from - mark.length, to: from },
            { from: to, to: to + mark.length },
          ],
          range: EditorSelection.range(range.anchor - mark.length, range.head - mark.length),
        };
      }
      return {
        changes: [
          { from, insert: mark },
          { from: to, insert: mark },
        ],
        range: EditorSelection.range(range.anchor + mark.length, range.head + mark.length),
      };
    });
    dispatch(state.update(change, { userEvent: "input.format", scrollIntoView: true }));
    return true;
  };
}

/** Begins each line of the selection with `prefix`, or takes it away where all of them have it. Another one of the same kind is replaced. */
export function togglePrefix(prefix: string, kind: RegExp): StateCommand {
  return ({ state, dispatch }) => {
    if (state.readOnly) return false;
    const lines = selectedLines(state);
    const isOn = lines.every(({ text }) => text.startsWith(prefix));
    const specs: ChangeSpec[] = lines.map(({ from, text }) => {
      const present = kind.exec(text)?.[0] ?? "";
      return { from, to: from + present.length, insert: isOn ? "" : prefix };
    });
    const changes = state.changes(specs);
    // A cursor at the beginning of a line goes behind what is put there.
    const selection = state.selection.map(changes, 1);
    dispatch(state.update({ changes, selection, userEvent: "input.format", scrollIntoView: true }));
    return true;
  };
}

function selectedLines(state: EditorState): { readonly from: number; readonly text: string }[] {
  const lines = new Map<number, { from: number; text: string }>();
  for (const { from, to } of state.selection.ranges) {
    for (let place = from; place <= to; ) {
      const line = state.doc.lineAt(place);
      lines.set(line.from, { from: line.from, text: line.text });
      place = line.to + 1;
    }
  }
  return [...lines.values()];
}

/** The selection as the text of a link, whose address is selected to be written over. */
export const insertLink: StateCommand = ({ state, dispatch }) => {
  if (state.readOnly) return false;
  const { from, to } = state.selection.main;
  const label = state.sliceDoc(from, to) || "text";
  const address = "https://";
  const at = from + label.length + 3;
  dispatch(
    state.update({
      changes: { from, to, insert: `[${label}](${address})` },
      selection: EditorSelection.range(at, at + address.length),
      userEvent: "input.format",
      scrollIntoView: true,
    }),
  );
  return true;
};

const headings = /^#{1,6} /;
const lists = /^(?:[-*+] (?:\[[ x]\] )?|\d+[.)] )/;

/** By the name of the button that does it. */
export const formats = {
  bold: toggleAround("**"),
  italic: toggleAround("*"),
  code: toggleAround("`"),
  heading: togglePrefix("## ", headings),
  list: togglePrefix("- ", lists),
  tasks: togglePrefix("- [ ] ", lists),
  quote: togglePrefix("> ", /^> /),
  link: insertLink,
} as const satisfies Record<string, StateCommand>;

export const formatKeymap: readonly KeyBinding[] = [
  { key: "Mod-b", run: formats.bold, preventDefault: true },
  { key: "Mod-i", run: formats.italic, preventDefault: true },
  { key: "Mod-e", run: formats.code, preventDefault: true },
  { key: "Mod-k", run: formats.link, preventDefault: true },
  { key: "Mod-Alt-2", run: formats.heading, preventDefault: true },
  { key: "Mod-Shift-8", run: formats.list, preventDefault: true },
];
