import type { EditorView } from "@codemirror/view";
import type { UndoManager } from "yjs";
import { formats } from "./formatting.ts";
import { part } from "./page-parts.ts";

/** The buttons above the text. Arrow keys go from one to the next, as in any toolbar. */
export function listenToToolbar(view: EditorView, undoManager: UndoManager): void {
  const bar = part("tools");
  const buttons = [...bar.querySelectorAll<HTMLButtonElement>("button")];
  for (const [index, button] of buttons.entries()) {
    button.tabIndex = index === 0 ? 0 : -1;
    // The text keeps its selection, and on a phone its keyboard.
    button.addEventListener("pointerdown", (event) => event.preventDefault());
    button.addEventListener("click", () => {
      const { format, undo } = button.dataset;
      if (undo === "undo") undoManager.undo();
      if (undo === "redo") undoManager.redo();
      const command = Object.entries(formats).find(([name]) => name === format)?.[1];
      command?.(view);
      view.focus();
    });
  }
  bar.addEventListener("keydown", ({ key }) => {
    const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
    const present = buttons.findIndex((button) => button === document.activeElement);
    if (step === 0 || present < 0) return;
    const next = buttons[(present + step + buttons.length) % buttons.length];
    for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
    next?.focus();
  });
  const showUndo = (): void => {
    for (const button of buttons) {
      if (button.dataset["undo"] === "undo") button.ariaDisabled = String(undoManager.undoStack.length === 0);
      if (button.dataset["undo"] === "redo") button.ariaDisabled = String(undoManager.redoStack.length === 0);
    }
  };
  for (const event of ["stack-item-added", "stack-item-popped", "stack-cleared"] as const) {
    undoManager.on(event, showUndo);
  }
  showUndo();
}
