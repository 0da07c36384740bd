/** Markdown as people would write it without marks: lists keep theirs, links show where they lead. */
export function plainTextOf(markdown: string): string {
  let isCode = false;
  return markdown
    .split("\n")
    .flatMap((line) => {
      if (/^\s*(```|~~~)/.test(line)) {
        isCode = !isCode;
        return [];
      }
      return [isCode ? line : plainLine(line)];
    })
    .join("\n");
}

function plainLine(line: string): string {
  return line
    .replace(/^(\s*)#{1,6}\s+/, "$1")
    .replace(/^(\s*)>\s?/, "$1")
    .replace(/!?\[([^\]\n]*)\]\(([^)\s]+)[^)\n]*\)/g, "$1 ($2)")
    .replace(/(\*\*|__|~~)(?=\S)(.+?)\1/g, "$2")
    .replace(/(^|[^\w*])\*(?=\S)([^*\n]+?)\*(?!\w)/g, "$1$2")
    .replace(/(^|[^\w_])_(?=\S)([^_\n]+?)_(?!\w)/g, "$1$2")
    .replace(/`([^`\n]+)`/g, "$1");
}

const countedLettersMax = 1_000_000;

/** How long a text is, for who writes it; empty for an empty one. Words are counted unless that would be felt. */
export function lengthOf(markdown: string): string {
  if (markdown.length > countedLettersMax) return `${Math.round(markdown.length / 100_000) / 10} million letters`;
  const words = markdown.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’-]*/gu)?.length ?? 0;
  return words === 0 ? "" : words === 1 ? "1 word" : `${words.toLocaleString("en")} words`;
}

/** First line that says something, at most 60 characters; empty if there is none. */
export function titleOf(markdown: string): string {
  const line = plainTextOf(markdown.slice(0, 2_000))
    .split("\n")
    .find((one) => /[\p{L}\p{N}]/u.test(one));
  return [...(line ?? "").trim()].slice(0, 60).join("");
}
