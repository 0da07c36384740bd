import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap } from "@codemirror/commands";
import { markdown, markdownKeymap, markdownLanguage } from "@codemirror/lang-markdown";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension, Prec } from "@codemirror/state";
import { drawSelection, dropCursor, EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { yCollab, ySyncAnnotation, yUndoManagerKeymap } from "y-codemirror.next";
import type { WebsocketProvider } from "y-websocket";
import { type Text, UndoManager } from "yjs";
import { formatKeymap } from "./formatting.ts";
import { liveMarks } from "./live-marks.ts";

export interface TextEditor {
  readonly view: EditorView;
  readonly undoManager: UndoManager;
  setEditable(isEditable: boolean): void;
}

/** Colours come from the page's style, so that light and dark need nothing from here. */
const look = HighlightStyle.define([
  { tag: tags.heading1, class: "md-h1" },
  { tag: tags.heading2, class: "md-h2" },
  { tag: [tags.heading3, tags.heading4, tags.heading5, tags.heading6], class: "md-h3" },
  { tag: tags.strong, class: "md-strong" },
  { tag: tags.emphasis, class: "md-emphasis" },
  { tag: tags.strikethrough, class: "md-strike" },
  { tag: [tags.link, tags.url], class: "md-link" },
  { tag: tags.monospace, class: "md-code" },
  { tag: tags.quote, class: "md-quote" },
  { tag: [tags.processingInstruction, tags.contentSeparator, tags.labelName], class: "md-mark" },
]);

/** One change is one message, and the gateway takes at most 1 MiB. */
const insertBytesMax = 900 * 1024;

/** Does not let more in at once than can be sent: it would stay in this browser, and keep all later changes there, too. */
function limitInserts(tell: (text: string) => void): Extension {
  return EditorState.transactionFilter.of((transaction) => {
    if (!transaction.docChanged || transaction.annotation(ySyncAnnotation) !== undefined) return transaction;
    let letters = 0;
    transaction.changes.iterChanges((_fromA, _toA, fromB, toB) => {
      letters += toB - fromB;
    });
    // A letter takes at most three bytes: most changes need no look at their bytes.
    if (letters * 3 <= insertBytesMax) return transaction;
    let bytes = 0;
    transaction.changes.iterChanges((_fromA, _toA, _fromB, _toB, inserted) => {
      bytes += new TextEncoder().encode(inserted.toString()).length;
    });
    if (bytes <= insertBytesMax) return transaction;
    tell("That is too much at once. Paste it in smaller parts.");
    return [];
  });
}

/** Markdown on a shared text. `tell`: says something to who writes. Tab is left to the browser: whoever has no mouse leaves the text with it. */
export function openTextEditor(
  parent: Element,
  text: Text,
  provider: WebsocketProvider,
  tell: (text: string) => void,
): TextEditor {
  // Undo is for what was typed here: the binding is the one origin that it follows.
  const undoManager = new UndoManager(text, { trackedOrigins: new Set() });
  const editable = new Compartment();
  const editableIs = (isEditable: boolean) => [
    EditorState.readOnly.of(!isEditable),
    EditorView.editable.of(isEditable),
    // What cannot be edited can still be reached and read by keyboard.
    EditorView.contentAttributes.of(isEditable ? {} : { tabindex: "0", "aria-readonly": "true" }),
  ];
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text.toString(),
      extensions: [
        editable.of(editableIs(false)),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({
          "aria-label": "Document text",
          spellcheck: "true",
          autocapitalize: "sentences",
          autocorrect: "on",
        }),
        placeholder("Write something. Whoever has the link writes with you."),
        drawSelection(),
        dropCursor(),
        closeBrackets(),
        limitInserts(tell),
        search({ top: true }),
        highlightSelectionMatches(),
        markdown({ base: markdownLanguage, addKeymap: false }),
        syntaxHighlighting(look),
        liveMarks(),
        yCollab(text, provider.awareness, { undoManager }),
        Prec.high(keymap.of([...formatKeymap, ...yUndoManagerKeymap])),
        keymap.of([...closeBracketsKeymap, ...markdownKeymap, ...searchKeymap, ...defaultKeymap]),
      ],
    }),
  });
  return {
    view,
    undoManager,
    setEditable: (isEditable) => view.dispatch({ effects: editable.reconfigure(editableIs(isEditable)) }),
  };
}
