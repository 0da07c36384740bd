import { isDocumentName } from "../server/rules/sealed-name.ts";
import { part } from "./page-parts.ts";

/** Opens a document by its name, or says why there is none of that name. */
export function listenToDocumentsMenu(): void {
  const name = part<HTMLInputElement>("open-name");
  const problem = part("open-problem");
  name.addEventListener("input", () => {
    problem.textContent = "";
    name.removeAttribute("aria-invalid");
  });
  part<HTMLFormElement>("open").addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = name.value.trim();
    if (isDocumentName(wanted)) {
      window.location.assign(encodeURIComponent(wanted));
      return;
    }
    name.setAttribute("aria-invalid", "true");
    problem.textContent = nameRule;
  });
}

export const nameRule =
  "A document's name has 1 to 128 of these: letters from A to Z, digits, and . _ ~ : - . No spaces, no other letters.";
