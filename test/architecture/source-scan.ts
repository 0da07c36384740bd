import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** A TypeScript file, cut into tokens, so that rules look at code and never at comments or the insides of strings. */
export interface Source {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly lineCount: number;
  readonly tokens: readonly Token[];
  readonly imports: readonly Import[];
}

export interface Token {
  /** A template's text between two `${}` is a `string` of its own. */
  readonly kind: "word" | "punctuation" | "string" | "number" | "regex";
  readonly text: string;
  readonly line: number;
  /** Brackets of any kind around it; 0 at the level of the module. Brackets themselves count as outside. */
  readonly depth: number;
}

export interface Import {
  /** As written; `undefined` for an `import()` whose argument is computed. */
  readonly specifier: string | undefined;
  /** The file meant, from the root of the repository, where the specifier is relative. */
  readonly target: string | undefined;
  readonly isTypeOnly: boolean;
  /** Names of values in braces, as the other module calls them. */
  readonly names: readonly string[];
  readonly line: number;
}

/** All `.ts` files below a folder; none where there is no such folder. */
export function readSources(root: string, folder: string): Source[] {
  const sources: Source[] = [];
  const visit = (path: string): void => {
    for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
      if (entry.name === "node_modules" || entry.name === "dist") continue;
      const below = posix.join(path, entry.name);
      if (entry.isDirectory()) visit(below);
      else if (/\.[cm]?tsx?$/.test(entry.name)) sources.push(scan(below, readFileSync(join(root, below), "utf8")));
    }
  };
  if (readdirSync(root).includes(folder)) visit(folder);
  return sources;
}

export function scan(path: string, text: string): Source {
  const tokens = tokenize(text);
  const lineCount = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  return { path, lineCount, tokens, imports: importsOf(path, tokens) };
}

const wordPattern = /[\p{ID_Start}$_#][\p{ID_Continue}$]*/uy;
const numberPattern = /\d[\w.]*/y;
const regexPattern = /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** After these a slash begins a regular expression and does not divide. */
const wordsBeforeRegex = new Set([
  "return",
  "typeof",
  "case",
  "in",
  "of",
  "do",
  "else",
  "void",
  "delete",
  "yield",
  "await",
]);

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let depth = 0;
  /** Depths at which a `}` goes back into a template. */
  const templates: number[] = [];
  let at = 0;

  const push = (kind: Token["kind"], content: string): void => {
    tokens.push({ kind, text: content, line, depth });
  };
  const skipTo = (end: number): void => {
    line += text.slice(at, end).split("\n").length - 1;
    at = end;
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const takeString = (quote: string): void => {
    let end = at + 1;
    while (end < text.length && text[end] !== quote) end += text[end] === "\\" ? 2 : 1;
    push("string", text.slice(at + 1, end));
    skipTo(end + 1);
  };
  /** From behind a backtick, or behind the `}` of an expression, to the next expression or the end of the template. */
  const takeTemplate = (): void => {
    let end = at;
    while (end < text.length && text[end] !== "`" && text.slice(end, end + 2) !== "${")
      end += text[end] === "\\" ? 2 : 1;
    push("string", text.slice(at, end));
    if (text[end] === "`") skipTo(end + 1);
    else {
      skipTo(end + 2);
      templates.push(depth);
      depth += 1;
    }
  };
  const startsRegex = (): boolean => {
    const last = tokens.at(-1);
    if (last === undefined) return true;
    if (last.kind === "punctuation") return !")]}".includes(last.text);
    return last.kind === "word" && wordsBeforeRegex.has(last.text);
  };

  while (at < text.length) {
    const character = text[at] ?? "";
    const pair = text.slice(at, at + 2);
    if (/\s/.test(character)) skipTo(at + 1);
    else if (pair === "//") skipTo(endOf(text, "\n", at));
    else if (pair === "/*") skipTo(endOf(text, "*/", at) + 2);
    else if (character === '"' || character === "'") takeString(character);
    else if (character === "`") {
      skipTo(at + 1);
      takeTemplate();
    } else if (character === "}" && templates.at(-1) === depth - 1) {
      templates.pop();
      depth -= 1;
      skipTo(at + 1);
      takeTemplate();
    } else {
      const word = match(wordPattern);
      const number = word === undefined ? match(numberPattern) : undefined;
      const regex = character === "/" && startsRegex() ? match(regexPattern) : undefined;
      if (")]}".includes(character)) depth -= 1;
      const content = word ?? number ?? regex ?? (pair === "=>" ? pair : character);
      push(word ? "word" : number ? "number" : regex ? "regex" : "punctuation", content);
      if ("([{".includes(character)) depth += 1;
      skipTo(at + content.length);
    }
  }
  return tokens;
}

function endOf(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found;
}

function importsOf(path: string, tokens: readonly Token[]): Import[] {
  const imports: Import[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "word" || tokens[index - 1]?.text === ".") continue;
    const found =
      token.text === "import"
        ? readImport(tokens, index)
        : token.text === "export" && token.depth === 0
          ? readReexport(tokens, index)
          : undefined;
    if (found === undefined) continue;
    const { specifier, isTypeOnly, names } = found;
    const isRelative = specifier?.startsWith(".") === true;
    const target = isRelative ? posix.join(posix.dirname(path), specifier) : undefined;
    imports.push({ specifier, target, isTypeOnly, names, line: token.line });
  }
  return imports;
}

