import { isSealed } from "../server/rules/sealed-name.ts";
import { type DocumentAddress, linkTo, readersLink, shortName } from "./document-address.ts";
import { copyText, download, part, showToast } from "./page-parts.ts";
import { plainTextOf, titleOf } from "./plain-text.ts";

/** Links to the document, and what is in it as files. */
export function listenToShareMenu(address: DocumentAddress, isReader: boolean, markdown: () => string): void {
  const copy = (link: string) => async (): Promise<void> => {
    const isCopied = await copyText(new URL(link, window.location.href).href);
    showToast(isCopied ? "Link copied" : "This browser does not let the page copy");
  };
  const copyLink = part<HTMLButtonElement>("copy-link");
  copyLink.hidden = isReader;
  copyLink.addEventListener("click", copy(linkTo(address)));
  part("copy-reader").addEventListener("click", copy(readersLink(address)));
  part("share-note").textContent = isSealed(address.name)
    ? "Only the link to write has this document's key: whoever has the other one cannot write."
    : "The link to read is a courtesy: this document has no key, so whoever knows its name can also write. New documents have one.";

  const fileName = (extension: string): string => {
    const title = titleOf(markdown())
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .trim();
    return `${title || shortName(address.name)}.${extension}`;
  };
  part("export-md").addEventListener("click", () => download(fileName("md"), "text/markdown", markdown()));
  part("export-txt").addEventListener("click", () => download(fileName("txt"), "text/plain", plainTextOf(markdown())));
}
