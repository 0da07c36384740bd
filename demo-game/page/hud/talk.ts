import type { ChatLine } from "../../server/rules/ledger.ts";
import { colourOfHue, cssColour } from "../view/palette.ts";
import { element, inputElement } from "./element.ts";

const shownMax = 6;
const fadeAfterMs = 12_000;

export interface Talk {
  /** Puts the cursor into the field. */
  open(): void;
  show(lines: readonly ChatLine[], nowMs: number): void;
}

/** Chat: what was said last, fading, and a field to say something. Only ever text: nothing of it becomes a part of the page. */
export function openTalk(say: (text: string) => void): Talk {
  const list = element("chat");
  const field = inputElement("chat-text");
  const shown = new Map<number, { readonly line: HTMLLIElement; readonly sinceMs: number }>();

  field.form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (text !== "") say(text);
    field.value = "";
    field.blur();
  });
  field.addEventListener("keydown", (event) => {
    if (event.code === "Escape") field.blur();
  });

  return {
    open: () => field.focus(),
    show(lines, nowMs) {
      const wanted = lines.slice(-shownMax);
      for (const said of wanted) {
        if (shown.has(said.serial)) continue;
        const line = chatLine(said);
        shown.set(said.serial, { line, sinceMs: nowMs });
        list.append(line);
      }
      for (const [serial, { line, sinceMs }] of shown) {
        line.setAttribute("data-old", nowMs - sinceMs > fadeAfterMs ? "yes" : "no");
        if (wanted.some((said) => said.serial === serial)) continue;
        line.remove();
        shown.delete(serial);
      }
    },
  };
}

function chatLine({ name, hue, text }: ChatLine): HTMLLIElement {
  const line = document.createElement("li");
  const who = Object.assign(document.createElement("b"), { textContent: name });
  who.style.color = cssColour(colourOfHue(hue, 0.7));
  line.append(who, ` ${text}`);
  return line;
}
