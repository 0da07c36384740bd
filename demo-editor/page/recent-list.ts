import { linkTo, shortName } from "./document-address.ts";
import type { RecentDocument } from "./recent-documents.ts";

/** Links to the documents that this browser has opened. */
export function showRecent(list: HTMLElement, recent: readonly RecentDocument[], present: string): void {
  const items = recent.map((document_) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = linkTo(document_);
    link.textContent = document_.title || shortName(document_.name);
    if (document_.name === present) link.setAttribute("aria-current", "page");
    // The part behind the `#` alone would not open another document.
    const name = document.createElement("small");
    const notes = [document_.title === "" ? "" : shortName(document_.name), document_.readsOnly ? "read only" : ""];
    name.textContent = notes.filter((note) => note !== "").join(", ");
    link.append(name);
    item.append(link);
    return item;
  });
  list.replaceChildren(...items);
}
