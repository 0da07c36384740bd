import { syntaxTree } from "@codemirror/language";
import type { Extension, Range } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate, WidgetType } from "@codemirror/view";
import { addressAt, planMarks, type ShownMark } from "./mark-plan.ts";

class Bullet extends WidgetType {
  override eq(): boolean {
    return true;
  }

  override toDOM(): HTMLElement {
    return Object.assign(document.createElement("span"), { className: "md-bullet", textContent: "•" });
  }
}

/** A box that can be ticked off, by whoever may write. */
class TaskBox extends WidgetType {
  readonly #isDone: boolean;
  readonly #isLocked: boolean;

  constructor(isDone: boolean, isLocked: boolean) {
    super();
    this.#isDone = isDone;
    this.#isLocked = isLocked;
  }

  override eq(other: TaskBox): boolean {
    return other.#isDone === this.#isDone && other.#isLocked === this.#isLocked;
  }

  override toDOM(view: EditorView): HTMLElement {
    const box = Object.assign(document.createElement("input"), {
      type: "checkbox",
      className: "md-task",
      checked: this.#isDone,
      disabled: this.#isLocked,
      ariaLabel: this.#isDone ? "Done" : "To do",
    });
    // The text keeps its cursor.
    box.addEventListener("mousedown", (event) => event.preventDefault());
    box.addEventListener("click", (event) => {
      event.preventDefault();
      const at = view.posAtDOM(box);
      const insert = this.#isDone ? " " : "x";
      view.dispatch({ changes: { from: at + 1, to: at + 2, insert }, userEvent: "input" });
    });
    return box;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

/** Markdown as it will look, but for the lines with the cursor. Ctrl or ⌘ and a click follow a link; a reader just clicks. */
export function liveMarks(): Extension {
  const plugin = ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;

      constructor(view: EditorView) {
        this.decorations = decorate(view);
      }

      update({ view, docChanged, viewportChanged, selectionSet, focusChanged, startState, state }: ViewUpdate): void {
        const isParsedFurther = syntaxTree(startState) !== syntaxTree(state);
        const isOpened = startState.readOnly !== state.readOnly;
        if (docChanged || viewportChanged || selectionSet || focusChanged || isParsedFurther || isOpened) {
          this.decorations = decorate(view);
        }
      }
    },
    { decorations: (marks) => marks.decorations },
  );
  const following = EditorView.domEventHandlers({
    mousedown: (event, view) => {
      const isAsked = event.ctrlKey || event.metaKey || view.state.readOnly;
      const at = view.posAtCoords({ x: event.clientX, y: event.clientY });
      const address = isAsked && at !== null && event.button === 0 ? addressAt(view.state, at) : undefined;
      if (address === undefined) return false;
      window.open(address, "_blank", "noopener,noreferrer");
      return true;
    },
  });
  return [plugin, following];
}

function decorate(view: EditorView): DecorationSet {
  const { state } = view;
  const isEditing = view.hasFocus && !state.readOnly;
  const marks = planMarks(
    state,
    view.visibleRanges,
    (line) => isEditing && state.selection.ranges.some(({ from, to }) => from <= line.to && to >= line.from),
  );
  return Decoration.set(
    marks.map((mark) => decorationOf(mark, state.readOnly)),
    true,
  );
}

function decorationOf(mark: ShownMark, isLocked: boolean): Range<Decoration> {
  switch (mark.kind) {
    case "hidden":
      return Decoration.replace({}).range(mark.from, mark.to);
    case "bullet":
      return Decoration.replace({ widget: new Bullet() }).range(mark.from, mark.to);
    case "task":
      return Decoration.replace({ widget: new TaskBox(mark.isDone, isLocked) }).range(mark.from, mark.to);
    case "line":
      return Decoration.line({ class: mark.className }).range(mark.from);
  }
}