type Found = Pick<Import, "specifier" | "isTypeOnly" | "names">;

function readImport(tokens: readonly Token[], index: number): Found | undefined {
  const next = tokens[index + 1];
  if (next?.text === "." || next === undefined) return undefined;
  if (next.kind === "string") return { specifier: next.text, isTypeOnly: false, names: [] };
  if (next.text !== "(") return readClause(tokens, index + 1);
  const argument = tokens[index + 2];
  const isLiteral = argument?.kind === "string" && [")", ","].includes(tokens[index + 3]?.text ?? "");
  return { specifier: isLiteral ? argument.text : undefined, isTypeOnly: false, names: [] };
}

function readReexport(tokens: readonly Token[], index: number): Found | undefined {
  const start = tokens[index + 1]?.text === "type" ? index + 2 : index + 1;
  return ["{", "*"].includes(tokens[start]?.text ?? "") ? readClause(tokens, index + 1) : undefined;
}

/** What stands between `import` or `export` and the specifier. `undefined` for an `export { … }` of one's own. */
function readClause(tokens: readonly Token[], start: number): Found | undefined {
  const clause: Token[] = [];
  let at = start;
  for (let token = tokens[at]; token !== undefined; token = tokens[at]) {
    const next = tokens[at + 1];
    if (token.text === "from" && next?.kind === "string" && token.depth === 0) return describe(clause, next.text);
    if (token.text === ";" || (token.depth === 0 && token.text === "=")) return undefined;
    if (clause.at(-1)?.text === "}" && token.text !== "from") return undefined;
    clause.push(token);
    at += 1;
  }
  return undefined;
}

function describe(clause: readonly Token[], specifier: string): Found {
  const items: string[][] = [[]];
  for (const { text, depth } of clause) {
    if (depth === 0) continue;
    if (text === ",") items.push([]);
    else items.at(-1)?.push(text);
  }
  const written = items.filter((item) => item.length > 0);
  const hasType = (item: readonly string[]): boolean => item[0] === "type" && item.length > 1 && item[1] !== "as";
  const names = written.filter((item) => !hasType(item)).map((item) => item[0] ?? "");
  const isTypeClause = clause[0]?.text === "type" && clause.length > 1 && clause[1]?.text !== ",";
  const isOnlyBraces = clause[0]?.text === "{";
  const isTypeOnly = isTypeClause || (isOnlyBraces && written.length > 0 && written.every(hasType));
  return { specifier, isTypeOnly, names };
}
